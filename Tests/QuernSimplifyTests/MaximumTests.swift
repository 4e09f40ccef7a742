import QuernGradient
import QuernGraph
import QuernInterpreter
import QuernPasses
import QuernRandom
import Testing

/// The gradient of what comes before a maximum over windows is computed for each window.
@Suite struct MaximumTests {
  static let windows = [
    WindowGeometry(kernel: [2, 2], strides: [2, 2]),
    WindowGeometry(kernel: [3, 2], strides: [3, 2]),
    // Windows that overlap, reach outside, have gaps between them, or between their places.
    WindowGeometry(
      kernel: [3, 3], strides: [2, 2], paddingBefore: [1, 1], paddingAfter: [1, 1]),
    WindowGeometry(kernel: [2, 2], strides: [3, 3]),
    WindowGeometry(kernel: [2, 2], strides: [2, 2], dilations: [2, 3]),
    // A window over all.
    WindowGeometry(kernel: [7, 8], strides: [1, 1]),
  ]

  /// Σ p², where p are the maxima of what is done to x + b; its gradients by x and b.
  private func graph(
    _ geometry: WindowGeometry, _ activation: (Tensor) throws -> Tensor
  ) throws -> Graph {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2, 7, 8, 3])
    let b = try builder.input("b", [3])
    let maxima = try activation(x + b).maximumPooling(geometry)
    let loss = try (maxima * maxima).sum()
    for (name, gradient) in zip(["dx", "db"], try gradient(of: loss, withRespectTo: [x, b])) {
      try builder.output(name, gradient)
    }
    return builder.graph
  }

  private func values(_ graph: Graph, _ name: String) throws -> [Double] {
    let interpreter = try Interpreter<Double>(graph)
    var random = SeededGenerator(seed: 5)
    for (_, input, type) in graph.inputs {
      try interpreter.setValues(
        input.name,
        // Few values, so that there are ties.
        (0..<type.shape.elementCount).map { _ in
          Double(Int.random(in: -4...4, using: &random)) / 4
        })
    }
    try interpreter.run()
    return try interpreter.values(name)
  }

  private func expectSame(_ graph: Graph, _ simple: Graph) throws {
    try simple.verify()
    for output in graph.outputs {
      let (before, after) = try (values(graph, output.name), values(simple, output.name))
      #expect(before.count == after.count)
      #expect(before.contains { $0 != 0 })
      for (a, b) in zip(before, after) {
        #expect(abs(a - b) <= 1e-12 * max(1, abs(a)), "\(output.name): \(a) became \(b)")
      }
    }
  }

  /// The ops that read what the maxima are of.
  private func readersOfActivation(_ graph: Graph) -> Set<String> {
    let sources = graph.nodes.compactMap { node -> NodeID? in
      if case .maximum = node.op { node.operands[0] } else { nil }
    }
    return Set(
      graph.nodes.filter { !Set($0.operands).isDisjoint(with: sources) }.map(\.op.name))
  }

  @Test("Activations whose derivative is known from their value", arguments: windows)
  func derivatives(window: WindowGeometry) throws {
    let activations: [(Tensor) throws -> Tensor] = [
      { try $0.maximum($0.scalar(0)) }, { try $0.tanh() }, { try $0.sigmoid() },
    ]
    for activation in activations {
      let graph = try graph(window, activation)
      let simple = simplify(graph)
      try expectSame(graph, simple)
      #expect(!readersOfActivation(graph).isSubset(of: ["maximum", "maximumPosition"]))
      #expect(readersOfActivation(simple) == ["maximum", "maximumPosition"])
    }
  }

  @Test("A bias' gradient is a sum over windows", arguments: windows)
  func sums(window: WindowGeometry) throws {
    let graph = try graph(window) { $0 }
    let simple = simplify(graph)
    try expectSame(graph, simple)
    let terms = simple.nodes.compactMap { node -> Int? in
      guard case .contraction(let sum) = node.op, node.shape == [3] else { return nil }
      return sum.reductionCount
    }
    let maxima = try window.outputExtents(picture: [7, 8], of: "").reduce(1, *)
    #expect(terms == [2 * maxima])
  }

  @Test("What depends on more than the value reads it as before")
  func other() throws {
    for (window, activation) in [
      // The derivative is of what comes before.
      (Self.windows[0], { (x: Tensor) in try x * x.sigmoid() }),
      // As many windows as places.
      (
        WindowGeometry(
          kernel: [3, 3], strides: [1, 1], paddingBefore: [1, 1], paddingAfter: [1, 1]),
        { (x: Tensor) in try x.maximum(x.scalar(0)) }
      ),
    ] {
      let graph = try graph(window, activation)
      let simple = simplify(graph)
      try expectSame(graph, simple)
      let products = simple.nodes.filter {
        $0.op == .elementwise(.multiply) || $0.op == .elementwise(.select)
      }
      #expect(products.contains { $0.shape == [2, 7, 8, 3] })
    }
  }

  @Test("Where windows lie otherwise than their positions say, nothing is done")
  func strangers() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [1, 4, 4, 1])
    let g = try builder.input("g", [1, 2, 2, 1])
    let maxima = try x.maximumPooling(Self.windows[0])
    try builder.output("maxima", maxima)
    guard case .maximum(let window) = builder.graph[maxima.id].op else { return }
    let positions = builder.tensor(
      builder.add(.maximumPosition(window), [x.id], TensorType(.int32, g.shape)))
    // Each window hands on to a neighbour of its maximum.
    let map: [AffineExpression] = [
      .axis(0), AffineExpression([(1, 1), (4, -1)], offset: 1, divisor: 2),
      AffineExpression([(2, 1), (5, -1)], divisor: 2), .axis(3),
    ]
    let handedOn = try builder.contraction(
      Contraction(
        axes: [
          Axis("n", 1), Axis("y", 4), Axis("x", 4), Axis("c", 1), Axis("i", 2), Axis("j", 2),
        ], outputRank: 4,
        factors: [.init(map), .init(map, match: AffineExpression([(4, 2), (5, 1)]))]),
      [g, positions])
    try builder.output("y", handedOn * x)
    let simple = simplify(builder.graph)
    try expectSame(builder.graph, simple)
    #expect(simple.nodes.last?.op == .elementwise(.multiply))
  }
}
