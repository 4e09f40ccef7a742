import QuernVectors

// Which factor tiles go through panel by panel, and where the panels lie.

extension TilePlan {
  /// How many outputs share one value of a factor, lanes aside.
  static func reuse(_ nest: PlacedNest, _ reference: Int, lane: Int) -> Int {
    nest.outputAxes.filter { $0 != lane && nest.references[reference].strides[$0] == 0 }
      .reduce(1) { $0 * nest.axes[$1].extent }
  }

  /// Rows from which on a panel may be copied, and one whose lanes would else be collected one by one.
  private static let rowsWorthCopy = 8
  private static let rowsWorthGather = 2
  /// Bytes up to which rows lie close together.
  private static let closeBytes = 256

  mutating func choosePacking(_ nest: PlacedNest, _ machine: MachineFacts) {
    guard let lane = laneAxis, nest.isProduct else { return }
    let candidates = nest.factors.indices.filter {
      nest.references[nest.factors[$0].reference].strides[lane] != 0
    }
    guard candidates.count == 1 else { return }
    let reference = nest.references[nest.factors[candidates[0]].reference]
    let shared = Self.reuse(nest, nest.factors[candidates[0]].reference, lane: lane)
    let canPrepare = Self.canPrepare(reference, nest)
    // What is copied in each step must be used often.
    let enough = Self.isSmooth(reference.strides[lane]) ? Self.rowsWorthCopy : Self.rowsWorthGather
    guard shared >= enough || canPrepare else { return }
    // A tile's rows share the factor's lanes; where it lies elsewhere, tiles begin anew.
    panelAxes = rowAxes.filter { reference.strides[$0] != 0 }
    rowAxes.removeAll { panelAxes.contains($0) }
    // Panels that one can prepare are read in order, at the pace of memory.
    let isInPlace =
      liesClose(reference, nest, lane)
      || !canPrepare && liesOnLines(reference, nest, lane)
        && !(shared >= Self.rowsWorthPacking && Self.waitsForRows(machine))
    panels = Panels(
      factor: candidates[0], place: isInPlace ? .inPlace : canPrepare ? .prepared : .packed)
  }

  /// Whether a factor's panels can be packed before the first step.
  private static func canPrepare(_ reference: PlacedNest.Reference, _ nest: PlacedNest) -> Bool {
    reference.isFixed && nest.chunkAxis.map { reference.strides[$0] == 0 } ?? true
  }

  /// Packs panels whose rows lie close together where many rows share them, and a cache that could keep
  /// them does not.
  mutating func packCloseRows(_ nest: PlacedNest, _ machine: MachineFacts) {
    guard let panels, panels.place == .inPlace, let lane = laneAxis else { return }
    let factor = nest.factors[panels.factor].reference
    let reference = nest.references[factor]
    guard liesClose(reference, nest, lane) else { return }
    let shared = Self.reuse(nest, factor, lane: lane)
    let isWorthCopy: Bool
    if laneBytes(panels.factor, nest, machine) > widthBytes(machine) {
      // Tiles share cache lines: all lines are read for each of them, unless they are still there.
      let stays =
        needsBlocks(nest, machine)
        || nest.reductionCount <= firstLevelSteps(nest, machine)
      isWorthCopy = shared >= (stays ? Self.rowsWorthPackingLines : Self.rowsWorthPackingFarLines)
    } else {
      isWorthCopy =
        shared >= Self.rowsWorthPackingClose
        && nest.reductionCount * innerBytes(reference, nest) > machine.keptBytes
    }
    guard isWorthCopy else { return }
    self.panels?.place = Self.canPrepare(reference, nest) ? .prepared : .packed
  }

  /// Whether the rows of a factor's panels lie close together where they are.
  private func liesClose(_ reference: PlacedNest.Reference, _ nest: PlacedNest, _ lane: Int) -> Bool
  {
    innerBytes(reference, nest) <= Self.closeBytes && reference.strides[lane] == 1
      && nest.axes[lane].extent * 4 <= Self.closeBytes
  }

  /// Bytes from one row of a factor's panels to the next.
  private func innerBytes(_ reference: PlacedNest.Reference, _ nest: PlacedNest) -> Int {
    nest.reductionAxes.last.map { abs(reference.strides[$0]) * 4 } ?? 0
  }

  /// Whether the rows of a factor's panels start on cache lines, and on lines that do not drive each
  /// other out: those of a power of two apart would meet in one set of the cache.
  private func liesOnLines(_ reference: PlacedNest.Reference, _ nest: PlacedNest, _ lane: Int)
    -> Bool
  {
    guard reference.strides[lane] == 1, nest.reductionAxes.count == 1 else { return false }
    let line = 64 / reference.element.byteCount
    return reference.startsOnLine
      && reference.strides.indices.allSatisfy { axis in
        axis == lane || reference.strides[axis] % line == 0
      } && nest.reductionAxes.allSatisfy { reference.strides[$0] / line % 2 != 0 }
  }

  /// Rows from which on a copy of a panel whose rows lie apart may take less time than it saves.
  private static let rowsWorthPacking = 32
  /// The same for a panel whose rows lie close together.
  private static let rowsWorthPackingClose = 192
  /// The same where of each cache line a tile reads a part.
  private static let rowsWorthPackingLines = 64
  /// The same where these lines come from the second-level cache for each tile.
  private static let rowsWorthPackingFarLines = 16

  /// Whether a tile's multiply-adds for one row of a panel are over before the next has been found, where
  /// rows lie apart.
  private static func waitsForRows(_ machine: MachineFacts) -> Bool {
    let accumulators = Double(machine.target.registerCount) * 3 / 4
    return accumulators / machine.multiplyAddsPerCycle < machine.farLatency
  }
}
