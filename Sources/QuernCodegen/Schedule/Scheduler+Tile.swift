import QuernMachine
import QuernVectors

// The register tile: how many rows and vectors of outputs are computed together, and its rounds.

extension Scheduler {
  /// Chooses the tile by the least cost, and its rounds.
  mutating func chooseTile() {
    if case .output = schedule.lanes, nest.reduction == .maximum {
      schedule.unrollsWindow = nest.reductionCount <= tuning.tiles.maxUnrolledWindow
    }
    let lanes = machine.target.lanes
    let vectors = schedule.laneAxis.map { (nest.axes[$0].extent + lanes - 1) / lanes } ?? 1
    let accumulators = nest.reduction == .maximum && nest.wantsPosition ? 2 : 1
    let registers = machine.target.registerCount
    // Beside the accumulators, one step needs the vectors of one operand and one of the other's
    // rows; maxima need the comparison's operands.
    let spare = nest.reduction == .maximum ? 6 : 1
    var best: (cost: Double, rows: Int, vectors: Int)?
    let isLoop = nest.isDirect || schedule.unrollsWindow || isShort
    let sharesLoads =
      nest.isProduct || schedule.laneAxis != nil && nest.factors.count > 1 && nest.term.isEmpty
    let rowLimit =
      isLoop ? 1 : sharesLoads ? tuning.tiles.maxRows : tuning.tiles.maxRowsApart
    let inner = schedule.rowAxes.last.map { nest.axes[$0].extent } ?? 1
    // Many values at once need the registers for themselves. A single row reads a matrix just once.
    let heights = min(rowLimit, rowCount)
    let byHeight = (1...heights).map { rowTiles($0) }
    let widest =
      nest.reduction.isTransform || schedule.squareAxis != nil
      ? 1
      : !isLoop && rowCount == 1
        ? max(
          tuning.tiles.maxVectors,
          tuning.tiles.singleRowLines * MachineFacts.cacheLine / vectorBytes)
        : tuning.tiles.maxVectors
    for nv in 1...widest where nv <= max(vectors, 1) {
      let columns = TileSplit(vectors, atMost: nv)
      let candidates = (1...heights).filter {
        // The rows share vectors, so that all are kept; the sums of one row need each just once. Vectors
        // share rows' values as well.
        let kept =
          Schedule.keepsRowValues($0, nv, nest, machine.target)
          ? $0 : $0 == 1 && nest.reduction == .sum ? 1 : nv
        let held = max(kept + spare, KernelRenderer.reservedForTemporaries(machine.target))
        return $0 * nv * accumulators + held <= registers && ($0 <= inner || $0 % inner == 0)
          && hasFewStreams(rows: $0)
      }
      for m in candidates {
        var cost = cost(byHeight[m - 1], columns)
        if Schedule.keepsRowValues(m, nv, nest, machine.target),
          isStreamed(rows: m, columns)
        {
          cost *= tuning.tiles.streamedWideCost
        }
        if best.map({ cost < $0.cost }) ?? true { best = (cost, m, nv) }
      }
    }
    let tile = best ?? (0, 1, 1)
    schedule.columns = TileSplit(max(vectors, 1), atMost: tile.vectors)
    schedule.rows = nest.isDirect || schedule.unrollsWindow ? directRows : rowSplits(tile.rows)
    chooseRounds(work: max(1, tile.rows * tile.vectors))
  }

  /// Whether what such a tile reads neither stays in the first-level cache nor is cut into blocks that do.
  private func isStreamed(
    rows m: Int, _ columns: TileSplit
  ) -> Bool {
    var tile = self
    (tile.schedule.columns, tile.schedule.rows) = (columns, rowSplits(m))
    let steps = tile.firstLevelSteps
    guard nest.reductionCount >= steps else { return false }
    // Only longer sums are cut.
    return nest.reductionCount == steps || !tile.needsBlocks
  }

  mutating func chooseRounds(work: Int) {
    var inner = 1
    if nest.isProduct, schedule.laneAxis != nil {
      for axis in nest.reductionAxes.dropFirst().reversed() {
        let more = inner * nest.axes[axis].extent
        guard more * work <= tuning.tiles.maxWrittenOut else { break }
        (schedule.writtenOut, inner) = (schedule.writtenOut + 1, more)
      }
    }
    let steps =
      nest.reductionAxes.dropLast(schedule.writtenOut).last.map { nest.axes[$0].extent } ?? 1
    let enough =
      nest.reduction == .sum
      ? tuning.tiles.roundMultiplyAdds / (work * inner) : tuning.tiles.roundMaxima
    schedule.unroll = min(steps, max(1, enough))
  }

  /// Without a reduction, or with one over a small window, a tile is a loop over rows: all of the innermost row
  /// axis, unless that left too few tiles to share out among threads.
  private var directRows: [Int: TileSplit] {
    var result = rowSplits(1)
    guard let axis = schedule.rowAxes.last else { return result }
    let others = schedule.rowAxes.dropLast().reduce(schedule.columns.count) {
      $0 * nest.axes[$1].extent
    }
    let tiles = max(1, tuning.tiles.minDirectTiles / others)
    let extent = nest.axes[axis].extent
    let fewest = schedule.squareAxis == nil ? 1 : machine.target.lanes
    result[axis] = TileSplit(extent, atMost: max(fewest, (extent + tiles - 1) / tiles))
    return result
  }

  private var rowCount: Int {
    schedule.rowAxes.reduce(1) { $0 * nest.axes[$1].extent }
  }

  /// Tiles of `m` rows: the innermost axis first, then whole axes times a part of the next.
  private func rowSplits(_ m: Int) -> [Int: TileSplit] {
    var left = m
    var result: [Int: TileSplit] = [:]
    for axis in schedule.rowAxes.reversed() {
      let extent = nest.axes[axis].extent
      let split = TileSplit(extent, atMost: max(1, min(left, extent)))
      result[axis] = split
      left = split.count == 1 ? left / extent : 1
    }
    return result
  }

  /// How many rows tiles of up to `m` rows have, and how many tiles there are of each size.
  func rowTiles(_ m: Int) -> [(rows: Int, count: Int)] {
    let split = rowSplits(m)
    var tiles: [(rows: Int, count: Int)] = [(1, 1)]
    for axis in schedule.rowAxes {
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
}
