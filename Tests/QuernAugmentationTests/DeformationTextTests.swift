import QuernAugmentation
import QuernData
import Testing

@Suite struct DeformationTextTests {
  private func problem(_ text: String) -> String {
    do {
      _ = try Deformation(text)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func thePapers() throws {
    #expect(try Deformation("paper") == .paper)
    let paper = Deformation.paper
    #expect(paper.elastic?.sigma == 5...6 && paper.elastic?.alpha == 36...38)
    #expect(paper.rotation == 15 && paper.shear == 15 && paper.scaling == 15...20)
    #expect(paper.angleLimit == .init(degrees: 7.5, classes: [1, 7]))
  }

  @Test(arguments: [
    "paper", "elastic", "elastic:4:34", "elastic:4-4.5:1e-1-2e+1,scale:3", "rotation:10.5",
    "shear", "rotation,shear:3,limit:0:0+12", "paper,rotation:3,scale:0-7",
  ])
  func whatIsWrittenIsReadBack(_ text: String) throws {
    let deformation = try Deformation(text)
    #expect(try Deformation("\(deformation)") == deformation)
  }

  @Test func partsAndTheirDefaults() throws {
    let deformation = try Deformation("elastic:4,scale:2.5,rotation")
    #expect(deformation.elastic == .init(sigma: 4...4, alpha: 36...38))
    #expect(deformation.scaling == 2.5...2.5 && deformation.rotation == 15)
    #expect(deformation.shear == nil && deformation.angleLimit == nil)
    #expect(try Deformation("elastic:1e-0-2e0:3").elastic == .init(sigma: 1...2, alpha: 3...3))
  }

  @Test func whatCannotBeRead() {
    #expect(problem("").contains("empty part"))
    #expect(problem("blur:3").contains("\"blur:3\""))
    #expect(problem("elastic:6-5:3").contains("\"elastic:6-5:3\""))
    #expect(problem("elastic:1:2:3").contains("elastic:SIGMA:ALPHA"))
    #expect(problem("rotation:far").contains("degrees"))
    #expect(problem("rotation:nan").contains("degrees"))
    #expect(problem("rotation,").contains("empty part"))
    #expect(problem("rotation,limit:5:1+x").contains("classes"))
    #expect(problem("paper:2").contains("paper, without numbers"))
  }

  @Test func numbersOutOfRange() {
    #expect(problem("elastic:0.1:3").contains("σ of 0.1"))
    #expect(problem("elastic:5:-3").contains("α of -3"))
    #expect(problem("rotation:-1").contains("rotation of -1"))
    #expect(problem("shear:90").contains("shear of 90"))
    #expect(problem("scale:100").contains("scaling of 100"))
    #expect(problem("limit:5:1").contains("angle limit alone"))
    #expect(problem("rotation,limit:5:-1").contains("[-1]"))
  }

  @Test func picturesThatCannotBeDeformed() throws {
    func problem(_ shape: [Int]) throws -> String {
      let data = try Dataset(
        name: "odd pictures", images: [Float](repeating: 0, count: shape.reduce(1, *)),
        shape: shape, labels: [Int](repeating: 0, count: shape[0]))
      do {
        _ = try PictureDeformer(data, .paper, seed: 1)
        return "no error"
      } catch { return "\(error)" }
    }
    #expect(try problem([2, 8, 8, 3]).contains("8×8×3"))
    #expect(try problem([2, 1, 8, 1]).contains("odd pictures"))
    #expect(try problem([2, 2, 2, 1]) == "no error")
  }
}
