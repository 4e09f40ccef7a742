import QuernCodegen
import QuernGraph
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// Products with a matrix that is read along its rows, as the gradient by a dense layer's input reads its
/// weights: lanes run along the sums, or panels are packed.
@Suite struct SumLanesTests {
  /// x (rows, inner) times the transposed of w (columns, inner).
  private func product(_ rows: Int, _ inner: Int, _ columns: Int) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", [rows, inner])
    let w = try b.input("w", [columns, inner])
    try b.output("y", try x.matrixProduct(w.transposed([1, 0])))
    return b.graph
  }

  private func code(
    _ rows: Int, _ inner: Int, _ columns: Int = 100, _ target: Target = .avx2
  ) throws -> String {
    var options = CompileOptions(target: target, threads: 1)
    options.machine = target == .avx512 ? .halved(target) : MachineFacts(target)
    return try CompiledGraph.plan(product(rows, inner, columns), options).code.source
  }

  @Test("A few rows read the matrix once, a tile several of its rows at a time")
  func readsOnce() throws {
    // Four sums of four rows each with 32 registers, three with 16: all take the same loads.
    #expect(try code(4, 512, 100, .avx512).contains("contraction_tile_4_4x1("))
    #expect(try code(4, 512).contains("contraction_tile_3_4x1("))
    #expect(try code(2, 512, 100, .avx512).contains("contraction_tile_8_2x1("))
    // A single row: no more rows of the matrix at a time than memory foresees.
    #expect(try code(1, 512, 100, .avx512).contains("contraction_tile_8x1("))
  }

  @Test("Panels are packed where sums are short or many rows share them")
  func packs() throws {
    func isPacked(_ rows: Int, _ inner: Int, _ target: Target = .avx2) throws -> Bool {
      try code(rows, inner, 100, target).contains("_pack_")
    }
    // Up to four vectors.
    #expect(try isPacked(2, 32) && isPacked(2, 64, .avx512))
    #expect(try !isPacked(2, 33) && !isPacked(2, 65, .avx512))
    #expect(try !isPacked(1, 32) && !isPacked(1, 10))
    // Eight vectors are packed for six rows that share them, 64 for twelve.
    #expect(try !isPacked(5, 64) && isPacked(6, 64))
    #expect(try !isPacked(11, 512) && isPacked(12, 512))
    // Rows that do not stay in the first-level cache.
    #expect(try !isPacked(6, 1_500) && isPacked(7, 1_500))
  }

  @Test(
    "Whichever way, sums are right",
    arguments: [1, 2, 3, 4, 5, 6, 7, 8, 11, 13], [3, 31, 64, 101, 200])
  func agrees(rows: Int, inner: Int) throws {
    try expectAgreement(product(rows, inner, 37))
  }

  @Test("Lanes that lie apart in both ways are packed from two rows on")
  func apart() throws {
    // Channels lie apart in both operands: the sum's neighbours do not lie side by side anywhere.
    let b = GraphBuilder()
    let x = try b.input("x", [40, 3])
    let w = try b.input("w", [20, 40, 2])
    let column = try w.sliced(from: [0, 0, 1], to: [20, 40, 2]).reshaped([20, 40])
    try b.output("y", try x.transposed([1, 0]).matrixProduct(column.transposed([1, 0])))
    let options = CompileOptions(target: .avx2, threads: 1)
    let code = try CompiledGraph.plan(b.graph, options).code.source
    #expect(code.contains("_pack_"), "\(code.suffix(3000))")
    try expectAgreement(b.graph)
  }
}
