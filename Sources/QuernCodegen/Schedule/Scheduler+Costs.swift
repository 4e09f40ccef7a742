import QuernMachine
import QuernPasses
import QuernVectors

// What a tile takes, by which tiles are compared.

extension Scheduler {
  /// Cycles for one reduction step over all outputs, by the resource that binds.
  func cost(
    _ rowTiles: [(rows: Int, count: Int)],
    _ columns: TileSplit
  ) -> Double {
    let widths = [
      (columns.small + 1, columns.bigCount), (columns.small, columns.count - columns.bigCount),
    ]
    var total = 0.0
    let far = farMatrix
    for (number, (m, rowCount)) in rowTiles.enumerated() {
      for (nv, columnCount) in widths where columnCount > 0 {
        let (step, start) = step(m, nv)
        total += Double(rowCount * columnCount) * (step + start)
        guard number == 0, let far else { continue }
        // The first tile of rows waits for the lines, if its multiply-adds do not take as long.
        let bytes = lineBytes(nv * vectorBytes, of: far)
        let lines = Double(bytes / MachineFacts.cacheLine)
        total += Double(columnCount) * max(0, lines * machine.farLineCycles - step)
      }
    }
    return total
  }

  /// Of how many of a tile's rows a factor's values differ: those along axes that it moves on.
  func rowsRead(_ strides: [Int], _ m: Int) -> Int {
    var (left, count) = (m, 1)
    for axis in schedule.rowAxes.reversed() {
      let extent = min(left, nest.axes[axis].extent)
      if strides[axis] != 0 { count *= extent }
      left /= extent
    }
    return count
  }

  /// Cycles of a tile for a reduction step, and what starting and finishing the tile adds to each.
  private func step(
    _ m: Int, _ nv: Int
  ) -> (cycles: Double, start: Double) {
    let work = Double(m * nv)
    var loads = 0.0
    for factor in nest.factors {
      let strides = nest.accesses[factor.access].strides
      let byLane = schedule.laneAxis.map { strides[$0] != 0 } ?? true
      loads += Double(rowsRead(strides, m) * (byLane ? nv : 1))
    }
    let overhead =
      tuning.tiles.roundOverhead / max(1, Double(tuning.tiles.roundMultiplyAdds) / work)
    let cycles = max(
      work / machine.multiplyAddsPerCycle, loads / machine.loadsPerCycle,
      nest.reduction == .none ? 0 : machine.latency,
      (work + loads + overhead) / machine.instructionsPerCycle)
    // Starting and finishing a tile costs as well, not least the cache lines that its rows touch:
    // fewer, larger, wider tiles win where all else is equal.
    let lines = Double(m) * (Double(nv * vectorBytes) / Double(MachineFacts.cacheLine) + 1)
    let start =
      (work * tuning.tiles.tileVectorCycles + lines + tuning.tiles.tileCycles)
      / Double(max(nest.reductionCount, 1))
    return (cycles, start)
  }
}
