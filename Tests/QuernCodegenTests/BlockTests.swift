import QuernCodegen
import QuernGradient
import QuernGraph
import QuernMachine
import QuernTestSupport
import QuernVectors
import Testing

/// Long sums that are worked off in blocks which stay in the first-level cache.
@Suite struct BlockTests {
  /// Σₙ x[n, c] · y[n, t]: what a layer's weights change by.
  private func gradient(
    batch: Int, inputs: Int, outputs: Int, threads: Int = 1
  ) throws -> ScheduledNest {
    let b = GraphBuilder()
    let x = try b.input("x", [batch, inputs])
    let y = try b.input("y", [batch, outputs])
    try b.output("gradient", try x.transposed([1, 0]).matrixProduct(y))
    return try nest(b.graph, threads: threads, machine: Self.machine)
  }

  private static let machine = MachineFacts(.avx2, level2Cache: 512 << 10)

  /// The gradient of a convolution by its filters: a sum over pictures, rows and columns.
  private func gradient(pictures: [Int], filters: Int) throws -> ScheduledNest {
    let b = GraphBuilder()
    let x = try b.input("x", Shape(pictures))
    let w = try b.input("w", [3, 3, pictures[3], filters])
    let y = try x.convolution(w, WindowGeometry(kernel: [3, 3], strides: [2, 2]))
    try b.output(
      "gradient", try QuernGradient.gradient(of: (y * y).sum(), withRespectTo: [w])[0])
    let all = try nests(b.graph, machine: Self.machine) { $0.convolution = .direct }
    let cut = all.filter { $0.schedule.blocks != nil }
    try #require(cut.count == 1, "\(all.map(\.text))")
    return cut[0]
  }

  @Test("A long batch is cut, a short one is not: its tiles find all in the cache anyway")
  func batches() throws {
    let long = try gradient(batch: 512, inputs: 640, outputs: 640)
    let blocks = try #require(long.schedule.blocks, "\(long.text)")
    #expect(blocks.size == 128 && blocks.count == 4 && blocks.lastSize == 128, "\(long.text)")
    #expect(blocks.outer.isEmpty && [blocks.axis] == long.nest.reductionAxes)
    #expect(try gradient(batch: 128, inputs: 640, outputs: 640).schedule.blocks == nil)
    // All that is read stays in the second-level cache.
    #expect(try gradient(batch: 512, inputs: 40, outputs: 40).schedule.blocks == nil)
  }

  @Test("Few sums wait for a block all together, many one panel after the other")
  func order() throws {
    let few = try gradient(batch: 2000, inputs: 200, outputs: 200)
    #expect(few.schedule.blocks?.keepsRows == true, "\(few.text)")
    let many = try gradient(batch: 2000, inputs: 200, outputs: 2000)
    #expect(many.schedule.blocks?.keepsRows == false, "\(many.text)")
    #expect(many.schedule.order.map(\.kind) == [.column, .row])
    // Panels that no other block goes through are shared out in turns.
    let shared = try gradient(batch: 2000, inputs: 200, outputs: 2000, threads: 2)
    #expect(shared.schedule.workSplit?.kind == .column && shared.schedule.shares == 32)
  }

  @Test("Pictures are cut into bands of rows of one height where a whole one is too much")
  func pictures() throws {
    let tall = try gradient(pictures: [4, 61, 57, 64], filters: 64)
    let bands = try #require(tall.schedule.blocks)
    // Five of the 30 rows of 28, which are 140 steps, at each of the four pictures.
    #expect(bands.size == 5 && bands.count == 6 && bands.lastSize == 5, "\(tall.text)")
    #expect(tall.name(bands.axis) == "y")
    #expect(bands.outer.map { tall.name($0.axis) } == ["n"] && bands.outer.map(\.extent) == [4])
    #expect(
      tall.schedule.lines(tall.nest).contains(
        "blocks of 5 of y at each n, each for all panels"), "\(tall.text)")
    // Several pictures together where they are small.
    let small = try gradient(pictures: [40, 9, 9, 64], filters: 64)
    let together = try #require(small.schedule.blocks)
    #expect(together.size == 8 && together.count == 5 && together.outer.isEmpty, "\(small.text)")
    #expect(small.name(together.axis) == "n")
  }

  @Test("Sums with a match are cut as well", arguments: Target.all)
  func matches(target: Target) throws {
    #expect(try nests(matchInBlocks(), target).contains { $0.schedule.blocks != nil })
  }

  private func isStreamed(
    _ rows: Int, _ inner: Int, _ columns: Int, threads: Int = 1
  ) throws -> Bool {
    guard let blocks = try nest(product(rows, inner, columns), threads: threads).schedule.blocks
    else { return false }
    #expect(blocks.size == 16 && blocks.outer.isEmpty && blocks.keepsRows)
    return true
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

  @Test("It is the machine's memory that tells which matrices are large")
  func memory() throws {
    for rows in [1, 2, 7, 12] {
      for memoryBytes in [0, 1 << 30] {
        var machine = MachineFacts(.avx2)
        machine.memoryBytes = memoryBytes
        let found = try nest(product(rows, 83, 1_100), machine: machine)
        #expect((found.schedule.blocks != nil) == (memoryBytes == 0), "\(found.text)")
      }
    }
  }
}
