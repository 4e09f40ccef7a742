import QuernVectors

// Which axis lanes run over, and in which order the others follow.

extension TilePlan {
  static func isSmooth(_ stride: Int) -> Bool { stride == 0 || stride == 1 }

  /// The axis along which most of what is read and written lies side by side. Where that leaves a factor whose
  /// lanes lie apart, panels of it or a reduction axis, whichever takes less time.
  static func chooseLanes(_ nest: PlacedNest, _ machine: MachineFacts) -> Lanes {
    let work = max(nest.reductionCount, 1)
    func roughness(_ axis: Int) -> Int {
      let factors = nest.factors.filter { !isSmooth(nest.references[$0.reference].strides[axis]) }
      let others = nest.references.indices.filter { index in
        !nest.factors.contains { $0.reference == index }
          && !isSmooth(nest.references[index].strides[axis])
      }
      return factors.count * work + others.count
    }
    let outputs = nest.outputAxes
    let reductions = nest.reductionAxes.filter { axis in
      nest.axes[axis].extent >= machine.target.lanes / 2
        && nest.factors.allSatisfy {
          isSmooth(nest.references[$0.reference].strides[axis])
        }
        && nest.factors.contains { nest.references[$0.reference].strides[axis] == 1 }
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
    let rough = nest.factors.filter {
      !isSmooth(nest.references[$0.reference].strides[best])
    }
    if !rough.isEmpty, let reduction = reductions.last {
      let canPack = rough.count == 1 && nest.isProduct
      if !canPack || !isWorthPacking(nest, rough[0].reference, lane: best, not: reduction, machine)
      {
        return .reduction(reduction)
      }
    }
    return .output(best)
  }

  // MARK: Lanes along a sum

  /// Vectors of a sum whose lanes run over a reduction axis.
  private static func vectors(_ nest: PlacedNest, along axis: Int, _ machine: MachineFacts) -> Int {
    let (extent, lanes) = (nest.axes[axis].extent, machine.target.lanes)
    return nest.reductionCount / extent * ((extent + lanes - 1) / lanes)
  }

  /// Whether a factor whose lanes lie apart is better copied into panels than read along the sum. Of such
  /// a sum the lanes must be added up, for each output; a panel is made once for all outputs that share it.
  ///
  /// - Parameters:
  ///   - lane: the output axis that lanes would run over.
  ///   - reduction: the axis that they would run over instead.
  private static func isWorthPacking(
    _ nest: PlacedNest, _ reference: Int, lane: Int, not reduction: Int, _ machine: MachineFacts
  ) -> Bool {
    let shared = reuse(nest, reference, lane: lane)
    let vectors = vectors(nest, along: reduction, machine)
    guard shared > 1 else { return false }
    if vectors <= shortSum || Double(shared) * joinedVectors >= Double(vectors) { return true }
    let bytes = shared * nest.reductionCount * 4
    return shared >= (bytes <= keptRowBytes ? rowsWorthPanels : rowsWorthPanelsFar)
  }

  /// Vectors of a sum up to which it is over before another's could be of help.
  private static let shortSum = 4
  /// Vectors that are copied into panels in the time that adding up the lanes of a sum takes.
  private static let joinedVectors = 4.0 / 3
  /// Rows from which on panels take less time, where all these rows stay in the first-level cache, and where
  /// they do not: then a tile reads them anew for each vector of the factor. The cache is any machine's, since
  /// the order of sums must not depend on it.
  private static let rowsWorthPanels = 12
  private static let rowsWorthPanelsFar = 7
  private static let keptRowBytes = 32 << 10

  /// Whether a row's sum is over before another's could be of help: nothing is gained by several at
  /// once.
  func isShort(_ nest: PlacedNest, _ machine: MachineFacts) -> Bool {
    guard case .reduction(let axis) = lanes else { return false }
    return Self.vectors(nest, along: axis, machine) <= Self.shortSum
  }

  // MARK: Rows

  /// Puts the row axes in order: those of outputs, but where lanes run along sums, those that the largest
  /// factor does not depend on come last. What tiles read of it then serves all their rows, and it is gone
  /// through once; the others' rows come from the first-level cache. An axis of squares is last as well.
  mutating func chooseRowAxes(_ nest: PlacedNest, _ machine: MachineFacts) {
    rowAxes = nest.outputAxes.filter { $0 != laneAxis }
    if let strides = largestStrides(nest) {
      rowAxes = rowAxes.filter { strides[$0] != 0 } + rowAxes.filter { strides[$0] == 0 }
    }
    squareAxis = chooseSquares(nest, machine)
    if let axis = squareAxis { rowAxes = rowAxes.filter { $0 != axis } + [axis] }
  }

  /// The row axis along which all that lanes would collect lies side by side, if there is one.
  private func chooseSquares(_ nest: PlacedNest, _ machine: MachineFacts) -> Int? {
    guard let lane = laneAxis, nest.isDirect, !nest.isTransform, nest.indices.isEmpty,
      nest.axes[lane].extent >= machine.target.lanes / 2
    else { return nil }
    let collected = nest.references.filter { !$0.isWritten && !Self.isSmooth($0.strides[lane]) }
    guard !collected.isEmpty else { return nil }
    return rowAxes.last { axis in
      nest.axes[axis].extent >= machine.target.lanes / 2
        && collected.allSatisfy { $0.element == .float32 && $0.strides[axis] == 1 }
    }
  }

  /// Where lanes run along sums, the strides of the factor that has the most rows.
  private func largestStrides(_ nest: PlacedNest) -> [Int]? {
    guard case .reduction = lanes else { return nil }
    let factors = nest.factors.map { nest.references[$0.reference].strides }
    func rows(_ strides: [Int]) -> Int {
      rowAxes.reduce(1) { strides[$1] == 0 ? $0 : $0 * nest.axes[$1].extent }
    }
    return factors.max { rows($0) < rows($1) }
  }

  /// Whether a tile reads few enough rows of the largest factor: each comes from memory by itself.
  func hasFewStreams(_ nest: PlacedNest, rows: Int) -> Bool {
    guard let strides = largestStrides(nest) else { return true }
    return rowsRead(strides, nest, rows) <= Self.maxFactorRows
  }

  /// Of sixteen, a single row that goes through them gains no more loads, and waits longer for their lines.
  private static let maxFactorRows = 8
}
