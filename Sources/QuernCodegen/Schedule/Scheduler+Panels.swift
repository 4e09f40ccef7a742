import QuernMachine
import QuernPasses
import QuernVectors

// Which factor tiles go through panel by panel, and where the panels lie.

extension Scheduler {
  /// How many outputs share one value of a factor, lanes aside.
  func reuse(_ access: Int, lane: Int) -> Int {
    nest.outputAxes.filter { $0 != lane && nest.accesses[access].strides[$0] == 0 }
      .reduce(1) { $0 * nest.axes[$1].extent }
  }

  mutating func choosePanels() {
    guard let lane = schedule.laneAxis, nest.isProduct else { return }
    let candidates = nest.factors.indices.filter {
      nest.accesses[nest.factors[$0].access].strides[lane] != 0
    }
    guard candidates.count == 1 else { return }
    let access = nest.access(of: candidates[0])
    let shared = reuse(nest.factors[candidates[0]].access, lane: lane)
    let canPrepare = canPrepare(access)
    // What is copied in each step must be used often.
    let enough =
      access.isSmooth(along: lane)
      ? tuning.panels.minRows : tuning.panels.minRowsOfGathered
    guard shared >= enough || canPrepare else { return }
    // A tile's rows share the factor's lanes; where it lies elsewhere, tiles begin anew.
    schedule.panelAxes = schedule.rowAxes.filter { access.strides[$0] != 0 }
    schedule.rowAxes.removeAll { schedule.panelAxes.contains($0) }
    // Panels that one can prepare are read in order, at the pace of memory.
    let isInPlace =
      liesClose(access, lane)
      || !canPrepare && liesOnLines(access, lane)
        && !(shared >= tuning.panels.minRowsFarApart && waitsForRows)
    schedule.panels = Schedule.Panels(
      factor: candidates[0], place: isInPlace ? .inPlace : canPrepare ? .prepared : .packed)
  }

  /// Whether a factor's panels can be packed before the first step.
  private func canPrepare(_ access: MemoryAccess) -> Bool {
    access.isFixed && nest.chunkAxis.map { access.strides[$0] == 0 } ?? true
  }

  /// Packs panels whose rows lie close together where many rows share them, and a cache that could keep
  /// them does not.
  mutating func packCloseRows() {
    guard let panels = schedule.panels, panels.place == .inPlace, let lane = schedule.laneAxis
    else { return }
    let factor = nest.factors[panels.factor].access
    let access = nest.accesses[factor]
    guard liesClose(access, lane) else { return }
    let shared = reuse(factor, lane: lane)
    let isWorthCopy: Bool
    if laneBytes(panels.factor) > widthBytes {
      // Tiles share cache lines: all lines are read for each of them, unless they are still there.
      let stays =
        needsBlocks
        || nest.reductionCount <= firstLevelSteps
      isWorthCopy =
        shared >= (stays ? tuning.panels.minRowsSharingLines : tuning.panels.minRowsSharingFarLines)
    } else {
      isWorthCopy =
        shared >= tuning.panels.minRowsClose
        && nest.reductionCount * innerBytes(access) > machine.keptBytes
    }
    guard isWorthCopy else { return }
    let place: Schedule.Panels.Place = canPrepare(access) ? .prepared : .packed
    schedule.panels?.place = place
  }

  /// Whether the rows of a factor's panels lie close together where they are.
  private func liesClose(_ access: MemoryAccess, _ lane: Int) -> Bool {
    innerBytes(access) <= tuning.panels.closeBytes && access.isContiguous(along: lane)
      && nest.axes[lane].extent * access.size <= tuning.panels.closeBytes
  }

  /// Bytes from one row of a factor's panels to the next.
  private func innerBytes(_ access: MemoryAccess) -> Int {
    nest.reductionAxes.last.map { abs(access.strides[$0]) } ?? 0
  }

  /// Whether the rows of a factor's panels start on cache lines, and on lines that do not drive each
  /// other out: those of a power of two apart would meet in one set of the cache.
  private func liesOnLines(_ access: MemoryAccess, _ lane: Int) -> Bool {
    guard access.isContiguous(along: lane), nest.reductionAxes.count == 1 else { return false }
    let line = MachineFacts.cacheLine
    return access.startsOnLine
      && access.strides.indices.allSatisfy { axis in
        axis == lane || access.strides[axis] % line == 0
      } && nest.reductionAxes.allSatisfy { access.strides[$0] / line % 2 != 0 }
  }

  /// Whether a tile's multiply-adds for one row of a panel are over before the next has been found, where
  /// rows lie apart.
  private var waitsForRows: Bool {
    let accumulators = Double(machine.target.registerCount) * 3 / 4
    return accumulators / machine.multiplyAddsPerCycle < machine.farLatency
  }
}
