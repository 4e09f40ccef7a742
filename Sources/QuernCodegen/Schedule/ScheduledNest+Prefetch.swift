import QuernGraph
import QuernMachine
import QuernPasses
import QuernVectors

extension ScheduledNest {
  /// How tiles ask for the next panel's elements while they compute with this one's.
  ///
  /// Where few rows share a panel, a good part of the time goes into packing it, or into reading it for
  /// the first time, which would wait for memory line by line. Each round of a tile's reduction loop
  /// asks for one cache line; several tiles together ask for the whole panel, and later ones again
  /// for what was lost.
  struct Prefetch {
    /// Elements that one round leads on.
    var step: Int
    /// Cache lines side by side that a round asks for.
    var lines = 1
    /// C that must stand before the call.
    var preparation: [String] = []
    /// C for where a tile starts, or a run's first.
    var start: String
    /// C for how far from there a tile starts, by the number of a run's tile.
    var perTile: String?
    /// Elements that a tile asks for: the next one goes on from there.
    var tileElements = 0
    /// By default for the second-level cache: tiles go through a whole panel before the next.
    var purpose = PrefetchPurpose.readLater
    /// What tile functions call the place where they start.
    var parameter: String { perTile == nil ? "prefetch" : "next" }
  }

  /// - Parameters:
  ///   - width: elements of the panel's rows.
  ///   - run: the loop that calls work off.
  /// - Returns: nil where panels stay in the cache together, or are shared by so many rows or so few that
  ///   reading ahead would not help.
  func prefetch(_ mode: TileMode, width: Int, run: TileLoop?) -> Prefetch? {
    // It is rounds that ask.
    guard schedule.prefetches.contains(.nextPanel), let panels = schedule.panels,
      let lane = schedule.laneAxis, schedule.rounds(nest, mode) > 1,
      let reduction = nest.reductionAxes.last,
      let rowLoop = loops.first(where: { $0.kind == .row && $0.split.count > 1 })
    else { return nil }
    let access = nest.access(of: panels.factor)
    let isRun = run.map { $0.kind == .row && $0.axis == rowLoop.axis } ?? false
    let tile = isRun ? "tile" : rowLoop.tile
    let isOnePanel = schedule.columns.count == 1
    guard isOnePanel ? liesInPanels(access, lane: lane, width: width) : !fitsAllPanels else {
      return nil
    }
    if isOnePanel || schedule.isPrepared {
      return preparedPrefetch(panels, mode, width: width, tile: tile, isRun: isRun)
    }
    let line = MachineFacts.cacheLine / access.size
    var step = access.elements(along: reduction)
    // Cache lines side by side, each a tile's, and elements from one to the next.
    var lines = (width + line - 1) / line
    var lineDistance = line
    if access.isContiguous(along: lane) {
      // Rows that are packed start anywhere in a line.
      if panels.place == .packed { lines += 1 }
    } else {
      // The panel is made by transposing: its rows lie side by side, one for each lane.
      guard step == 1, nest.reductionAxes.count == 1 else { return nil }
      step = line
      lineDistance = line * access.elements(along: lane)
    }
    guard schedule.rowTileCount >= lines else { return nil }
    let start = "\(access.name) + \(next(access.elementStrides, mode, width: width, lane: lane))"
    var own = "\(tile) % \(lines) * \(lineDistance)"
    let roundSteps = schedule.roundSteps(nest)
    if roundSteps > 1 {
      // A round is several steps: as many parts of the reduction, each a tile's.
      let part = schedule.steps(nest, mode) / roundSteps * step
      own += " + \(tile) / \(lines) % \(roundSteps) * \(part)"
    }
    return Prefetch(step: step, start: start, own: own, isRun: isRun)
  }

  /// Whether a factor is a tensor of panels already, one behind the other, of which nothing but what is
  /// computed now is in the cache: examples of a region go through all panels again and again.
  private func liesInPanels(_ access: MemoryAccess, lane: Int, width: Int) -> Bool {
    guard schedule.panels?.place == .inPlace, nest.chunkAxis == nil,
      access.isContiguous(along: lane),
      let next = schedule.panelAxes.last
    else { return false }
    return access.elements(along: next) == panelSteps * width
  }

  /// How tiles ask for the panel, or the block of one, that lies behind the present one.
  ///
  /// - Parameter tile: C for a tile's number.
  private func preparedPrefetch(
    _ panels: Schedule.Panels, _ mode: TileMode, width: Int, tile: String, isRun: Bool
  ) -> Prefetch? {
    let index = nest.factors[panels.factor].access
    let line = MachineFacts.cacheLine / nest.accesses[index].size
    let rounds = schedule.rounds(nest, mode)
    let elements = schedule.steps(nest, mode) * width
    // The same block of the next panel, or what follows the present one in memory.
    let distance = schedule.blocks?.keepsRows == true ? panelSteps * width : elements
    let all = (elements + line - 1) / line
    let requests = schedule.rowTileCount * rounds
    let lines = min(schedule.roundSteps(nest), (all + requests - 1) / requests)
    // Where one tile can ask for more than is needed, others begin anew.
    let parts = max(1, min(schedule.rowTileCount, all / (rounds * lines)))
    let panel = argument(index, accesses(width: width), mode, nil)
    return Prefetch(
      step: lines * line, lines: lines, start: "\(panel) + \(distance)",
      own: "\(tile) % \(parts) * \(rounds * lines * line)", isRun: isRun)
  }

  /// C for where the elements start that the next panel is made of.
  private func next(_ strides: [Int], _ mode: TileMode, width: Int, lane: Int) -> String {
    let chunk = nest.chunkAxis.map { [(nest.axes[$0].name, strides[$0])] } ?? []
    let column = [(nest.axes[lane].name, strides[lane])]
    var (block, offset) = blockStart(strides, mode) ?? ([], 0)
    let nextColumn = width * strides[lane]
    if let blocks = schedule.blocks, !blocks.keepsRows, blocks.outer.isEmpty {
      // The next block of this column, and after the last the first of the next column.
      if mode == .accumulate {
        offset += blocks.size * strides[blocks.axis]
      } else {
        (block, offset) = ([], nextColumn)
      }
    } else {
      offset += nextColumn
    }
    return affineText(chunk + column + block, offset: offset)
  }

  /// How tiles ask for what a region will need next.
  ///
  /// - Parameters:
  ///   - run: the loop that calls work off: its tiles ask together.
  ///   - maxRegionLines: see `Tuning.Prefetch`.
  func prefetch(_ region: RegionPrefetch, run: TileLoop?, maxRegionLines: Int) -> Prefetch? {
    guard nest.reduction == .sum, schedule.blocks == nil, case .output = schedule.lanes else {
      return nil
    }
    let (rounds, roundSteps) = (schedule.rounds(nest, .whole), schedule.roundSteps(nest))
    guard rounds > 1 else { return nil }
    // Tiles are numbered as their loops are nested.
    let walked = loops.filter {
      $0.split.count > 1 && !($0.kind == run?.kind && $0.axis == run?.axis)
    }
    guard let first = walked.first else { return nil }
    var number = first.tile
    for loop in walked.dropFirst() {
      let outer = number.contains(" ") ? "(\(number))" : number
      number = "\(outer) * \(loop.split.count) + \(loop.tile)"
    }
    let count = walked.reduce(1) { $0 * $1.split.count }
    let together = run?.split.count ?? 1
    let plan = region.plan(
      callCount: count, rounds: rounds * together, maxLines: min(roundSteps, maxRegionLines))
    let line = MachineFacts.cacheLine / ElementType.accumulator.byteCount
    let elements = plan.linesPerCall * line
    var lines = [
      "// Prefetch what the next chunk reads, and where this chunk's results go.",
      "const long call = \(number);",
    ]
    for (number, (range, calls)) in zip(region.ranges, plan.calls).enumerated() {
      let chunk = range.lead == 0 ? "chunk" : "(chunk + \(range.lead))"
      let call = calls.lowerBound == 0 ? "call" : "(call - \(calls.lowerBound))"
      let head =
        calls.lowerBound == 0
        ? "const float *prefetch" : "if (call >= \(calls.lowerBound)) prefetch"
      lines.append(
        "\(head) = (const float *)(\(RegionPrefetch.name(number)) + \(chunk) * \(range.bytes)) + "
          + "\(call) * \(elements);")
    }
    return Prefetch(
      step: plan.linesPerRound * line, lines: plan.linesPerRound, preparation: lines,
      start: "prefetch", tileElements: elements / together,
      purpose: region.forWriting ? .write : .read)
  }

}

extension ScheduledNest.Prefetch {
  /// - Parameters:
  ///   - start: C for where the first tile starts.
  ///   - own: C for how far from there a tile starts, by its number.
  ///   - isRun: whether a call works off several tiles, and so reckons that itself.
  fileprivate init(step: Int, lines: Int = 1, start: String, own: String, isRun: Bool) {
    self.init(
      step: step, lines: lines, start: isRun ? start : "\(start) + \(own)",
      perTile: isRun ? own : nil)
  }
}
