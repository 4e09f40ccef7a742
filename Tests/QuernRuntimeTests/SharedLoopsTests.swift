import QuernCodegen
import QuernCompiler
import QuernGraph
import QuernPasses
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// Kernels of one shape are written once: they differ in where their tensors lie, and in nothing else.
@Suite struct SharedLoopsTests {
  private func source(_ graph: Graph, _ reader: KernelRenderer.Reader = .everyone) throws -> String
  {
    try generate(lower(graph), CompilerOptions(target: .avx2, reader: reader)).source
  }

  private func count(_ text: String, in source: String) -> Int {
    source.components(separatedBy: text).count - 1
  }

  /// A stack of dense layers, which all have as many inputs as outputs but for the last.
  private func dense(_ layers: Int, rows: Int, role: Input.Role = .data) throws -> Graph {
    let b = GraphBuilder()
    var x = try b.input("x", [rows, 70])
    for layer in 1...layers {
      let width = layer == layers ? 10 : 70
      let w = try b.input("w\(layer)", [70, width], role: role)
      x = try x.matrixProduct(w).maximum(x.scalar(0))
    }
    try b.output("y", x)
    return b.graph
  }

  @Test("Layers of one shape have one function, which says whose it is")
  func layers() throws {
    let graph = try dense(4, rows: 40)
    let names = ["contraction", "contraction_2", "contraction_3"]
    for reader in [KernelRenderer.Reader.everyone, .tinycc] {
      let source = try source(graph, reader)
      #expect(source.contains("// The same in \(names.joined(separator: ", "))."))
      #expect(count("static void contraction_loops(", in: source) == 1)
      #expect(count("  contraction_loops(\n", in: source) == names.count)
      #expect(!source.contains("contraction_2_tile") && !source.contains("contraction_3_tile"))
      #expect(source.contains("contraction_4_tile"))
    }
    try expectAgreement(graph, threads: [1, 2, 3])
  }

  @Test("Each kernel has panels of its own, packed by the function that all share")
  func panels() throws {
    let graph = try dense(3, rows: 2, role: .parameter)
    let source = try source(graph)
    #expect(count("static void contraction_prepare(", in: source) == 1)
    #expect(count("  contraction_prepare((const float *)", in: source) == 2)
    #expect(count("#define contraction", in: source) == 2)
    try expectAgreement(graph, threads: [1, 2, 3])
  }

  @Test("Sections ask for what lies ahead of each")
  func regions() throws {
    let b = GraphBuilder()
    var x = try b.input("x", [8, 24, 24, 16])
    let geometry = WindowGeometry(kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
    for layer in 1...3 {
      x = try x.convolution(try b.input("w\(layer)", [3, 3, 16, 16]), geometry)
    }
    try b.output("y", x)
    func adjust(_ options: inout CompileOptions) {
      options.numerics.convolutions = .onlyProducts()
      var chunks = RegionLimits()
      chunks.tuning.minProducts = 0
      options.regionLimits = chunks
    }
    var options = CompileOptions(target: .portable)
    adjust(&options)
    let source = try CompiledGraph.plan(b.graph, options).code.source
    #expect(source.contains("    const char *region0,\n"))
    try expectAgreement(b.graph, tolerance: 1e-4, adjust: adjust)
  }

  @Test("An update in place is not the same as a result beside it")
  func places() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [64, 48])
    let y = try b.input("y", [64, 48])
    for number in 1...2 {
      let w = try b.input("w\(number)", [48, 48], role: .parameter)
      let product = try x.transposed([1, 0]).matrixProduct(y)
      let next = try w - product * product.scalar(0.01 * Double(number))
      if number == 1 { try b.update(w, to: next) } else { try b.output("next", next) }
    }
    #expect(try !source(b.graph).contains("_loops("))
    try expectAgreement(b.graph, steps: 2)
  }
}
