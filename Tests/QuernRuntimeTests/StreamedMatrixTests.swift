import QuernCodegen
import QuernGraph
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
    _ target: Target = .avx2, threads: Int = 1, memoryBytes: Int? = nil
  ) -> CompileOptions {
    var options = CompileOptions(target: target, threads: threads)
    var machine = target == .avx512 ? MachineFacts.halved(target) : MachineFacts(target)
    if let memoryBytes { machine.memoryBytes = memoryBytes }
    options.machine = machine
    return options
  }

  private func code(_ graph: Graph, _ options: CompileOptions) throws -> String {
    try CompiledGraph.plan(graph, options).code.source
  }

  private func isStreamed(
    _ rows: Int, _ inner: Int, _ columns: Int, threads: Int = 1
  ) throws -> Bool {
    let code = try code(product(rows, inner, columns), options(threads: threads))
    return code.contains("const int first = c == 0;") && code.contains("c += 16)")
  }

  @Test("Tiles go along sixteen rows of a large matrix, for up to twelve rows that share it")
  func largeMatrices() throws {
    #expect(try isStreamed(1, 2_000, 1_500))
    #expect(try isStreamed(12, 2_000, 1_584))
    #expect(try !isStreamed(13, 2_000, 1_584))
    // What stays in the last cache is read as fast in any order.
    #expect(try !isStreamed(1, 1_000, 1_500))
    // Three threads would read half a kilobyte of a row each, and ask for the next one's.
    #expect(try isStreamed(1, 5_000, 520) && !isStreamed(1, 5_000, 520, threads: 3))
  }

  @Test("Few rows take whole lines of a matrix that is far, and as few tiles as do")
  func wholeLines() throws {
    func code(_ rows: Int, _ inner: Int, _ columns: Int, _ target: Target) throws -> String {
      try self.code(product(rows, inner, columns), options(target))
    }
    // Three of AVX2's vectors are a line and a half.
    #expect(try code(8, 2_000, 528, .avx2).contains("_tile_4x2("))
    #expect(try code(8, 200, 528, .avx2).contains("_tile_4x3("))
    // One tile of twelve rows computes as long as its lines take; of six, the first would wait.
    #expect(try code(12, 2_000, 528, .avx512).contains("_12x2("))
    #expect(try code(12, 200, 528, .avx512).contains("_6x4("))
    #expect(try code(64, 2_000, 528, .avx2).contains("x3("))
  }

  @Test(
    "The order changes no bit", .enabled(if: Target.avx2.isSupported, "no AVX2"),
    arguments: [1, 2, 7, 12])
  func sameBits(rows: Int) throws {
    let graph = try product(rows, 83, 1_100)
    var results: [[UInt32]] = []
    for memoryBytes in [0, 1 << 30] {
      let compiled = try CompiledGraph(graph, options(memoryBytes: memoryBytes))
      #expect(compiled.code.source.contains("const int first") == (memoryBytes == 0))
      try fill([compiled], graph, seed: 5)
      compiled.run()
      results.append(try compiled.floats("y").map(\.bitPattern))
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
      try self.code(b.graph, options(target))
    }
    #expect(try code(.avx512).contains("for (long group = 0; group < 3; group++)"))
    #expect(try code(.avx2).contains("_pack_") && !code(.avx2).contains("group++"))
    try expectAgreement(b.graph)
  }
}
