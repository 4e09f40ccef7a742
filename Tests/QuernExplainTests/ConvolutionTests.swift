import QuernErrors
import QuernExecution
import QuernExplain
import QuernGraph
import QuernLayers
import QuernMachine
import QuernVectors
import Testing

@Suite struct ConvolutionTests {
  /// The lecture's worked examples, on every backend and target that runs here.
  @Test func workedExamples() throws {
    var options = Target.all.filter(\.isSupported).map { ExecutionOptions(target: $0) }
    options.append(ExecutionOptions(backend: .interpreter))
    for options in options {
      let examples = try ConvolutionExample.examples(
        ConvolutionExample.lecturePictures, filter: ConvolutionExample.lectureFilter, options)
      #expect(examples.map(\.value) == [2, 1, 0, 6, 10], "\(options)")
      for example in examples { #expect(example.products.reduce(0, +) == example.value) }
    }
  }

  @Test func otherFilters() throws {
    let examples = try ConvolutionExample.examples(
      [[[1, 2, 3], [4, 5, 6]]], filter: [[1, 0, -1], [0.5, 0, 2]], ExecutionOptions())
    // 1 − 3 + 0.5 · 4 + 2 · 6.
    #expect(examples.map(\.value) == [12])
  }

  @Test func raggedAndEmpty() {
    func error(_ pictures: [[[Float]]], _ filter: [[Float]]) -> QuernError? {
      #expect(throws: QuernError.self) {
        try ConvolutionExample.examples(pictures, filter: filter, ExecutionOptions())
      }
    }
    #expect(error([[[1, 2], [3]]], [[1, 0], [0, 1]])?.place == "picture")
    #expect(error([[[1, 2], [3, 4]]], [[1, 0], [0]])?.place == "filter")
    #expect(error([[[1, 2]]], [[1, 0], [0, 1]])?.problem.contains("1×2") == true)
    #expect(error([[]], [[1]])?.problem.contains("no values") == true)
  }

  @Test func formulas() throws {
    let formulas = try ConvolutionFormula.lecture(size: 9, radius: 2, channels: 3, filters: 4)
    let shapes = formulas.map { formula in
      formula.graph.output(named: "Im_out").map { formula.graph[$0].shape.extents }
    }
    #expect(shapes == [[1, 9, 9, 1], [1, 9, 9, 1], [1, 9, 9, 4]])
    let text = formulas[2].graph.description
    #expect(text.contains("Σ{i<5, j<5, c<3}") && text.contains("[n, y + i − 2, x + j − 2, c]"))
    for (size, radius, channels, filters) in [
      (0, 1, 1, 1), (9, -1, 1, 1), (9, 1, 0, 1), (9, 1, 1, 0),
    ] {
      #expect(throws: QuernError.self) {
        try ConvolutionFormula.lecture(
          size: size, radius: radius, channels: channels, filters: filters)
      }
    }
  }
}

@Suite struct ParameterTests {
  /// (2d + 1)²·C·T, and not the slide's (2d + 1)·C·T unless d = 0.
  @Test(arguments: [(0, 3, 5), (1, 1, 32), (2, 32, 64), (3, 3, 7)])
  func convolutions(d: Int, channels: Int, filters: Int) throws {
    let count = try ConvolutionParameters(radius: d, channels: channels, filters: filters)
    #expect(count.counted == (2 * d + 1) * (2 * d + 1) * channels * filters)
    #expect(count.formula == count.counted)
    #expect((count.slide == count.counted) == (d == 0))
  }

  @Test func unfitNumbers() {
    for (d, c, t) in [(-1, 1, 1), (1, 0, 1), (1, 1, 0), (513, 1, 1), (1, 1 << 40, 1 << 40)] {
      #expect(throws: QuernError.self) {
        try ConvolutionParameters(radius: d, channels: c, filters: t)
      }
    }
  }

  @Test func fullyConnectedInstead() throws {
    let rows = try FullyConnectedComparison.comparisons(of: BuiltInModel.lenet.network())
    #expect(rows.map(\.layer) == ["conv1", "conv2"])
    #expect(rows.map(\.inputShape) == [[28, 28, 1], [14, 14, 32]])
    #expect(rows.map(\.outputShape) == [[28, 28, 32], [14, 14, 64]])
    let convolutions: [Int] = [832, 51_264]
    #expect(rows.map(\.convolution) == convolutions)
    let (first, second): (Int, Int) = (785 * 25_088, 6273 * 12_544)
    #expect(rows.map(\.fullyConnected) == [first, second])
    #expect(try FullyConnectedComparison.comparisons(of: BuiltInModel.fc.network()).isEmpty)
  }
}
