import QuernCodegen
import QuernCompiler
import QuernGraph
import QuernMachine
import QuernPasses
import QuernTestSupport
import QuernVectors
import Testing

/// What a schedule depends on, its verifier, and its text.
@Suite struct ScheduleTests {
  private func schedule(
    _ nest: MemoryNest, _ target: Target = .avx2, threads: Int = 1
  ) -> Schedule {
    Scheduler.schedule(
      nest, MachineFacts(target), threads: threads, tuning: Tuning(), numerics: Numerics(),
      workShares: nil)
  }

  // MARK: Equality

  @Test("Layers of one shape have one schedule, wherever their tensors lie")
  func places() throws {
    let b = GraphBuilder()
    var x = try b.input("x", [40, 70])
    for layer in 1...3 {
      x = try x.matrixProduct(try b.input("w\(layer)", [70, 70])).maximum(x.scalar(0))
    }
    try b.output("y", x)
    let nests = try memoryNests(lower(b.graph))
    #expect(nests.count == 3 && Set(nests).count == 3)
    #expect(Set(nests.map(\.anywhere)).count == 1)
    for target in Target.all {
      let schedules = Set((nests + nests.map(\.anywhere)).map { schedule($0, target) })
      #expect(schedules.count == 1, "\(target)")
    }
    // Not every nest has this schedule.
    let other = try #require(memoryNests(lower(product(40, 70, 80))).first)
    #expect(schedule(other) != schedule(nests[0]))
  }

  @Test("Of a tensor's place it matters whether it starts on a cache line")
  func lines() throws {
    func place(from column: Int) throws -> Schedule.Panels.Place? {
      let b = GraphBuilder()
      let x = try b.input("x", [24, 800])
      let w = try b.input("w", [800, 528])
      let part = try w.sliced(from: [0, column], to: [800, column + 500])
      try b.output("y", try x.matrixProduct(part))
      return try nest(b.graph).place
    }
    #expect(try place(from: 16) == .inPlace)
    #expect(try place(from: 8) == .packed)
  }

  @Test("The passes choose what the scheduler chooses of the nest and the machine alone")
  func pure() throws {
    let graph = try product(24, 300, 90)
    for target in Target.all {
      for threads in 1...3 {
        let found = try nest(graph, target, threads: threads)
        let again = Scheduler.schedule(
          found.nest, MachineFacts(target), threads: threads, tuning: Tuning(),
          numerics: Numerics(), workShares: threads > 1 ? Tuning().workShares : nil)
        #expect(found.schedule == again, "\(target), \(threads) threads")
      }
    }
  }

  // MARK: Threads

  @Test("Threads change shares, and not the order of sums")
  func threads() throws {
    let graph = try product(128, 800, 1_000)
    for (target, shares) in [
      (Target.avx512, [1, 22, 21]), (.avx2, [1, 32, 42]), (.portable, [1, 32, 42]),
    ] {
      let found = try (1...3).map { try nest(graph, target, threads: $0).schedule }
      #expect(found.map(\.shares) == shares, "\(target)")
      #expect(found.map { $0.workSplit?.shares } == [nil, shares[1], shares[2]], "\(target)")
      #expect(found.map { $0.workSplit?.kind } == [nil, .column, .column], "\(target)")
      for other in found {
        #expect(other.lanes == found[0].lanes && other.target == target, "\(target)")
        #expect(other.blocks == found[0].blocks, "\(target)")
      }
    }
  }

  // MARK: Faults

  @Test("A schedule whose tiles do not cover the nest, or do not fit into registers, is refused")
  func faults() throws {
    let sound = try nest(product(9, 37, 53))
    let (nest, schedule) = (sound.nest, sound.schedule)
    #expect(schedule.fault(nest) == nil)
    let row = try #require(schedule.rowAxes.first)
    func fault(_ change: (inout Schedule) -> Void) -> String? {
      var broken = schedule
      change(&broken)
      return broken.fault(nest)
    }
    #expect(
      fault { $0.rows[row] = TileSplit(8, atMost: 3) } == "tiles of 8 of 9 positions of n")
    #expect(fault { $0.columns = TileSplit(6, atMost: 3) } == "6 of 7 vectors")
    #expect(fault { $0.rowAxes = [] } == "loops over axes [1], and the outputs' are [0, 1]")
    #expect(
      fault { $0.rowAxes = [row, row] } == "loops over axes [0, 0, 1], and the outputs' are [0, 1]")
    #expect(
      fault { $0.columns = TileSplit(7, atMost: 7) } == "21 accumulators in 16 registers")
    // As many as there are registers leave none for the operands.
    #expect(
      fault {
        $0.rows[row] = TileSplit(9, atMost: 4)
        $0.columns = TileSplit(7, atMost: 4)
      } == nil)
    #expect(
      fault {
        $0.rows[row] = TileSplit(9, atMost: 5)
        $0.columns = TileSplit(7, atMost: 4)
      } == "20 accumulators in 16 registers")
    #expect(fault { $0.writtenOut = 1 } == "1 of 1 reduction axes written out")
    #expect(fault { $0.unroll = 0 } != nil)
  }

  @Test("Blocks that do not cover the reduction are refused")
  func blockFaults() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [2_000, 200])
    try b.output("y", try x.transposed([1, 0]).matrixProduct(b.input("d", [2_000, 2_000])))
    let sound = try nest(b.graph)
    let (nest, schedule) = (sound.nest, sound.schedule)
    try #require(schedule.blocks != nil)
    func fault(_ change: (inout ReductionBlocks) -> Void) -> String? {
      var broken = schedule
      broken.blocks.map { blocks in
        var blocks = blocks
        change(&blocks)
        broken.blocks = blocks
      }
      return broken.fault(nest)
    }
    #expect(fault { _ in } == nil)
    #expect(fault { $0.lastSize += 1 } != nil)
    #expect(fault { $0.count -= 1 } != nil)
    #expect(fault { $0.axis = nest.outputAxes[0] } != nil)
    #expect(
      fault { $0.outer = [ReductionBlocks.Axis(axis: nest.outputAxes[0], extent: 2)] } != nil)
  }

  @Test("A schedule of one nest is not one of another")
  func otherNest() throws {
    let (nine, ten) = (try nest(product(9, 37, 53)), try nest(product(10, 37, 53)))
    #expect(nine.schedule.fault(ten.nest) == "tiles of 9 of 10 positions of n")
    let wide = try nest(product(9, 37, 57))
    #expect(nine.schedule.fault(wide.nest) == "7 of 8 vectors")
  }
}
