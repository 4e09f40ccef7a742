import QuernGraph
import QuernInterpreter
import QuernMachine
import QuernPasses
import QuernRandom
import Testing

/// Long sums of few outputs become sums of parts: the same values.
@Suite struct SplitReductionTests {
  private func contractions(_ graph: Graph) -> [Contraction] {
    graph.nodes.compactMap {
      if case .contraction(let contraction) = $0.op { contraction } else { nil }
    }
  }

  /// A bias' gradient: pictures summed over all but their channels.
  private func channelSums(_ shape: Shape) throws -> Graph {
    let b = GraphBuilder()
    try b.output("y", try b.input("x", shape).sum(over: [0, 1, 2]))
    return simplify(b.graph)
  }

  private func expectEqual(_ graph: Graph, _ rewritten: Graph) throws {
    try rewritten.verify()
    let (a, b) = (try Interpreter<Double>(graph), try Interpreter<Double>(rewritten))
    var random = SeededGenerator(seed: 3)
    for (_, input, type) in graph.inputs {
      let values = (0..<type.shape.elementCount).map { _ in
        type.element == .int32
          ? Double(Int.random(in: 0..<4, using: &random))
          : Double.random(in: -1...1, using: &random)
      }
      try a.setValues(input.name, values)
      try b.setValues(input.name, values)
    }
    try a.run()
    try b.run()
    for output in graph.outputs {
      for (x, y) in zip(try a.values(output.name), try b.values(output.name)) {
        #expect(abs(x - y) <= 1e-12 * max(1, abs(x)), "\(output.name): \(x) became \(y)")
      }
    }
  }

  @Test(
    "Parts: a divisor of the pictures, at most eight, not three",
    arguments: [
      (128, 8), (100, 5), (7, 7), (12, 6), (9, nil), (37, nil), (2, 2),
    ] as [(Int, Int?)])
  func parts(_ pictures: Int, _ parts: Int?) throws {
    let graph = try channelSums([pictures, 128, 128, 6])
    var limits = Numerics.SplitReductions()
    limits.minTermsPerExample = .max
    let rewritten = splitReductions(graph, limits)
    let found = contractions(rewritten)
    #expect(found.count == (parts == nil ? 1 : 2))
    if let parts {
      #expect(found[0].outputShape == [parts, 6] && found[1].outputShape == [6])
      #expect(found[0].reductionCount == pictures / parts * 128 * 128)
    }
  }

  @Test("Only long sums of few outputs")
  func limits() throws {
    // 65,536 terms in all; half of that; 2,048 outputs; less than 16 terms for each output.
    for (shape, count) in [
      ([8, 32, 32, 8], 2), ([8, 16, 32, 8], 1), ([8, 128, 128, 2_048], 1), ([8, 40, 40, 801], 1),
    ] as [(Shape, Int)] {
      var limits = Numerics.SplitReductions()
      limits.minTermsPerExample = .max
      #expect(
        contractions(splitReductions(try channelSums(shape), limits)).count == count, "\(shape)")
    }
  }

  @Test("Each picture is a part where it has many terms for each sum")
  func partsOfPictures() throws {
    // Many terms, of any number of pictures and sums; a term less; the rows of one picture; too little
    // in all.
    for (shape, expected) in [
      ([37, 32, 2, 2_048], [37, 2_048]), ([9, 8, 4, 256], [9, 256]), ([9, 31, 1, 256], nil),
      ([1, 512, 1_024, 2], [512, 2]), ([100, 8, 8, 8], nil),
    ] as [(Shape, Shape?)] {
      let graph = try channelSums(shape)
      let rewritten = splitReductions(graph)
      let found = contractions(rewritten)
      #expect(found.count == (expected == nil ? 1 : 2), "\(shape)")
      if let expected {
        #expect(found[0].outputShape == expected)
        #expect(found[0].multiplyAdds == shape.elementCount)
      }
    }
  }

  @Test("Filters have a part for each picture where pictures are much larger")
  func partsOfFilters() throws {
    // 16 · 9 · 4 · 8 elements of a picture, or one row less.
    for (rows, parts) in [(9 * 64, 6), (9 * 64 - 1, nil)] as [(Int, Int?)] {
      let b = GraphBuilder()
      let x = try b.input("x", [6, rows, 1, 4])
      let dy = try b.input("dy", [6, rows, 1, 8])
      let filter = Contraction(
        axes: [
          Axis("i", 9), Axis("j", 1), Axis("c", 4), Axis("t", 8), Axis("n", 6), Axis("y", rows),
          Axis("x", 1),
        ], outputRank: 4,
        factors: [
          .init([.axis(4), AffineExpression([(5, 1), (0, 1)]), .axis(6), .axis(2)]),
          .init([.axis(4), .axis(5), .axis(6), .axis(3)]),
        ])
      try b.output("dw", try b.contraction(filter, [x, dy]))
      var limits = Numerics.SplitReductions()
      limits.maxParts = 1
      let found = contractions(splitReductions(b.graph, limits))
      #expect(found.count == (parts == nil ? 1 : 2))
      if let parts { #expect(found[0].outputShape == [parts, 9, 1, 4, 8]) }
    }
  }

  @Test("Products, windows, strides, one-hot factors: the values stay")
  func values() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [8, 9, 7, 3])
    let dy = try b.input("dy", [8, 5, 4, 2])
    let labels = try b.input("labels", [8], .int32)
    // A filter's gradient, with stride 2 and padding.
    let filter = Contraction(
      axes: [
        Axis("i", 3), Axis("j", 3), Axis("c", 3), Axis("t", 2), Axis("n", 8), Axis("y", 5),
        Axis("x", 4),
      ], outputRank: 4,
      factors: [
        .init([
          .axis(4), AffineExpression([(5, 2), (0, 1)], offset: -1),
          AffineExpression([(6, 2), (1, 1)], offset: -1), .axis(2),
        ]),
        .init([.axis(4), .axis(5), .axis(6), .axis(3)]),
      ])
    try b.output("dw", try b.contraction(filter, [x, dy]))
    // What each class has in all: Σ x[n, …] · [label[n] = k].
    let classes = Contraction(
      axes: [Axis("k", 4), Axis("n", 8), Axis("y", 9), Axis("x", 7), Axis("c", 3)], outputRank: 1,
      factors: [
        .init([.axis(1), .axis(2), .axis(3), .axis(4)]), .init([.axis(1)], match: .axis(0)),
      ])
    try b.output("classes", try b.contraction(classes, [x, labels]))
    try b.output("all", try x.sum())
    let graph = simplify(b.graph)
    let rewritten = splitReductions(graph, .always)
    #expect(contractions(rewritten).count == 2 * contractions(graph).count)
    try expectEqual(graph, rewritten)
  }
}
