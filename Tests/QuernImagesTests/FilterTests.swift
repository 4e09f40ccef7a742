import QuernErrors
import QuernGraph
import QuernImages
import QuernInterpreter
import QuernRandom
import QuernRuntime
import Testing

@Suite struct FilterTests {
  private func filter(_ name: String) throws -> PictureFilter {
    try #require(PictureFilter.all.first { $0.name == name })
  }

  private func apply(
    _ filter: PictureFilter, to picture: Picture, border: FilterStep.Border = .replicate,
    _ options: CompileOptions = CompileOptions()
  ) throws -> [Float] {
    let step = try FilterStep(
      filter, height: picture.height, width: picture.width, channels: picture.channels,
      border: border)
    let executable = try GraphInstance(step.graph, options)
    try step.load(picture, into: executable)
    executable.run()
    return try step.result(of: executable)
  }

  private func noise(_ height: Int, _ width: Int, _ channels: Int) throws -> Picture {
    var generator = SeededGenerator(seed: 3)
    return try Picture(
      height: height, width: width, channels: channels,
      values: (0..<height * width * channels).map { _ in
        Float(UInt8.random(in: 0...255, using: &generator)) / 255
      })
  }

  /// The lecture's 1/9: the mean of nine numbers, by hand.
  @Test func blur() throws {
    let numbers: [Float] = [9, 0, 18, 27, 36, 9, 0, 9, 18]
    let picture = try Picture(height: 3, width: 3, channels: 1, values: numbers)
    let zero = try apply(filter("box3"), to: picture, border: .zero)
    let expected: [Float] = [8, 11, 7, 9, 14, 10, 8, 11, 8]
    for (found, wanted) in zip(zero, expected) { #expect(abs(found - wanted) < 1e-5) }
    // The corner's nine: 9 four times, 0 and 27 twice, 36 once.
    let replicate = try apply(filter("box3"), to: picture)
    #expect(abs(replicate[0] - (4 * 9 + 2 * 0 + 2 * 27 + 36) / 9) < 1e-5)
    #expect(abs(replicate[4] - 14) < 1e-5)
  }

  @Test(arguments: [1, 3]) func identityIsExact(_ channels: Int) throws {
    let picture = try noise(37, 53, channels)
    for border in FilterStep.Border.allCases {
      let result = try apply(filter("identity"), to: picture, border: border)
      #expect(result == picture.values)
    }
  }

  /// Columns 0 … 3 are black, 4 … 7 white.
  @Test func edgesOfAStep() throws {
    let picture = try Picture(
      height: 6, width: 8, channels: 1, values: (0..<48).map { $0 % 8 < 4 ? 0 : 1 })
    let edge: [Float] = (0..<48).map { $0 % 8 == 3 || $0 % 8 == 4 ? 1 : 0 }
    #expect(try apply(filter("sobel-x"), to: picture) == edge)
    #expect(try apply(filter("sobel"), to: picture) == edge)
    #expect(try apply(filter("sobel-y"), to: picture).allSatisfy { $0 == 0 })
    let laplace = try apply(filter("laplace"), to: picture)
    #expect(Array(laplace[8..<16]) == [0, 0, 0, 1, -1, 0, 0, 0])
    // A kernel whose sum is 1 leaves even surfaces as they are.
    let sharp = try apply(filter("sharpen"), to: picture)
    #expect(Array(sharp[..<8]) == [0, 0, 0, -1, 2, 1, 1, 1])
  }

  /// The formula reads Im_in(x + i, y + j): a 1 to the right brings the right neighbour.
  @Test func kernelsAreNotTurnedRound() throws {
    let picture = try noise(4, 5, 3)
    let right = PictureFilter("right", try FilterKernel([[0, 0, 0], [0, 0, 1], [0, 0, 0]]))
    let below = PictureFilter("below", try FilterKernel([[0, 0, 0], [0, 0, 0], [0, 1, 0]]))
    let shifted = try apply(right, to: picture, border: .zero)
    let lowered = try apply(below, to: picture)
    for row in 0..<4 {
      for column in 0..<5 {
        let place = (row * 5 + column) * 3
        let neighbour = column < 4 ? Array(picture[row, column + 1]) : [0, 0, 0]
        #expect(Array(shifted[place..<place + 3]) == neighbour)
        #expect(Array(lowered[place..<place + 3]) == Array(picture[min(row + 1, 3), column]))
      }
    }
  }

  /// The formula, term by term.
  private func reference(
    _ kernel: FilterKernel, _ picture: Picture, _ border: FilterStep.Border
  ) -> [Float] {
    let (height, width, d) = (picture.height, picture.width, kernel.reach)
    var result: [Float] = []
    for x in 0..<height {
      for y in 0..<width {
        for c in 0..<picture.channels {
          var sum = 0.0
          for i in -d...d {
            for j in -d...d {
              let inside = (0..<height).contains(x + i) && (0..<width).contains(y + j)
              if !inside, border == .zero { continue }
              let row = min(max(x + i, 0), height - 1)
              let column = min(max(y + j, 0), width - 1)
              sum +=
                Double(kernel.values[(i + d) * kernel.size + j + d])
                * Double(picture.values[(row * width + column) * picture.channels + c])
            }
          }
          result.append(Float(sum))
        }
      }
    }
    return result
  }

  @Test(arguments: [[1, 1, 1], [1, 1, 3], [2, 7, 3], [3, 2, 1], [33, 65, 1], [40, 47, 3]])
  func againstTheFormula(_ shape: [Int]) throws {
    var generator = SeededGenerator(seed: 5)
    let picture = try noise(shape[0], shape[1], shape[2])
    for size in [1, 3, 7] {
      let rows = (0..<size).map { _ in
        (0..<size).map { _ in Double.random(in: -1...1, using: &generator) }
      }
      let kernel = try FilterKernel(rows, divisor: 2)
      for border in FilterStep.Border.allCases {
        let wanted = reference(kernel, picture, border)
        for options in [CompileOptions(), CompileOptions(target: .portable, threads: 2)] {
          let found = try apply(
            PictureFilter("random", kernel), to: picture, border: border, options)
          #expect(
            zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-4 }, "\(shape) \(size) \(border)")
        }
      }
    }
  }

  @Test func theInterpreterAgrees() throws {
    let picture = try noise(9, 11, 3)
    for filter in PictureFilter.all {
      let step = try FilterStep(filter, height: 9, width: 11, channels: 3)
      let interpreter = try Interpreter<Float>(step.graph)
      try step.load(picture, into: interpreter)
      try interpreter.run()
      let wanted = try step.result(of: interpreter)
      let found = try apply(filter, to: picture)
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-4 }, "\(filter.name)")
      #expect(found.allSatisfy { Double(abs($0)) <= filter.largestResponse + 1e-4 })
      #expect(filter.isSigned || found.allSatisfy { $0 >= 0 })
    }
  }

  @Test func aPictureOfAnotherSize() throws {
    let step = try FilterStep(filter("box3"), height: 3, width: 3, channels: 1)
    let executable = try GraphInstance(step.graph)
    #expect(throws: QuernError.self) { try step.load(noise(3, 4, 1), into: executable) }
    #expect(throws: QuernError.self) {
      try FilterStep(filter("box3"), height: 0, width: 3, channels: 1)
    }
  }
}

@Suite struct KernelFileTests {
  @Test func aKernel() throws {
    let text = """
      # a blur
      1 2 1   # the first row
      2, 4, 2

      1;2;1
      / 16
      """
    let kernel = try FilterKernel(text: text, name: "k.txt")
    #expect(kernel.size == 3 && kernel.divisor == 16)
    #expect(kernel.values == [1, 2, 1, 2, 4, 2, 1, 2, 1].map { $0 / 16 })
    #expect(kernel == PictureFilter.all.first { $0.name == "gaussian3" }?.kernels[0])
    #expect(try FilterKernel(text: kernel.lines.joined(separator: "\n"), name: "again") == kernel)
    #expect(try FilterKernel(text: "\u{2212}1.5e-1\r\n/3", name: "one").values == [-0.05])
  }

  @Test(arguments: [
    ("", "no numbers"), ("# nothing\n", "no numbers"), ("1 2\n3 4\n", "2×2"),
    ("1 2 3\n4 5\n6 7 8", "row 2 has 2 numbers"), ("1 2 3\n4 5 6\n", "2 rows of 3"),
    ("1 x 1\n1 1 1\n1 1 1", "line 1 holds \"x\""), ("1 1 1\n1 nan 1\n1 1 1", "line 2 holds"),
    ("1\n/ 0", "line 2"), ("1\n/ 2 3", "line 2"), ("1\n/2\n/3", "line 3"), ("1\n/", "line 2"),
    ("1e300\n", "cannot be used"),
  ])
  func kernelsThatAreNone(_ text: String, _ found: String) throws {
    do {
      let kernel = try FilterKernel(text: text, name: "k.txt")
      Issue.record("\(kernel)")
    } catch let error as QuernError {
      #expect(error.place == "k.txt" && error.problem.contains(found), "\(error)")
    }
  }

  @Test func kernelsThatAreTooLarge() {
    let row = [Double](repeating: 1, count: 65)
    #expect(throws: QuernError.self) { try FilterKernel([[Double]](repeating: row, count: 65)) }
  }
}
