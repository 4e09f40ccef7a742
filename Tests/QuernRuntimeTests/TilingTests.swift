import QuernCodegen
import QuernGraph
import QuernPasses
import QuernVectors
import Testing

/// How work is cut into tiles, shared out, and fetched ahead.
@Suite struct TilingTests {
  @Test("A share's size counts, not its number of tiles")
  func balance() {
    // 16 vectors in tiles of at most 3: 3 3 2 | 3 3 2.
    #expect(Chunks(16, atMost: 3).balance(shares: 2) == 1)
    // 3 | 3 3.
    #expect(Chunks(9, atMost: 3).balance(shares: 2) == 9.0 / 12)
    // 5 4 | 5 4 4, or with three threads 5 | 4 5 | 4 4.
    #expect(Chunks(22, atMost: 5).balance(shares: 2) == 11.0 / 13)
    #expect(Chunks(22, atMost: 5).balance(shares: 3) == 22.0 / 27)
    #expect(Chunks(7, atMost: 7).balance(shares: 1) == 1)
  }

  private func code(rows: Int, inner: Int, columns: Int) throws -> String {
    let b = GraphBuilder()
    let x = try b.input("x", [rows, inner])
    let w = try b.input("w", [inner, columns], role: .parameter)
    try b.output("y", try x.matrixProduct(w))
    return try generate(lower(b.graph), CodegenOptions(target: .avx2)).source
  }

  @Test("A matrix that few rows share is fetched panel by panel ahead of its use")
  func readsAhead() throws {
    #expect(try code(rows: 128, inner: 800, columns: 500).contains("ahead += 500;"))
    // The panels are all packed at once.
    #expect(try !code(rows: 128, inner: 100, columns: 500).contains("ahead"))
    // There is nothing to compute with meanwhile, or so much that packing does not matter.
    #expect(try !code(rows: 1, inner: 800, columns: 500).contains("ahead"))
    #expect(try !code(rows: 4_000, inner: 800, columns: 500).contains("ahead"))
  }
}
