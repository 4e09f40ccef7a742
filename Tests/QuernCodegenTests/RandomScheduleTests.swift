import QuernCodegen
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// What holds of the schedules of all nests, tried with those of random graphs.
@Suite struct RandomScheduleTests {
  /// The schedules of a seed's graph; small caches, chunks and fast convolutions differ by seed.
  private func program(_ seed: Int, _ target: Target, threads: Int) throws -> ScheduledProgram {
    let options = CompileOptions.varied(seed: seed, target: target, threads: threads)
    return try schedule(RandomGraph(seed: seed).graph, options.passes)
  }

  @Test("No schedule has a fault", arguments: 0..<100)
  func sound(seed: Int) throws {
    for target in Target.all {
      let nests = try program(seed, target, threads: 1 + seed % 3).scheduledNests.joined()
      #expect(!nests.isEmpty)
      for nest in nests {
        #expect(nest.schedule.fault(nest.nest) == nil, "\(target), \(nest.name):\n\(nest.text)")
      }
    }
  }

  @Test("Threads, caches, tuning and addresses do not change the order of sums", arguments: 0..<100)
  func order(seed: Int) throws {
    for target in Target.all {
      for found in try program(seed, target, threads: 1).scheduledNests.joined() {
        let nest = found.nest
        for variant in Self.variants(target) {
          let schedule = variant.schedule(nest)
          let text = "\(target), \(found.name), \(variant):\n\(found.text)"
          #expect(schedule.lanes == found.schedule.lanes, "\(text)")
          #expect(schedule.target == found.schedule.target, "\(text)")
          #expect(schedule.fault(nest) == nil, "\(text)")
          #expect(schedule.blocks?.keepsOrder(of: nest) != false, "\(text)")
          #expect(variant.schedule(nest.anywhere) == schedule, "\(text)")
        }
      }
    }
  }

  @Test("The graphs have schedules of every kind")
  func coverage() throws {
    var kinds: Set<String> = []
    for seed in 0..<100 {
      for nest in try program(seed, .avx2, threads: 2).scheduledNests.joined() {
        kinds.formUnion(Self.kinds(nest.schedule))
      }
    }
    #expect(
      kinds == [
        "lanes of outputs", "lanes of a sum", "one element", "squares", "panels inPlace",
        "panels packed", "panels prepared", "panels at positions", "blocks", "blocks at positions",
        "loops written out", "window written out", "shared", "not shared", "several row axes",
      ])
  }

  private static func kinds(_ schedule: Schedule) -> [String] {
    let lanes =
      switch schedule.lanes {
      case .output(nil): "one element"
      case .output: "lanes of outputs"
      case .reduction: "lanes of a sum"
      }
    let others: [(String, Bool)] = [
      ("squares", schedule.squareAxis != nil),
      ("panels at positions", !schedule.panelAxes.isEmpty),
      ("blocks", schedule.blocks != nil),
      ("blocks at positions", schedule.blocks?.outer.isEmpty == false),
      ("loops written out", schedule.writtenOut > 0),
      ("window written out", schedule.unrollsWindow),
      (schedule.workSplit == nil ? "not shared" : "shared", true),
      ("several row axes", schedule.rowAxes.count > 1),
    ]
    return [lanes] + (schedule.panels.map { ["panels \($0.place)"] } ?? [])
      + others.filter(\.1).map(\.0)
  }

  @Test("Blocks that leave terms out, or take them in another order, would be noticed")
  func brokenBlocks() throws {
    let streamed = try nest(product(1, 2_000, 1_500))
    let blocks = try #require(streamed.schedule.blocks)
    func keepsOrder(_ change: (inout ReductionBlocks) -> Void) -> Bool {
      var broken = blocks
      change(&broken)
      return broken.keepsOrder(of: streamed.nest)
    }
    #expect(keepsOrder { _ in })
    #expect(!keepsOrder { $0.count -= 1 })
    #expect(!keepsOrder { $0.lastSize -= 1 })
    #expect(!keepsOrder { $0.size += 1 })
    #expect(!keepsOrder { $0.axis -= 1 })
  }

  /// What may differ between two runs whose results must have the same bits.
  private struct Variant {
    var machine: MachineFacts
    var threads = 1
    var tuning = Tuning()

    func schedule(_ nest: MemoryNest) -> Schedule {
      Scheduler.schedule(
        nest, machine, threads: threads, tuning: tuning, numerics: Numerics(),
        workShares: threads > 1 ? tuning.workShares : nil)
    }
  }

  private static func variants(_ target: Target) -> [Variant] {
    var eager = Tuning()
    eager.panels.minRows = 1
    eager.blocks.streamedSteps = 2
    eager.tiles.roundMultiplyAdds = 8
    eager.workShares = .always
    let large = MachineFacts(target, level1Cache: 128 << 10, level2Cache: 4 << 20)
    return (1...3).map { Variant(machine: MachineFacts(target), threads: $0) } + [
      Variant(machine: .smallCaches(target), threads: 2), Variant(machine: large),
      Variant(machine: .smallCaches(target), threads: 3, tuning: eager),
    ]
  }
}

extension ReductionBlocks {
  /// Whether blocks go through a sum's terms as without blocks, and through all of them: parts of one axis
  /// at each position of all axes further out.
  fileprivate func keepsOrder(of nest: MemoryNest) -> Bool {
    let axes = outer.map(\.axis) + [axis]
    return axes == Array(nest.reductionAxes.prefix(axes.count))
      && outer.allSatisfy { $0.extent == nest.axes[$0.axis].extent }
      && (count - 1) * size + lastSize == nest.axes[axis].extent && 1...size ~= lastSize
  }
}
