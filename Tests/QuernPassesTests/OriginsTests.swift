import QuernCompiler
import QuernErrors
import QuernGraph
import QuernPasses
import QuernTestSupport
import Testing

/// What passes between graph and program make comes from what it stands for.
@Suite struct OriginsTests {
  private func layers(_ kernels: [Kernel], storing id: NodeID) throws -> [String] {
    let kernel = try #require(kernels.first { $0.writes.contains { $0.tensor == id } })
    return Array(kernel.origins.layers)
  }

  @Test("Copies of inputs are for outputs and updates, and come from what is copied")
  func copies() throws {
    let b = GraphBuilder()
    let (w, v) = try b.labelled("layer") { () throws(QuernError) in
      (try b.input("w", [4], role: .parameter), try b.input("v", [4], role: .state))
    }
    try b.output("before", w)
    try b.update(w, to: v)
    try b.update(v, to: try v * 2)
    let views = insertCopies(b.graph)
    let copies = views.copied.sorted().map { views.graph[$0] }
    #expect(copies.map(\.label) == ["output", "update"])
    #expect(copies.map(\.origins.nodes) == [[w.id], [v.id]])
    #expect(copies.allSatisfy { $0.origins.layers.last == "layer" })
  }

  @Test("A copy that two windows read comes from both")
  func sharedCopy() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [1, 4, 4, 1])
    for (name, side) in [("three", 3), ("five", 5)] {
      let geometry = WindowGeometry(
        kernel: [side, side], strides: [1, 1], paddingBefore: [side / 2, side / 2],
        paddingAfter: [side / 2, side / 2])
      try b.output(
        name, try b.labelled(name) { () throws(QuernError) in try x.maximumPooling(geometry) })
    }
    let copies = insertCopies(b.graph).graph.nodes.filter { $0.op == .reshape }
    #expect(copies.map { Array($0.origins.layers) } == [["three", "five"]])
  }

  @Test("A kernel has the layers that it fuses, and those whose shapes it reads through")
  func fusion() throws {
    let b = GraphBuilder()
    func layer(_ name: String, _ make: () throws(QuernError) -> Tensor) throws -> Tensor {
      try b.labelled(name, make)
    }
    let x = try b.input("x", [2, 3, 4])
    let scaled = try layer("scale") { () throws(QuernError) in try (x * 2).tanh() }
    let flat = try layer("flatten") { () throws(QuernError) in try scaled.reshaped([2, 12]) }
    let w = try b.input("w", [12, 5], role: .parameter)
    let dense = try layer("dense") { () throws(QuernError) in try flat.matrixProduct(w) }
    let active = try layer("relu") { () throws(QuernError) in try dense.maximum(dense.scalar(0)) }
    try b.output("scaled", scaled)
    try b.output("y", active)
    let kernels = try lower(b.graph).kernels
    #expect(try layers(kernels, storing: scaled.id) == ["scale"])
    #expect(try layers(kernels, storing: active.id) == ["dense", "relu", "flatten"])
    // With the constants that they use, kernels make up the whole graph but for its inputs.
    let inputs = Set(b.graph.inputs.map(\.id))
    #expect(Set(kernels.flatMap(\.origins.nodes)) == Set(b.graph.ids).subtracting(inputs))
  }

  @Test("What is computed where it is read is its readers' work")
  func inlining() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [64, 64])
    let centred = try b.labelled("centre") { () throws(QuernError) in try x - 0.5 }
    let sum = try b.labelled("sum") { () throws(QuernError) in try centred.sum(over: [0]) }
    let wave = try b.labelled("wave") { () throws(QuernError) in try centred.tanh() }
    try b.output("sum", sum)
    try b.output("wave", wave)
    let kernels = try lower(b.graph, minInlinedElements: 0).kernels
    #expect(kernels.allSatisfy { $0.inlined == [centred.id] })
    #expect(try layers(kernels, storing: sum.id) == ["sum", "centre"])
    #expect(try layers(kernels, storing: wave.id) == ["wave", "centre"])
  }
}
