import QuernErrors
import QuernImages
import Testing

@Suite struct MontageTests {
  @Test func aSheet() throws {
    let black = try Picture(height: 1, width: 2, channels: 1, values: [0, 0.5])
    let red = try Picture(height: 1, width: 2, colour: [1, 0, 0])
    let montage = Montage(columns: 2, magnification: 3, gap: 1, background: [0, 0, 1])
    let sheet = try montage.sheet([black, red, red])
    // Two rows of 3 pixels and two columns of 6, with gaps of 1 between and around.
    #expect([sheet.height, sheet.width, sheet.channels] == [9, 15, 3])
    func pixel(_ row: Int, _ column: Int) -> [Float] { Array(sheet[row, column]) }
    for row in 0..<9 {
      for column in 0..<15 {
        let isGap = row % 4 == 0 || column % 7 == 0
        let cell = [row / 4, column / 7]
        let expected: [Float] =
          isGap || cell == [1, 1]
          ? [0, 0, 1]
          : cell == [0, 0]
            ? [Float](repeating: column <= 3 ? 0 : 0.5, count: 3) : [1, 0, 0]
        #expect(pixel(row, column) == expected, "\(row), \(column)")
      }
    }
  }

  @Test(arguments: [(1, 1), (2, 2), (6, 3), (7, 3), (20, 5), (32, 8), (64, 8), (1000, 40)])
  func columns(_ count: Int, _ expected: Int) {
    #expect(Montage.columns(count: count) == expected)
  }

  @Test func sheetsThatAreNone() throws {
    let dot = try Picture(height: 1, width: 1, colour: [1])
    #expect(throws: QuernError.self) { try Montage().sheet([]) }
    #expect(throws: QuernError.self) { try Montage(columns: 0).sheet([dot]) }
    #expect(throws: QuernError.self) { try Montage(magnification: 0).sheet([dot]) }
    #expect(throws: QuernError.self) { try Montage(magnification: .max).sheet([dot]) }
    #expect(throws: QuernError.self) { try Montage(magnification: 1 << 20).sheet([dot]) }
  }

  @Test func coloursOfSignedNumbers() {
    let zero = DivergingColours.colour(0)
    #expect(zero.allSatisfy { $0 == zero[0] && $0 > 0.95 })
    let (positive, negative) = (DivergingColours.colour(1), DivergingColours.colour(-1))
    #expect(positive[0] > positive[2] && negative[2] > negative[0])
    #expect(
      DivergingColours.colour(5) == positive && DivergingColours.colour(-.infinity) == negative)
    #expect(DivergingColours.colour(.nan) == [0.5, 0.5, 0.5])
    // Further from zero is darker.
    var last = zero.reduce(0, +)
    for step in 1...100 {
      let sum = DivergingColours.colour(Float(step) / 100).reduce(0, +)
      #expect(sum <= last)
      last = sum
    }
  }

  /// (H, W, C, T) = (1, 2, 1, 2): neuron 0 has 1 and −2, neuron 1 has 4 and 0.
  @Test func weightsOfNeurons() throws {
    let pictures = try WeightPictures([1, 4, -2, 0], shape: [1, 2, 1, 2])
    #expect(pictures.weights(0) == [1, -2] && pictures.weights(1) == [4, 0])
    #expect(pictures.norm(1) == 4)
    let each = try pictures.pictures([0, 1])
    #expect(Array(each[0][0, 0]) == DivergingColours.colour(0.5))
    #expect(Array(each[0][0, 1]) == DivergingColours.colour(-1))
    #expect(Array(each[1][0, 0]) == DivergingColours.colour(1))
    let common = try pictures.pictures([0], scale: .common)
    #expect(Array(common[0][0, 0]) == DivergingColours.colour(0.25))
    #expect(Array(common[0][0, 1]) == DivergingColours.colour(-0.5))
  }

  @Test func weightsOfFiltersWithChannels() throws {
    let colour = try WeightPictures([2, 0, -2], shape: [1, 1, 3, 1]).pictures([0])
    #expect(colour.count == 1 && Array(colour[0][0, 0]) == [1, 0.5, 0])
    let two = try WeightPictures([1, -1], shape: [1, 1, 2, 1]).pictures([0])
    #expect(two.count == 2)
    #expect(Array(two[1][0, 0]) == DivergingColours.colour(-1))
    #expect(throws: QuernError.self) { try WeightPictures([1], shape: [1, 1, 2, 1]) }
    // Weights that are all zero are white.
    let none = try WeightPictures([0, 0], shape: [1, 2, 1, 1]).pictures([0])
    #expect(Array(none[0][0, 0]) == DivergingColours.colour(0))
  }
}
