import QuernCodegen
import QuernGraph
import QuernInterpreter
import QuernPasses
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// Parameters that no step replaces are packed into panels before the first step: right for any shape,
/// and packed again when they are written.
@Suite struct PreparedPanelTests {
  private func product(_ rows: Int, _ inner: Int, _ columns: Int) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", [rows, inner])
    let w = try b.input("w", [inner, columns], role: .parameter)
    let bias = try b.input("bias", [columns], role: .parameter)
    try b.output("y", try x.matrixProduct(w) + bias)
    return b.graph
  }

  /// One row and many; rows that end within a vector, or one vector; one panel and many.
  @Test(arguments: [
    (1, 37, 500), (1, 300, 67), (1, 5, 1_000), (5, 41, 131), (128, 70, 100), (40, 129, 300),
    (2, 64, 17),
  ])
  func products(_ rows: Int, _ inner: Int, _ columns: Int) throws {
    let graph = try product(rows, inner, columns)
    try expectAgreement(graph, threads: [1, 2, 3, 5])
    try expectAgreement(graph) { $0.machine = .smallCaches($0.target) }
  }

  /// Sums over a window in blocks; groups, each with panels of its own; chunks of pictures.
  @Test(arguments: [(12, 40, 1, 2), (48, 96, 2, 1), (36, 72, 3, 2), (32, 64, 1, 1)])
  func convolutions(_ channels: Int, _ filters: Int, _ groups: Int, _ stride: Int) throws {
    let b = GraphBuilder()
    let x = try b.input("x", [3, 9, 11, channels])
    let w = try b.input("w", [3, 3, channels / groups, filters], role: .parameter)
    let geometry = WindowGeometry(
      kernel: [3, 3], strides: [stride, stride], paddingBefore: [1, 1], paddingAfter: [1, 1])
    try b.output("y", try x.convolution(w, geometry, groups: groups))
    try expectAgreement(b.graph) { $0.convolution = .direct }
    try expectAgreement(b.graph) {
      $0.convolution = .direct
      $0.machine = .smallCaches($0.target)
    }
  }

  @Test("A step sees weights that were written after the last one", arguments: [1, 2])
  func weightsAreWritten(threads: Int) throws {
    let graph = try product(3, 50, 70)
    let instance = try GraphInstance(graph, CompileOptions(threads: threads))
    #expect(instance.compiled.code.hasPreparation)
    #expect(instance.compiled.program.preparedCount == 0)
    let exact = try Interpreter<Double>(graph)
    for seed: UInt64 in [1, 2] {
      try fill([instance, exact], graph, seed: seed)
      instance.run()
      try exact.run()
      let error = zip(try instance.floats("y"), try exact.values("y")).map { abs(Double($0) - $1) }
      #expect((error.max() ?? 1) < 1e-5)
    }
    try instance.clear("w")
    try instance.clear("bias")
    instance.run()
    #expect(try instance.floats("y").allSatisfy { $0 == 0 })
  }

  @Test("What is made of parameters alone, before the first step, waits for no panels")
  func preparedProducts() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [4, 30])
    let v = try b.input("v", [30, 20], role: .parameter)
    let w = try b.input("w", [20, 300], role: .parameter)
    // The product of both is the same in every step, and is a factor itself.
    try b.output("y", try x.matrixProduct(try v.matrixProduct(w)))
    try expectAgreement(b.graph)
    #expect(try CompiledGraph(b.graph).program.preparedCount == 1)
  }
}
