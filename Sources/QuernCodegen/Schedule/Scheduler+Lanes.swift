import QuernVectors

// Which axis lanes run over, and in which order the others follow.

extension Scheduler {
  /// The axis along which most of what is read and written lies side by side. Where that leaves a factor whose
  /// lanes lie apart, panels of it or a reduction axis, whichever takes less time.
  func chooseLanes() -> Schedule.Lanes {
    let work = max(nest.reductionCount, 1)
    func roughness(_ axis: Int) -> Int {
      let factors = nest.factors.filter { !nest.accesses[$0.access].isSmooth(along: axis) }
      let others = nest.accesses.indices.filter { index in
        !nest.factors.contains { $0.access == index }
          && !nest.accesses[index].isSmooth(along: axis)
      }
      return factors.count * work + others.count
    }
    let outputs = nest.outputAxes
    let reductions = nest.reductionAxes.filter { axis in
      nest.axes[axis].extent >= machine.target.lanes / 2
        && nest.factors.allSatisfy { nest.accesses[$0.access].isSmooth(along: axis) }
        && nest.factors.contains { nest.accesses[$0.access].isContiguous(along: axis) }
    }
    guard let last = outputs.last else {
      return reductions.last.map { .reduction($0) } ?? .output(nil)
    }
    var best = last
    for axis in outputs.reversed()
    where nest.axes[axis].extent >= machine.target.lanes / 2
      && roughness(axis) < roughness(best)
    {
      best = axis
    }
    let rough = nest.factors.filter { !nest.accesses[$0.access].isSmooth(along: best) }
    if !rough.isEmpty, let reduction = reductions.last {
      let canPack = rough.count == 1 && nest.isProduct
      if !canPack || !isWorthPacking(rough[0].access, lane: best, not: reduction) {
        return .reduction(reduction)
      }
    }
    return .output(best)
  }

  // MARK: Lanes along a sum

  /// Vectors of a sum whose lanes run over a reduction axis.
  private func vectors(along axis: Int) -> Int {
    let (extent, lanes) = (nest.axes[axis].extent, machine.target.lanes)
    return nest.reductionCount / extent * ((extent + lanes - 1) / lanes)
  }

  /// Whether a factor whose lanes lie apart is better copied into panels than read along the sum. Of such
  /// a sum the lanes must be added up, for each output; a panel is made once for all outputs that share it.
  ///
  /// - Parameters:
  ///   - lane: the output axis that lanes would run over.
  ///   - reduction: the axis that they would run over instead.
  private func isWorthPacking(
    _ access: Int, lane: Int, not reduction: Int
  ) -> Bool {
    let shared = reuse(access, lane: lane)
    let vectors = vectors(along: reduction)
    guard shared > 1 else { return false }
    if vectors <= numerics.lanes.shortSum
      || Double(shared) * numerics.lanes.copiedVectorsPerJoin >= Double(vectors)
    {
      return true
    }
    let bytes = shared * nest.reductionCount * nest.accesses[access].size
    return shared
      >= (bytes <= numerics.lanes.keptRowBytes
        ? numerics.lanes.minRowsOfPanels : numerics.lanes.minRowsOfPanelsFar)
  }

  /// Whether a row's sum is over before another's could be of help: nothing is gained by several at
  /// once.
  var isShort: Bool {
    guard case .reduction(let axis) = schedule.lanes else { return false }
    return vectors(along: axis) <= numerics.lanes.shortSum
  }

  // MARK: Rows

  /// Puts the row axes in order: those of outputs, but where lanes run along sums, those that the largest
  /// factor does not depend on come last. What tiles read of it then serves all their rows, and it is gone
  /// through once; the others' rows come from the first-level cache. An axis of squares is last as well.
  mutating func chooseRowAxes() {
    schedule.rowAxes = nest.outputAxes.filter { $0 != schedule.laneAxis }
    if let strides = largestStrides {
      schedule.rowAxes =
        schedule.rowAxes.filter { strides[$0] != 0 } + schedule.rowAxes.filter { strides[$0] == 0 }
    }
    schedule.squareAxis = chooseSquares()
    if let axis = schedule.squareAxis {
      schedule.rowAxes = schedule.rowAxes.filter { $0 != axis } + [axis]
    }
  }

  /// The row axis along which all that lanes would collect lies side by side, if there is one.
  private func chooseSquares() -> Int? {
    guard let lane = schedule.laneAxis, nest.isDirect, !nest.reduction.isTransform,
      nest.indices.isEmpty,
      nest.axes[lane].extent >= machine.target.lanes / 2
    else { return nil }
    let collected = nest.accesses.filter { !$0.isWritten && !$0.isSmooth(along: lane) }
    guard !collected.isEmpty else { return nil }
    return schedule.rowAxes.last { axis in
      nest.axes[axis].extent >= machine.target.lanes / 2
        && collected.allSatisfy { $0.element == .float32 && $0.isContiguous(along: axis) }
    }
  }

  /// Where lanes run along sums, the strides of the factor that has the most rows.
  private var largestStrides: [Int]? {
    guard case .reduction = schedule.lanes else { return nil }
    let factors = nest.factors.map { nest.accesses[$0.access].strides }
    func rows(_ strides: [Int]) -> Int {
      schedule.rowAxes.reduce(1) { strides[$1] == 0 ? $0 : $0 * nest.axes[$1].extent }
    }
    return factors.max { rows($0) < rows($1) }
  }

  /// Whether a tile reads few enough rows of the largest factor: each comes from memory by itself.
  func hasFewStreams(rows: Int) -> Bool {
    guard let strides = largestStrides else { return true }
    return rowsRead(strides, rows) <= tuning.tiles.maxFactorRows
  }

}
