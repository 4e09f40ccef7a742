import QuernCodegen
import QuernGradient
import QuernGraph
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// Tiles of products as they are written, and their results.
@Suite struct TileShapeTests {
  private func code(
    _ graph: Graph, _ target: Target = .avx2, level1: Int = 32 << 10
  ) throws -> String {
    var options = CompileOptions(target: target)
    options.machine = MachineFacts(target, level1Cache: level1)
    return try CompiledGraph.plan(graph, options).code.source
  }

  @Test("Tiles of three rows of four vectors, and of fewer, agree with the interpreter")
  func wideTiles() throws {
    try expectAgreement(product(9, 37, 53))
    try expectAgreement(product(10, 5, 56))
    try expectAgreement(product(3, 600, 31))
  }

  @Test("A tile of more vectors than rows takes one vector after the other")
  func vectorsInTurn() throws {
    let code = try code(product(3, 37, 32))
    let body = try #require(code.components(separatedBy: "_tile_3x4(").dropFirst().first)
    let loop = try #require(body.components(separatedBy: "for (long ").dropFirst().first)
    let lines = loop.split(separator: "\n")
    func positions(_ word: String) -> [Int] {
      lines.indices.filter { lines[$0].contains(word) }
    }
    let loads = positions("_mm256_loadu_ps")
    // Of a step: the first vector, the rows' values, and only then the other vectors.
    #expect(try #require(positions("_mm256_set1_ps").dropFirst(2).first) < loads[1], "\(loop)")
    #expect(try #require(positions("_mm256_fmadd_ps").dropFirst(2).first) < loads[1], "\(loop)")
  }

  @Test("A narrow product is written with AVX2's vectors beside AVX-512's macros")
  func narrowVectors() throws {
    let halved = MachineFacts.halved(.avx512)
    func code(_ machine: MachineFacts) throws -> String {
      var options = CompileOptions(target: .avx512)
      options.machine = machine
      return try CompiledGraph.plan(product(40, 30, 10), options).code.source
    }
    let narrow = try code(halved)
    #expect(narrow.contains("_mm256_fmadd_ps(") && !narrow.contains("_mm512_fmadd_ps("))
    // The macros of both.
    #expect(narrow.contains("define quern_f32(") && narrow.contains("define quern256_f32("))
    let wide = try code(MachineFacts(.avx512))
    #expect(wide.contains("_mm512_fmadd_ps(") && !wide.contains("quern256_"))
    for columns in [5, 13, 16, 40] {
      // Operands of the step, and parameters whose panels are packed before the first.
      for role in [Input.Role.data, .parameter] {
        try expectAgreement(product(19, 30, columns, role: role), targets: [.avx512]) {
          $0.machine = halved
        }
      }
    }
  }

  @Test("A layer's step computes the same with vectors of both widths")
  func bothWidths() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [4, 11, 9, 6])
    let w = try b.input("w", [3, 3, 6, 16])
    let dense = try b.input("dense", [9 * 7 * 16, 33])
    let y = try x.convolution(w, WindowGeometry(kernel: [3, 3]))
    let scores = try (y * y).reshaped([4, 9 * 7 * 16]).matrixProduct(dense)
    try b.output("scores", scores)
    let gradients = try gradient(of: (scores * scores).sum(), withRespectTo: [x, w, dense])
    for (number, gradient) in gradients.enumerated() { try b.output("d\(number)", gradient) }
    try expectAgreement(b.graph, tolerance: 1e-4, targets: [.avx512]) {
      $0.machine = .halved(.avx512)
    }
  }

  /// One picture or several, convolved with 3 × 3 filters whose transforms lie in panels.
  private func convolution(pictures: Int) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", [pictures, 16, 16, 64])
    let w = try b.input("w", [3, 3, 64, 96], role: .parameter)
    let geometry = WindowGeometry(
      kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
    try b.output("y", try x.convolution(w, geometry))
    return b.graph
  }

  @Test("Where few rows share a tensor's panels, the next one is asked for meanwhile")
  func panelsAhead() throws {
    for target in [Target.avx2, .avx512] {
      let one = try code(convolution(pictures: 1), target)
      #expect(one.contains("prefetch = next + "), "\(target)")
      // Whole sections of pictures go through the same panels.
      #expect(try !code(convolution(pictures: 40), target).contains("prefetch = next + "))
    }
    try expectAgreement(convolution(pictures: 1), tolerance: 1e-4)
  }

  @Test("In a section the next panel is asked for only where the first-level cache has room for it")
  func panelsOfSections() throws {
    // The filters' gradient: for each of 36 places a matrix product, whose operands take 27 KiB.
    let b = GraphBuilder()
    let x = try b.input("x", [64, 12, 8, 37])
    let w = try b.input("w", [3, 3, 37, 61])
    let geometry = WindowGeometry(kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
    let y = try x.convolution(w, geometry)
    try b.output("gradient", try gradient(of: (y * y).sum(), withRespectTo: [w])[0])
    func requests(level1: Int) throws -> Int {
      let code = try code(b.graph, level1: level1)
      let kernel = try #require(
        code.components(separatedBy: "static QUERN_KERNEL void ")
          .first { $0.hasPrefix("gradient_contraction_tile_") })
      return kernel.components(separatedBy: "_mm_prefetch(").count - 1
    }
    // One for what the section will need next; the others for panels.
    #expect(try requests(level1: 32 << 10) == 1)
    #expect(try requests(level1: 128 << 10) > 2)
  }
}
