import QuernCodegen
import QuernGraph
import QuernMachine
import QuernTestSupport
import QuernVectors
import Testing

/// Which tiles of registers products are cut into.
@Suite struct TileTests {
  @Test("A share's size counts, not its number of tiles")
  func balance() {
    // 16 vectors in tiles of at most 3: 3 3 2 | 3 3 2.
    #expect(TileSplit(16, atMost: 3).balance(shares: 2) == 1)
    // 3 | 3 3.
    #expect(TileSplit(9, atMost: 3).balance(shares: 2) == 9.0 / 12)
    // 5 4 | 5 4 4, or with three threads 5 | 4 5 | 4 4.
    #expect(TileSplit(22, atMost: 5).balance(shares: 2) == 11.0 / 13)
    #expect(TileSplit(22, atMost: 5).balance(shares: 3) == 22.0 / 27)
    #expect(TileSplit(7, atMost: 7).balance(shares: 1) == 1)
  }

  @Test("Three rows of four vectors fill AVX2's registers where two or three vectors would not")
  func wideTiles() throws {
    // Seven vectors are 4 and 3; as 3, 2 and 2 of four rows, or as 2, 2, 2 and 1, tiles would wait.
    let seven = try nest(product(9, 37, 53))
    #expect(seven.rows?.sizes == [3] && seven.schedule.columns.sizes == [4, 3], "\(seven.text)")
    // With 32 registers there is room for all vectors of more rows.
    let four = try nest(product(9, 37, 53), .avx512)
    #expect(four.rows?.sizes == [5, 4] && four.schedule.columns.sizes == [4], "\(four.text)")
  }

  @Test("Rows are cut into tiles of nearly one size")
  func rows() throws {
    // 16 rows are tiles of 6, 5 and 5; two vectors are two vectors.
    let found = try nest(product(16, 100, 16))
    #expect(found.rows == TileSplit(16, atMost: 6) && found.rows?.count == 3, "\(found.text)")
    #expect(found.rows?.sizes == [6, 5] && found.schedule.columns == TileSplit(2, atMost: 2))
  }

  @Test("Wide tiles are not worth it where their panel comes from the second-level cache")
  func streamedPanels() throws {
    // Of 1,000 rows of a panel 24 lanes are 94 KiB, 32 are 125; blocks would not pay.
    #expect(try nest(product(128, 1_000, 96)).tile == [4, 3])
    #expect(try nest(product(126, 40, 128)).tile == [3, 4])
    // Weights' gradient over 128 examples, whose panels of 32 lanes would fill the cache: it is too short
    // for blocks.
    let b = GraphBuilder()
    let x = try b.input("x", [128, 3_136])
    try b.output("y", try x.transposed([1, 0]).matrixProduct(b.input("d", [128, 512])))
    let short = try nest(b.graph)
    #expect(short.tile == [4, 3] && short.schedule.blocks == nil, "\(short.text)")
  }

  @Test("Few rows take whole lines of a matrix that is far, and as few tiles as do")
  func wholeLines() throws {
    func tile(_ rows: Int, _ inner: Int, _ columns: Int, _ target: Target) throws -> [Int] {
      let machine = target == .avx512 ? MachineFacts.halved(target) : MachineFacts(target)
      return try nest(product(rows, inner, columns), target, machine: machine).tile
    }
    // Three of AVX2's vectors are a line and a half.
    #expect(try tile(8, 2_000, 528, .avx2) == [4, 2])
    #expect(try tile(8, 200, 528, .avx2) == [4, 3])
    // One tile of twelve rows computes as long as its lines take; of six, the first would wait.
    #expect(try tile(12, 2_000, 528, .avx512) == [12, 2])
    #expect(try tile(12, 200, 528, .avx512) == [6, 4])
    #expect(try tile(64, 2_000, 528, .avx2) == [4, 3])
  }

  @Test(
    "Where AVX-512's vectors are worked off in halves, AVX2's compute what fits into one of them")
  func narrowVectors() throws {
    func target(_ columns: Int, _ machine: MachineFacts) throws -> Target {
      try nest(product(40, 30, columns), .avx512, machine: machine).schedule.target
    }
    for columns in [3, 8, 10, 16] {
      #expect(try target(columns, .halved(.avx512)) == .avx2, "\(columns)")
      #expect(try target(columns, MachineFacts(.avx512)) == .avx512, "\(columns)")
    }
    #expect(try target(17, .halved(.avx512)) == .avx512)
  }

  @Test("Small windows of maxima are written out, larger ones are loops")
  func windows() throws {
    func maximum(_ side: Int) throws -> Schedule {
      let b = GraphBuilder()
      let x = try b.input("x", [2, 24, 24, 16])
      let geometry = WindowGeometry(kernel: [side, side], strides: [side, side])
      try b.output("y", try x.maximumPooling(geometry))
      return try nest(b.graph).schedule
    }
    for side in [2, 3, 4] { #expect(try maximum(side).unrollsWindow, "\(side)") }
    #expect(try !maximum(6).unrollsWindow)
  }
}

/// Elementwise work on transposed operands.
@Suite struct SquareTests {
  private func transposed(_ rows: Int, _ columns: Int) throws -> ScheduledNest {
    let b = GraphBuilder()
    try b.output("y", try b.input("x", [rows, columns]).transposed([1, 0]))
    return try nest(b.graph)
  }

  @Test("Squares are transposed in registers where lanes lie apart and rows side by side")
  func squares() throws {
    let large = try transposed(24, 21)
    let axis = try #require(large.schedule.squareAxis, "\(large.text)")
    // It is the axis along which the operand lies side by side: 21 rows, in three tiles.
    #expect(large.nest.axes[axis].extent == 21 && large.schedule.rowAxes == [axis])
    #expect(large.rows == TileSplit(21, atMost: 8) && large.rows?.sizes == [7], "\(large.text)")
    // Too little for a square.
    #expect(try transposed(24, 3).schedule.squareAxis == nil)
  }
}
