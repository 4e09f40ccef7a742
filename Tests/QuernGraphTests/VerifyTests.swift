import QuernErrors
import QuernGraph
import Testing

/// What `verify()`, shapes and the builder say of graphs that are wrong.
@Suite struct VerifyTests {
  /// y[n] = Σ_k x[k]·w[k, n].
  static func product() throws -> Graph {
    let builder = GraphBuilder()
    let x = try builder.input("x", [3])
    let w = try builder.input("w", [3, 4], role: .parameter)
    let contraction = Contraction(
      axes: [Axis("n", 4), Axis("k", 3)], outputRank: 1,
      factors: [.init([.axis(1)]), .init([.axis(1), .axis(0)])])
    let y = builder.add(.contraction(contraction), [x.id, w.id], TensorType(.float32, [4]))
    try builder.output("y", builder.tensor(y))
    return builder.graph
  }

  @Test func acceptsASoundGraph() throws {
    try Self.product().verify()
  }

  /// A message that is expected, and the change to a sound graph that brings it about.
  static let wrongs: [(message: String, change: @Sendable (inout Graph) -> Void)] = [
    ("does not come before it", { $0.nodes.swapAt(0, 2) }),
    ("two inputs are named x", { $0.nodes[1] = $0.nodes[0] }),
    ("its op makes float32[4]", { $0.nodes[2].type.shape = [5] }),
    ("a factor is uint8", { $0.nodes[0].type.element = .uint8 }),
    ("1 indices for an operand of shape [3, 1]", { $0.nodes[0].type.shape = [3, 1] }),
    ("2 factors, 1 operands", { $0.nodes[2].operands.removeLast() }),
    ("it is %9, of 3 nodes", { $0.outputs[0].node = NodeID(9) }),
    ("two outputs have this name", { $0.outputs.append($0.outputs[0]) }),
    (
      "its type is float32[3], its update's float32[4]",
      { $0.updates = [.init(input: NodeID(0), value: NodeID(2))] }
    ),
    ("is not an input", { $0.updates = [.init(input: NodeID(2), value: NodeID(2))] }),
    (
      "it is updated twice",
      {
        let update = Graph.Update(input: NodeID(0), value: NodeID(0))
        $0.updates = [update, update]
      }
    ),
  ]

  @Test func findsWhatIsWrong() throws {
    for (message, change) in Self.wrongs {
      var graph = try Self.product()
      change(&graph)
      let error = #expect(throws: QuernError.self, "\(message)") { try graph.verify() }
      #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }
  }

  /// A transform of 4 × 4 numbers to values that are mixed.
  private func transform(
    matrix: [[Double]], mixing: PairMixing, count: Int
  ) throws -> Graph {
    let builder = GraphBuilder()
    let x = try builder.input("x", [4, 4])
    let transform = TileTransform(
      axes: [], matrix: matrix, mixing: .after(mixing), input: [.axis(0), .axis(1)],
      output: [.axis(0)], outputShape: [count])
    let y = builder.add(.tileTransform(transform), [x.id], TensorType(.float32, [count]))
    try builder.output("y", builder.tensor(y))
    return builder.graph
  }

  @Test("Transforms mix tiles that are as large as the mixing says")
  func mixings() throws {
    let identity = (0..<4).map { row in (0..<4).map { $0 == row ? 1.0 : 0 } }
    let mixing = PairMixing(pairs: 1, edge: [[1, 0]], inner: [[1, 0, 0, 1]])
    #expect(mixing.side == 4 && mixing.count == 9)
    try transform(matrix: identity, mixing: mixing, count: 9).verify()
    let wrongs: [(matrix: [[Double]], mixing: PairMixing)] = [
      (Array(identity.dropLast()), mixing),
      (identity, PairMixing(pairs: 2, edge: [[1, 0]], inner: [[1, 0, 0, 1]])),
      (identity, PairMixing(pairs: 1, edge: [[1]], inner: [[1, 0, 0, 1]])),
      (identity, PairMixing(pairs: 1, edge: [[1, 0]], inner: [[1, 0]])),
    ]
    for (matrix, mixing) in wrongs {
      let error = #expect(throws: QuernError.self) {
        try transform(matrix: matrix, mixing: mixing, count: mixing.count).verify()
      }
      #expect(error?.description.contains("mixes tiles") == true, "\(String(describing: error))")
    }
  }

  @Test func refusesShapesThatCannotBe() throws {
    for extents in [[0], [3, -1], [Int.max, 2], [1 << 30, 1 << 11]] {
      #expect(throws: QuernError.self, "\(extents)") { try Shape(checking: extents) }
    }
    #expect(try Shape(checking: [1 << 30, 1 << 10]).elementCount == Shape.maximumElementCount)
  }

  /// A node's number says nothing to another builder, which may have fewer nodes, or other ones.
  @Test func refusesTensorsOfAnotherBuilder() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2, 2])
    let other = GraphBuilder()
    _ = try other.input("z", [3])
    let y = try other.input("y", [2, 2])
    let uses: [(op: String, use: () throws -> Void)] = [
      ("add: tensor 2 of 2", { _ = try x + y }),
      ("add: tensor 2 of 2", { _ = try y + x }),
      ("add: tensor 1 of 2", { _ = try builder.elementwise(.add, [y, y]) }),
      ("select: tensor 3 of 3", { _ = try x.where(x, otherwise: y) }),
      ("contraction: tensor 2 of 2", { _ = try x.matrixProduct(y) }),
      ("concatenate: tensor 2 of 2", { _ = try builder.concatenate([x, y], along: 0) }),
      ("concatenate: the tensor", { _ = try builder.concatenate([y], along: 0) }),
      ("output y: the tensor", { try builder.output("y", y) }),
      ("update: tensor 2 of 2", { try builder.update(x, to: y) }),
      ("update: tensor 1 of 2", { try builder.update(y, to: x) }),
      ("layer (add): tensor 2 of 2", { try builder.labelled("layer") { _ = try x + y } }),
    ]
    for (op, use) in uses {
      let error = #expect(throws: QuernError.self, "\(op)") { try use() }
      let text = error?.description ?? ""
      #expect(text.hasPrefix("\(op), float32[2, 2], comes from another GraphBuilder"), "\(text)")
      #expect(text.hasSuffix("build both with the same GraphBuilder"), "\(text)")
    }
    #expect(builder.graph.nodes.count == 1 && builder.graph.outputs.isEmpty)
  }

  @Test func makesEqualNodesOnce() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [3])
    #expect(try (x + x).id == (x + x).id)
    #expect(builder.graph.nodes.count == 2)
    #expect(throws: QuernError.self) { try builder.input("x", [3]) }
  }
}
