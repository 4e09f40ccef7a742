import QuernCodegen
import QuernCompiler
import QuernGradient
import QuernGraph
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// What is written for tiles: calls, what is fetched ahead, and for whom.
@Suite struct TilingTests {
  private func code(
    rows: Int, inner: Int, columns: Int, role: Input.Role = .data, target: Target = .avx2,
    threads: Int = 1
  ) throws -> String {
    try generated(
      rows: rows, inner: inner, columns: columns, role: role, target: target, threads: threads
    ).source
  }

  private func generated(
    rows: Int, inner: Int, columns: Int, role: Input.Role = .data, target: Target = .avx2,
    threads: Int = 1, reader: KernelRenderer.Reader = .everyone
  ) throws -> GeneratedCode {
    let b = GraphBuilder()
    let x = try b.input("x", [rows, inner])
    let w = try b.input("w", [inner, columns], role: role)
    try b.output("y", try x.matrixProduct(w))
    return try generate(
      lower(b.graph), CompilerOptions(target: target, threads: threads, reader: reader))
  }

  @Test("A matrix that few rows share is fetched panel by panel ahead of its use")
  func readsAhead() throws {
    #expect(try code(rows: 128, inner: 800, columns: 500).contains("prefetch += 528;"))
    // The panels are all packed at once.
    #expect(try !code(rows: 128, inner: 100, columns: 500).contains("float *prefetch"))
    // There is nothing to compute with meanwhile, or so much that packing does not matter.
    #expect(try !code(rows: 1, inner: 800, columns: 500).contains("float *prefetch"))
    #expect(try !code(rows: 4_000, inner: 800, columns: 500).contains("float *prefetch"))
  }

  @Test("What lies behind a prepared panel is fetched while several tiles of rows go through it")
  func readsPreparedAhead() throws {
    func code(_ rows: Int) throws -> String {
      try self.code(rows: rows, inner: 800, columns: 500, role: .parameter)
    }
    // Two tiles of four rows: 200 rounds each ask for three lines of the 1200 of a panel.
    let several = try code(8)
    #expect(several.contains("prefetch = next + tile % 2 * 9600;"), "\(several.suffix(4000))")
    #expect(several.contains("prefetch + 32"), "\(several.suffix(4000))")
    #expect(try !code(4).contains("float *prefetch"))
  }

  @Test("Panels of a parameter that no step replaces are packed before the first step")
  func prepares() throws {
    let code = try code(rows: 4, inner: 800, columns: 500, role: .parameter)
    let run = try #require(
      code.range(of: "void quern_run(char *arena, long thread, void *team) {"))
    let before = try #require(code.range(of: "  contraction_prepare((const float *)(arena + "))
    #expect(before.upperBound < run.lowerBound)
    let kernel = try #require(code.components(separatedBy: "void contraction(").last)
    #expect(kernel.contains("panels") && !kernel.contains("_pack_"))
  }

  @Test("A stream is asked for where tiles compute longer than memory takes")
  func streams() throws {
    func asks(_ rows: Int, _ target: Target) throws -> Bool {
      try code(rows: rows, inner: 800, columns: 500, role: .parameter, target: target)
        .contains("_mm_prefetch((const char *)(p_w_c + 4096), _MM_HINT_T1)")
    }
    for rows in [1, 4, 8] { #expect(try !asks(rows, .avx512), "\(rows) rows") }
    #expect(try asks(9, .avx512))
    // Several tiles of rows ask for the panel after the present one.
    #expect(try !asks(24, .avx512))
  }

  @Test("Half of AVX-512's registers does for the last vector where it has few outputs")
  func halves() throws {
    func halves(_ columns: Int, _ target: Target) throws -> Bool {
      try code(rows: 12, inner: 100, columns: columns, target: target)
        .contains("= quern_half_fmadd(")
    }
    for columns in [5, 8, 37, 40] { #expect(try halves(columns, .avx512), "\(columns)") }
    for columns in [9, 16, 41, 48] { #expect(try !halves(columns, .avx512), "\(columns)") }
    for columns in [3, 4, 37] { #expect(try !halves(columns, .avx2), "\(columns)") }
  }

  @Test("An update in place reads no more than it writes: the next row may be another thread's")
  func readsItsOwn() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [40, 6])
    let y = try b.input("y", [40, 10])
    let w = try b.input("w", [6, 10], role: .parameter)
    try b.update(w, to: w - (try x.transposed([1, 0]).matrixProduct(y)))
    let code = try generate(
      lower(b.graph), CompilerOptions(target: .avx2, threads: 2, reader: .everyone)
    ).source
    #expect(code.contains("_mm256_maskload_ps(p_w + 8,"))
    #expect(!code.contains("_mm256_loadu_ps(p_w + 8)"))
  }

  @Test("TinyCC reads no machine code and nothing that it would skip; it calls what is linked")
  func readers() throws {
    let whole = try generated(rows: 128, inner: 100, columns: 90)
    let short = try generated(rows: 128, inner: 100, columns: 90, reader: .tinycc)
    #expect(whole.source.contains("\".quad 0x") && whole.machineCode.isEmpty)
    #expect(!short.source.contains("\".quad 0x") && !short.machineCode.isEmpty)
    for block in short.machineCode {
      #expect(short.source.components(separatedBy: "(\"call \(block.name)\"").count == 2)
    }
    #expect(whole.source.contains("_mm256_fmadd_ps") && !short.source.contains("_mm256_fmadd_ps"))
    #expect(whole.source.contains("// t2[128, 90] = ") && !short.source.contains("// t2"))
  }

  @Test("Blocks and panels change no bit")
  func cachesChangeNothing() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [6, 13, 11, 24])
    let w = try b.input("w", [3, 3, 24, 40])
    let dense = try b.input("dense", [9 * 11 * 40, 30])
    let geometry = WindowGeometry(kernel: [3, 3], paddingBefore: [0, 1], paddingAfter: [0, 1])
    let pictures = try x.sliced(from: [0, 0, 0, 0], to: [6, 11, 11, 24]).convolution(w, geometry)
    let scores = try pictures.reshaped([6, 9 * 11 * 40]).matrixProduct(dense)
    let gradients = try gradient(of: (scores * scores).sum(), withRespectTo: [x, w, dense])
    try b.output("scores", scores)
    for (number, gradient) in gradients.enumerated() { try b.output("d\(number)", gradient) }
    for target in Target.all where target.isSupported {
      var results: [[String: [UInt32]]] = []
      var sources: [String] = []
      for (level1, level2) in [(2 << 10, 8 << 10), (32 << 10, 256 << 10), (48 << 10, 4 << 20)] {
        var options = CompileOptions(target: target, convolution: .direct)
        options.machine = MachineFacts(target, level1Cache: level1, level2Cache: level2)
        let instance = try GraphInstance(b.graph, options)
        try fill([instance], b.graph, seed: 3)
        instance.run()
        var bits: [String: [UInt32]] = [:]
        for output in b.graph.outputs {
          bits[output.name] = try instance.floats(output.name).map(\.bitPattern)
        }
        results.append(bits)
        sources.append(instance.compiled.code.source)
      }
      #expect(results[0] == results[1] && results[1] == results[2], "\(target)")
      #expect(sources[0] != sources[2])
    }
  }

  @Test("One call works off all tiles of a size")
  func runs() throws {
    // 16 rows are tiles of 6, 5 and 5.
    let code = try code(rows: 16, inner: 100, columns: 16)
    #expect(code.contains("_tile_6x2(p_x, p_w, t2, 0, 1);"), "\(code.suffix(1500))")
    #expect(code.contains("_tile_5x2(p_x + 600, p_w, t2 + 96, 1, 3);"), "\(code.suffix(1500))")
  }
}
