import QuernPasses

/// A loop over tiles along one output axis.
package struct TileLoop: Hashable, Sendable {
  package enum Kind: Hashable, Sendable { case panel, row, column }

  package var kind: Kind
  package var axis: Int
  /// The C variable that counts tiles, and the one that holds the first position.
  var tile: String
  var name: String
  package var split: TileSplit
  /// Positions that one of the split's units stands for: the lanes of a vector, for columns.
  var scale: Int

  /// Whether threads share the tiles of this loop.
  func isShared(by workSplit: WorkSplit?) -> Bool {
    workSplit?.kind == kind && workSplit?.axis == axis
  }

  /// In how many shares: 1 where each thread goes through all tiles.
  func shares(by workSplit: WorkSplit?) -> Int {
    guard let workSplit, isShared(by: workSplit) else { return 1 }
    return workSplit.shares
  }

  /// The loops over a nest's tiles: panels first, then columns, then rows.
  static func all(_ nest: MemoryNest, _ schedule: Schedule) -> [TileLoop] {
    var result: [TileLoop] = []
    for axis in schedule.panelAxes {
      let name = nest.axes[axis].name
      result.append(
        TileLoop(
          kind: .panel, axis: axis, tile: name, name: name,
          split: TileSplit(nest.axes[axis].extent, atMost: 1), scale: 1))
    }
    if let lane = schedule.laneAxis {
      let name = nest.axes[lane].name
      result.append(
        TileLoop(
          kind: .column, axis: lane, tile: name + "_tile", name: name, split: schedule.columns,
          scale: schedule.target.lanes))
    }
    for axis in schedule.rowAxes {
      let name = nest.axes[axis].name
      let split = schedule.rows[axis] ?? TileSplit(nest.axes[axis].extent, atMost: 1)
      let single = split.small == 1 && split.bigCount == 0
      result.append(
        TileLoop(
          kind: .row, axis: axis, tile: single ? name : name + "_tile", name: name,
          split: split, scale: 1))
    }
    return result
  }
}

/// The loop whose tiles threads share, and in how many shares.
package struct WorkSplit: Hashable, Sendable {
  package var kind: TileLoop.Kind
  package var axis: Int
  package var shares: Int
}
