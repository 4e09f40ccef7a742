import QuernCodegen
import QuernGraph
import QuernMachine
import QuernTestSupport
import QuernVectors
import Testing

/// Which factors are gone through panel by panel, and where the panels lie.
@Suite struct PanelTests {
  private func place(
    _ rows: Int, _ inner: Int, _ columns: Int, _ target: Target = .avx2,
    role: Input.Role = .data
  ) throws -> Schedule.Panels.Place? {
    try nest(product(rows, inner, columns, role: role), target).place
  }

  @Test("Panels whose rows lie close together are packed where enough rows share them")
  func packsCloseRows() throws {
    // Tiles of 24 columns read two lines of each row of 48, the middle one both. Few rows of the panel
    // stay in the first-level cache, many come from the second for each tile.
    #expect(try place(60, 100, 48) == .inPlace)
    #expect(try place(64, 100, 48) == .packed)
    #expect(try place(12, 600, 48) == .inPlace)
    #expect(try place(16, 600, 48) == .packed)
    // Tiles of one line each: only what does not stay in the second-level cache is worth it.
    #expect(try place(180, 4_000, 16) == .inPlace)
    #expect(try place(200, 1_000, 16) == .inPlace)
    #expect(try place(200, 4_000, 64, .avx512) == .packed)
    #expect(try place(180, 4_000, 64, .avx512) == .inPlace)
  }

  @Test("Rows that start on cache lines are read where they are, others are packed")
  func readsInPlace() throws {
    // 500 columns lie 528 apart: 33 lines; 90 lie side by side.
    for target in [Target.avx512, .avx2] {
      #expect(try place(24, 800, 500, target) == .inPlace, "\(target)")
      #expect(try place(24, 800, 90, target) == .packed, "\(target)")
    }
    // Where many rows share a panel, it is worth a copy: tiles with half the lanes and half the
    // registers have less to do while they wait for each of its rows.
    #expect(try place(128, 800, 500, .avx512) == .inPlace)
    #expect(try place(128, 800, 500, .avx2) == .packed)
    // Whole lines, but views of a matrix whose rows have an even number of them.
    let b = GraphBuilder()
    let x = try b.input("x", [128, 800])
    let pictures = try b.input("w", [800, 1, 4, 128])
    try b.output("y", try x.matrixProduct(try pictures.reshaped([800, 512])))
    #expect(try nest(b.graph).place == .packed)
  }

  @Test("A parameter that no step replaces is packed once")
  func prepares() throws {
    for (rows, columns) in [(1, 500), (4, 500), (128, 90)] {
      #expect(try place(rows, 800, columns, role: .parameter) == .prepared, "\(rows), \(columns)")
    }
    // Also what could be read in place: see `readsInPlace()`.
    for target in Target.all {
      #expect(try place(24, 800, 500, target, role: .parameter) == .prepared, "\(target)")
    }
    // What each step brings is not; a single row reads it once, so there are no panels at all.
    #expect(try place(1, 800, 500) == nil)
  }

  @Test("Panels that stay in the cache are gone through for each tile of rows, others in turn")
  func order() throws {
    let small = try nest(product(128, 100, 500))
    #expect(small.place == .packed && small.schedule.keepsAllPanels, "\(small.text)")
    #expect(small.schedule.order.map(\.kind) == [.row, .column])
    let large = try nest(product(128, 800, 500))
    #expect(large.place == .packed && !large.schedule.keepsAllPanels, "\(large.text)")
    #expect(large.schedule.order.map(\.kind) == [.column, .row])
  }

  @Test("Panels take their part of the second-level cache, whatever the system tells of its caches")
  func cacheSizes() {
    #expect(MachineFacts(.avx2).panelBytes == 384 << 10)
    #expect(MachineFacts(.avx2, level2Cache: 256 << 10).panelBytes == 96 << 10)
    let own = MachineFacts.ofThisProcessor(.portable)
    #expect(256 << 10...4 << 20 ~= own.level2Cache && own.panelBytes < own.level2Cache / 2)
    #expect(16 << 10...128 << 10 ~= own.level1Cache)
  }
}

/// Products with a matrix that is read along its rows: lanes run along the sums, or panels are packed.
@Suite struct SumLanesTests {
  private func nest(
    _ rows: Int, _ inner: Int, _ target: Target = .avx2
  ) throws -> ScheduledNest {
    let machine = target == .avx512 ? MachineFacts.halved(target) : MachineFacts(target)
    return try QuernCodegenTests.nest(
      transposedProduct(rows, inner, 100), target, machine: machine)
  }

  @Test("A few rows read the matrix once, a tile several of its rows at a time")
  func readsOnce() throws {
    // Four sums of four rows each with 32 registers, three with 16: all take the same loads. A single
    // row: no more rows of the matrix at a time than memory foresees.
    for (rows, target, tile) in [
      (4, Target.avx512, [4, 4, 1]), (4, .avx2, [3, 4, 1]), (2, .avx512, [8, 2, 1]),
      (1, .avx512, [8, 1]),
    ] {
      let found = try nest(rows, 512, target)
      let sum = try #require(found.nest.reductionAxes.first)
      #expect(found.schedule.lanes == .reduction(sum), "\(found.text)")
      #expect(found.tile == tile, "\(found.text)")
      // The matrix's rows come first, so that each is gone through once.
      #expect(found.nest.axes[found.schedule.rowAxes[0]].extent == 100, "\(found.text)")
    }
  }

  @Test("Panels are packed where sums are short or many rows share them")
  func packs() throws {
    func isPacked(_ rows: Int, _ inner: Int, _ target: Target = .avx2) throws -> Bool {
      let found = try nest(rows, inner, target)
      // It is one or the other.
      #expect((found.place == nil) == (found.schedule.laneAxis == nil), "\(found.text)")
      return found.place == .packed
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

  @Test("Lanes that lie apart in both ways are packed from two rows on")
  func apart() throws {
    let all = try nests(productOfLanesApart())
    #expect(all.contains { $0.place == .packed }, "\(all.map(\.text))")
  }

  @Test("The gradient by a layer's input has panels of the matrix")
  func gradient() throws {
    for target in [Target.avx512, .avx2] {
      let machine = target == .avx512 ? MachineFacts.halved(target) : MachineFacts(target)
      let found = try QuernCodegenTests.nest(
        transposedProduct(40, 64, 480), target, machine: machine)
      #expect(found.place == .packed, "\(found.text)")
    }
  }
}
