import QuernCompiler
import QuernGraph
import QuernPasses
import QuernTestSupport
import Testing

/// What is computed wherever it is read, instead of being kept.
@Suite struct InliningTests {
  /// Σ w(n) · (x − mean)² for each channel, as a batch is normalised, and the values less their mean.
  private func statistics(_ shape: [Int]) throws -> GraphBuilder {
    let b = GraphBuilder()
    let x = try b.input("x", Shape(shape))
    let all = Array(0..<shape.count - 1)
    let mean = try x.sum(over: all) / Double(shape.dropLast().reduce(1, *))
    let centred = try x - mean
    try b.output("variance", try (centred * centred).sum(over: all))
    try b.output("scaled", try (centred * b.input("scale", [shape.last ?? 1])).tanh())
    return b
  }

  private func stored(_ graph: Graph, minInlinedElements: Int = 0) throws -> Set<NodeID> {
    let program = try lower(graph, minInlinedElements: minInlinedElements)
    return Set(program.kernels.flatMap { $0.writes.map(\.tensor) })
  }

  @Test("Values less their mean, and their squares, are kept nowhere")
  func arithmetic() throws {
    let graph = try statistics([32, 6, 6, 16]).graph
    let program = try lower(graph, minInlinedElements: 0)
    let large = Set(program.kernels.flatMap(\.writes).map(\.tensor)).filter {
      graph[$0].shape.elementCount > 1000
    }
    #expect(large.count == 1)
    let squares = try #require(program.kernels.first { $0.nests.contains { !$0.term.isEmpty } })
    #expect(squares.inlined.count == 2)
    #expect(
      program.description.contains("(x[n, y, x, c] − %4[c]) · (x[n, y, x, c] − %4[c])"),
      "\(program)")
  }

  @Test("Small tensors are kept: they stay in the cache")
  func small() throws {
    let graph = try statistics([4, 8]).graph
    #expect(try stored(graph, minInlinedElements: 0) != stored(graph, minInlinedElements: 64))
  }

  /// What a matrix product reads is read many times; an output must be there; a window reads outside.
  @Test("What is read again and again is kept")
  func kept() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [64, 48])
    let y = try b.input("y", [64, 48])
    let sum = try x + y
    try b.output("product", try sum.matrixProduct(try b.input("w", [48, 20])))
    let difference = try x - y
    try b.output("difference", difference)
    try b.output("sums", try difference.sum(over: [0]))
    let product = try x * y
    let windows = Contraction(
      axes: [Axis("a", 64), Axis("b", 48), Axis("i", 3)], outputRank: 2,
      factors: [.init([.axis(0), AffineExpression([(1, 1), (2, 1)], offset: -1)])])
    try b.output("windows", try b.contraction(windows, [product]))
    let stored = try stored(b.graph)
    #expect(Set([sum.id, difference.id, product.id]).isSubset(of: stored))
  }

  @Test("Three tensors are not read where one would do")
  func many() throws {
    let b = GraphBuilder()
    let inputs = try (0..<3).map { try b.input("x\($0)", [64, 48]) }
    let two = try inputs[0] * inputs[1]
    let three = try two + inputs[2]
    try b.output("two", try two.sum(over: [0]))
    try b.output("three", try three.sum(over: [0]))
    let stored = try stored(b.graph)
    #expect(!stored.contains(two.id) && stored.contains(three.id))
  }
}
