import QuernGraph
import QuernInterpreter
import QuernPasses
import Testing

/// Labels that are compared keep their meaning.
@Suite struct MatchTests {
  private func values(_ graph: Graph, labels: [Int32], x: [Double]) throws -> [Double] {
    let interpreter = try Interpreter<Double>(graph)
    try interpreter.write("labels", labels)
    try interpreter.setValues("x", x)
    try interpreter.run()
    return try interpreter.values("y")
  }

  /// Σ_k x[n,k] · [labels'[n] = k], where labels' is made of labels.
  private func check(
    _ change: (GraphBuilder, Tensor) throws -> Tensor, _ expected: [Double]
  ) throws {
    let b = GraphBuilder()
    let x = try b.input("x", [4, 8])
    let labels = try b.input("labels", [4], .int32)
    let sum = try b.contraction(
      Contraction(
        axes: [Axis("n", 4), Axis("k", 8)], outputRank: 1,
        factors: [.init([.axis(0), .axis(1)]), .init([.axis(0)], match: .axis(1))]),
      [x, change(b, labels)])
    try b.output("y", sum)
    for graph in [b.graph, simplify(b.graph)] {
      let found = try values(graph, labels: [0, 1, 2, 3], x: (0..<32).map(Double.init))
      #expect(found == expected)
    }
  }

  @Test func factorsOfLabelsStay() throws {
    try check({ _, labels in try labels * 2 }, [0, 10, 20, 30])
  }

  @Test("A movement that reads outside holds zeros, which are labels")
  func movedLabels() throws {
    try check(
      { b, labels in
        try b.contraction(
          Contraction(
            axes: [Axis("n", 4)], outputRank: 1, factors: [.init([.axis(0, plus: -2)])]), [labels])
      }, [0, 8, 16, 25])
    try check(
      { b, labels in
        try b.contraction(
          Contraction(
            axes: [Axis("n", 4)], outputRank: 1,
            factors: [.init([AffineExpression([(axis: 0, coefficient: -1)], offset: 3)])]), [labels]
        )
      }, [3, 10, 17, 24])
  }
}
