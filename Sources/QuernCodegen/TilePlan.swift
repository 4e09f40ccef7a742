import QuernVectors

/// How a piece is cut into register tiles: rows × vectors of outputs that are computed together.
struct TilePlan {
  enum Lanes: Equatable {
    /// Lanes run over this output axis; nil where there is no output axis left: one element.
    case output(Int?)
    /// Lanes run over this reduction axis and are added up at the end.
    case reduction(Int)
  }

  /// The factor that tiles go through panel by panel: all its reduction steps for the lanes of one
  /// tile, which many rows share.
  struct Panels {
    enum Place {
      /// Where the factor lies.
      case inPlace
      /// Copied in each step, so that the lanes of one reduction step lie beside those of the next.
      case packed
      /// Copied so once, before the first step: the factor is the same in every step.
      case prepared
    }

    var factor: Int
    var place: Place
  }

  var lanes: Lanes
  var panels: Panels?
  /// Output axes the factor of contiguous lanes also depends on: each position has its own panels.
  var panelAxes: [Int] = []
  /// Output axes that tile rows run over, outermost first.
  var rowAxes: [Int] = []
  /// The last row axis, where what lanes read lies apart but side by side along it: squares of both are
  /// transposed in registers.
  var squareAxis: Int?
  /// Tiles along each row axis.
  var rows: [Int: TileSplit] = [:]
  /// Tiles along the lane axis, in vectors.
  var columns = TileSplit(1, atMost: 1)
  /// Inner reduction axes, but not all, of which every position is written out: their loops would cost
  /// more than the few multiply-adds in them.
  var writtenOut = 0
  /// Steps of the innermost loop in a row without a test.
  var unroll = 1
  /// All positions of a small window are written out, so that they are constants.
  var unrollsWindow = false
  /// The reduction is worked off in blocks where what all tiles of a panel read would not stay in the
  /// cache.
  var blocks: ReductionBlocks?
  /// Up to this size, all panels are packed before the rows are gone through.
  let panelBytes: Int

  /// - Parameter threads: that share the tiles out. What a tile computes does not depend on them.
  init(_ nest: PlacedNest, _ machine: MachineFacts, threads: Int) {
    panelBytes = machine.panelBytes
    lanes = Self.chooseLanes(nest, machine)
    chooseRowAxes(nest, machine)
    choosePacking(nest, machine)
    if case .output = lanes, nest.reduction == .maximum {
      unrollsWindow = nest.reductionCount <= 16
    }
    chooseTile(nest, machine)
    shareColumns(nest, machine, threads)
    shareRows(nest, machine, threads)
    packCloseRows(nest, machine)
    chooseBlocks(nest, machine, threads: threads)
  }

  /// The factor that is copied into panels.
  var packed: Int? { panels.flatMap { $0.place == .inPlace ? nil : $0.factor } }
  /// Whether that is done once, before the first step.
  var isPrepared: Bool { panels?.place == .prepared }

  /// The output axis lanes run over, if there is one.
  var laneAxis: Int? {
    if case .output(let axis) = lanes { return axis }
    return nil
  }

  /// Tiles along all row axes together.
  var rowTileCount: Int { rows.values.reduce(1) { $0 * $1.count } }

  // MARK: Tile

  private mutating func chooseTile(_ nest: PlacedNest, _ machine: MachineFacts) {
    let lanes = machine.target.lanes
    let vectors = laneAxis.map { (nest.axes[$0].extent + lanes - 1) / lanes } ?? 1
    let accumulators = nest.reduction == .maximum && nest.wantsPosition ? 2 : 1
    let registers = machine.target.registerCount
    // Beside the accumulators, one step needs the vectors of one operand and one of the other's
    // rows; maxima need the comparison's operands.
    let spare = nest.reduction == .maximum ? 6 : 1
    var best: (cost: Double, rows: Int, vectors: Int)?
    // Enough to hide a multiply-add's latency; more rows of one vector would only be more text.
    let isLoop = nest.isDirect || unrollsWindow || isShort(nest, machine)
    let sharesLoads =
      nest.isProduct || laneAxis != nil && nest.factors.count > 1 && nest.term.isEmpty
    let rowLimit = isLoop ? 1 : sharesLoads ? 16 : 8
    let inner = rowAxes.last.map { nest.axes[$0].extent } ?? 1
    // Many values at once need the registers for themselves. A single row reads a matrix just once:
    // of each of its rows four cache lines in one go, which memory gives as fast as more.
    let heights = min(rowLimit, rowCount(nest))
    let byHeight = (1...heights).map { rowTiles(nest, $0) }
    let widest =
      nest.isTransform || squareAxis != nil
      ? 1 : !isLoop && rowCount(nest) == 1 ? max(4, 64 / lanes) : 4
    for nv in 1...widest where nv <= max(vectors, 1) {
      let columns = TileSplit(vectors, atMost: nv)
      let candidates = (1...heights).filter {
        // The rows share vectors, so that all are kept; the sums of one row need each just once. Vectors
        // share rows' values as well.
        let kept =
          Self.keepsRowValues($0, nv, nest, machine)
          ? $0 : $0 == 1 && nest.reduction == .sum ? 1 : nv
        let held = max(kept + spare, KernelRenderer.reservedForTemporaries)
        return $0 * nv * accumulators + held <= registers && ($0 <= inner || $0 % inner == 0)
          && hasFewStreams(nest, rows: $0)
      }
      for m in candidates {
        var cost = cost(nest, machine, byHeight[m - 1], columns)
        if Self.keepsRowValues(m, nv, nest, machine),
          isStreamed(nest, machine, rows: m, columns)
        {
          cost *= Self.streamedLanes
        }
        if best.map({ cost < $0.cost }) ?? true { best = (cost, m, nv) }
      }
    }
    let tile = best ?? (0, 1, 1)
    columns = TileSplit(max(vectors, 1), atMost: tile.vectors)
    rows = nest.isDirect || unrollsWindow ? directChunks(nest, machine) : rowChunks(nest, tile.rows)
    chooseRounds(nest, machine, work: max(1, tile.rows * tile.vectors))
  }

  /// Whether a step of a tile keeps its rows' values in registers and takes one vector after the other,
  /// instead of the reverse: where there are fewer rows, and no room for all vectors. (Of one row nothing is
  /// shared.)
  static func keepsRowValues(
    _ rows: Int, _ vectors: Int, _ nest: PlacedNest, _ machine: MachineFacts
  ) -> Bool {
    nest.isProduct && 1 < rows && rows < vectors
      && (rows + 1) * vectors + 1 > machine.target.registerCount
  }

  /// How much longer a tile with more vectors than rows takes where its panel comes from the second-level
  /// cache each time: there are more cache lines for as many multiply-adds.
  private static let streamedLanes = 1.05

  /// Whether what such a tile reads neither stays in the first-level cache nor is cut into blocks that do.
  private func isStreamed(
    _ nest: PlacedNest, _ machine: MachineFacts, rows m: Int, _ columns: TileSplit
  ) -> Bool {
    var tile = self
    (tile.columns, tile.rows) = (columns, rowChunks(nest, m))
    let steps = tile.firstLevelSteps(nest, machine)
    guard nest.reductionCount >= steps else { return false }
    // Only longer sums are cut.
    return nest.reductionCount == steps || !tile.needsBlocks(nest, machine)
  }

  private mutating func chooseRounds(_ nest: PlacedNest, _ machine: MachineFacts, work: Int) {
    var inner = 1
    if nest.isProduct, laneAxis != nil {
      for axis in nest.reductionAxes.dropFirst().reversed() {
        let more = inner * nest.axes[axis].extent
        guard more * work <= machine.writtenMultiplyAdds else { break }
        (writtenOut, inner) = (writtenOut + 1, more)
      }
    }
    let steps = nest.reductionAxes.dropLast(writtenOut).last.map { nest.axes[$0].extent } ?? 1
    let enough = nest.reduction == .sum ? machine.roundMultiplyAdds / (work * inner) : 4
    unroll = min(steps, max(1, enough))
  }

  /// Rounds that a tile's loops take for a sum; what is left of the innermost loop is in none.
  func rounds(_ nest: PlacedNest, _ mode: TileMode) -> Int {
    let loops = nest.reductionAxes.dropLast(writtenOut)
    guard let last = loops.last else { return 0 }
    // A loop of fewer steps is none.
    let steps = extent(of: last, nest, mode)
    guard steps >= 2 * min(unroll, steps) else { return 0 }
    return loops.dropLast().reduce(steps / unroll) { $0 * extent(of: $1, nest, mode) }
  }

  /// Reduction steps in one round.
  func roundSteps(_ nest: PlacedNest) -> Int {
    nest.reductionAxes.suffix(writtenOut).reduce(unroll) { $0 * nest.axes[$1].extent }
  }

  /// Cuts columns into as many tiles for each thread, where all wait for the one with a tile more.
  private mutating func shareColumns(_ nest: PlacedNest, _ machine: MachineFacts, _ threads: Int) {
    guard panels != nil || rowTileCount == 1, columns.count > 1 else { return }
    let tiles = rowTiles(nest, rows.values.reduce(1) { $0 * $1.largest })
    columns = Self.even(columns, among: threads) {
      cost(nest, machine, tiles, $0)
    }
  }

  /// Cuts a few rows into as many tiles for each thread, where one would compute all or most of them.
  private mutating func shareRows(_ nest: PlacedNest, _ machine: MachineFacts, _ threads: Int) {
    guard !nest.isDirect, !unrollsWindow, columns.count == 1, panelAxes.isEmpty,
      rowAxes.count == 1, let axis = rowAxes.first, let split = rows[axis],
      nest.outputCount * nest.reductionCount >= Self.worthSharing
    else { return }
    rows[axis] = Self.even(split, among: threads) {
      cost(nest, machine, rowTiles(nest, $0.largest), columns)
    }
  }

  /// As many tiles for each thread, if that takes less time until the last has finished.
  ///
  /// - Parameter cost: of all tiles together.
  private static func even(
    _ split: TileSplit, among threads: Int, _ cost: (TileSplit) -> Double
  ) -> TileSplit {
    let count = (split.count + threads - 1) / threads * threads
    guard count <= split.extent else { return split }
    func time(_ split: TileSplit) -> Double { cost(split) / split.balance(shares: threads) }
    let even = TileSplit(split.extent, count: count)
    return time(even) < time(split) ? even : split
  }

  /// Terms of all sums of a kernel below which it takes longer to share them out.
  private static let worthSharing = 1 << 13

  /// Without a reduction, or with one over a small window, a tile is a loop over rows: all of the innermost row axis, unless that left
  /// too few tiles to share out among threads.
  private func directChunks(_ nest: PlacedNest, _ machine: MachineFacts) -> [Int: TileSplit] {
    var result = rowChunks(nest, 1)
    guard let axis = rowAxes.last else { return result }
    let others = rowAxes.dropLast().reduce(columns.count) { $0 * nest.axes[$1].extent }
    let tiles = max(1, 32 / others)
    let extent = nest.axes[axis].extent
    let fewest = squareAxis == nil ? 1 : machine.target.lanes
    result[axis] = TileSplit(extent, atMost: max(fewest, (extent + tiles - 1) / tiles))
    return result
  }

  private func rowCount(_ nest: PlacedNest) -> Int {
    rowAxes.reduce(1) { $0 * nest.axes[$1].extent }
  }

  /// Tiles of `m` rows: the innermost axis first, then whole axes times a part of the next.
  private func rowChunks(_ nest: PlacedNest, _ m: Int) -> [Int: TileSplit] {
    var left = m
    var result: [Int: TileSplit] = [:]
    for axis in rowAxes.reversed() {
      let extent = nest.axes[axis].extent
      let split = TileSplit(extent, atMost: max(1, min(left, extent)))
      result[axis] = split
      left = split.count == 1 ? left / extent : 1
    }
    return result
  }

  /// How many rows tiles of up to `m` rows have, and how many tiles there are of each size.
  private func rowTiles(_ nest: PlacedNest, _ m: Int) -> [(rows: Int, count: Int)] {
    let split = rowChunks(nest, m)
    var tiles: [(rows: Int, count: Int)] = [(1, 1)]
    for axis in rowAxes {
      guard let chunk = split[axis] else { continue }
      tiles = tiles.flatMap { tile in
        [
          (tile.rows * (chunk.small + 1), tile.count * chunk.bigCount),
          (tile.rows * chunk.small, tile.count * (chunk.count - chunk.bigCount)),
        ]
      }.filter { $0.1 > 0 }
    }
    return tiles
  }

  /// Cycles for one reduction step over all outputs, by the resource that binds.
  private func cost(
    _ nest: PlacedNest, _ machine: MachineFacts, _ rowTiles: [(rows: Int, count: Int)],
    _ columns: TileSplit
  ) -> Double {
    let widths = [
      (columns.small + 1, columns.bigCount), (columns.small, columns.count - columns.bigCount),
    ]
    var total = 0.0
    let far = farReference(nest, machine)
    for (number, (m, rowCount)) in rowTiles.enumerated() {
      for (nv, columnCount) in widths where columnCount > 0 {
        let (step, start) = step(nest, machine, m, nv)
        total += Double(rowCount * columnCount) * (step + start)
        guard number == 0, let far else { continue }
        // The first tile of rows waits for the lines, if its multiply-adds do not take as long.
        let bytes = lineBytes(nv * machine.target.lanes * 4, of: far, nest)
        let lines = Double(bytes / PlacedNest.Reference.line)
        total += Double(columnCount) * max(0, lines * machine.farLineCycles - step)
      }
    }
    return total
  }

  /// Of how many of a tile's rows a factor's values differ: those along axes that it moves on.
  func rowsRead(_ strides: [Int], _ nest: PlacedNest, _ m: Int) -> Int {
    var (left, count) = (m, 1)
    for axis in rowAxes.reversed() {
      let extent = min(left, nest.axes[axis].extent)
      if strides[axis] != 0 { count *= extent }
      left /= extent
    }
    return count
  }

  /// Cycles of a tile for a reduction step, and what starting and finishing the tile adds to each.
  private func step(
    _ nest: PlacedNest, _ machine: MachineFacts, _ m: Int, _ nv: Int
  ) -> (cycles: Double, start: Double) {
    let work = Double(m * nv)
    var loads = 0.0
    for factor in nest.factors {
      let strides = nest.references[factor.reference].strides
      let byLane = laneAxis.map { strides[$0] != 0 } ?? true
      loads += Double(rowsRead(strides, nest, m) * (byLane ? nv : 1))
    }
    let overhead = 8.0 / max(1, Double(machine.roundMultiplyAdds) / work)
    let cycles = max(
      work / machine.multiplyAddsPerCycle, loads / machine.loadsPerCycle,
      nest.reduction == .none ? 0 : machine.latency,
      (work + loads + overhead) / machine.instructionsPerCycle)
    // Starting and finishing a tile costs as well, not least the cache lines that its rows touch:
    // fewer, larger, wider tiles win where all else is equal.
    let lines = Double(m) * (Double(nv * machine.target.lanes) / 16 + 1)
    let start = (work * 2 + lines + 20) / Double(max(nest.reductionCount, 1))
    return (cycles, start)
  }
}
