import QuernCodegen
import QuernGraph
import QuernMachine
import QuernTestSupport
import Testing

/// What tiles ask for before they need it.
@Suite struct PrefetchTests {
  @Test(
    "A packed panel is asked for by the tiles of rows before it, if there are some but not many")
  func nextPanel() throws {
    func asks(rows: Int) throws -> Bool {
      try nest(product(rows, 800, 500)).schedule.prefetches.contains(.nextPanel)
    }
    #expect(try asks(rows: 128))
    #expect(try !asks(rows: 1))
    #expect(try !asks(rows: 4_000))
  }

  @Test("Prepared panels are asked for where one tile of rows reads them once")
  func preparedPanels() throws {
    func asks(rows: Int) throws -> Bool {
      try nest(product(rows, 800, 500, role: .parameter)).schedule.prefetches
        .contains(.preparedPanels)
    }
    #expect(try asks(rows: 1))
    #expect(try !asks(rows: 128))
  }

  @Test("Rows side by side are asked for where reduction steps lie far apart")
  func nextRows() throws {
    func asks(rows: Int) throws -> Bool {
      let b = GraphBuilder()
      let x = try b.input("x", [300, rows])
      let w = try b.input("w", [300, 64])
      try b.output("y", try x.transposed([1, 0]).matrixProduct(w))
      return try nests(b.graph).contains { $0.schedule.prefetches.contains(.nextRows) }
    }
    #expect(try asks(rows: 256))
    // Less than 1024 bytes from one step to the next.
    #expect(try !asks(rows: 200))
  }

  @Test("Epilogues ask for what lies side by side along the lanes")
  func epilogue() throws {
    #expect(try nest(product(64, 100, 64)).schedule.prefetches.contains(.epilogue))
    // One sum has no lanes of outputs.
    #expect(try !nest(product(1, 4_000, 1)).schedule.prefetches.contains(.epilogue))
  }

  @Test("They are printed by name")
  func text() throws {
    let found = try nest(product(128, 800, 500))
    #expect(found.text.contains("asks ahead for: epilogue, next panel"), "\(found.text)")
  }
}
