import QuernCodegen
import QuernGraph
import QuernMachine
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// Few rows through a matrix that comes from memory: it is read in the order in which it lies there.
@Suite struct StreamedMatrixTests {
  private func product(_ rows: Int, _ inner: Int, _ columns: Int) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", [rows, inner])
    let w = try b.input("w", [inner, columns])
    try b.output("y", try x.matrixProduct(w))
    return b.graph
  }

  private func options(
    _ target: Target = .avx2, memoryBytes: Int? = nil
  ) -> CompileOptions {
    var options = CompileOptions(target: target)
    var machine = target == .avx512 ? MachineFacts.halved(target) : MachineFacts(target)
    if let memoryBytes { machine.memoryBytes = memoryBytes }
    options.machine = machine
    return options
  }

  @Test(
    "The order changes no bit", .enabled(if: Target.avx2.isSupported, "no AVX2"),
    arguments: [1, 2, 7, 12])
  func sameBits(rows: Int) throws {
    let graph = try product(rows, 83, 1_100)
    var results: [[UInt32]] = []
    for memoryBytes in [0, 1 << 30] {
      let options = options(memoryBytes: memoryBytes)
      #expect(try schedule(graph, options.passes).hasBlocks == (memoryBytes == 0))
      let instance = try GraphInstance(graph, options)
      try fill([instance], graph, seed: 5)
      instance.run()
      results.append(try instance.floats("y").map(\.bitPattern))
    }
    #expect(results[0] == results[1])
    try expectAgreement(graph, threads: [1, 2]) { options in
      options.machine = MachineFacts(options.target)
      options.machine?.memoryBytes = 0
    }
  }

  @Test("Transposing reads no more lanes at a time than the processor foresees")
  func packedStreams() throws {
    // The gradient by the input: panels of three vectors of 16 rows of the matrix each.
    let b = GraphBuilder()
    let x = try b.input("x", [40, 64])
    let w = try b.input("w", [480, 64])
    try b.output("y", try x.matrixProduct(w.transposed([1, 0])))
    func code(_ target: Target) throws -> String {
      try CompiledGraph.plan(b.graph, options(target)).code.source
    }
    #expect(try code(.avx512).contains("for (long group = 0; group < 3; group++)"))
    #expect(try !code(.avx2).contains("group++"))
    try expectAgreement(b.graph)
  }
}
