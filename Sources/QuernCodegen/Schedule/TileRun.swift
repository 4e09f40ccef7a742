import QuernPasses

/// Tiles of one shape that one call works off, one after the other along the innermost loop: what a
/// call costs is then spread over many tiles.
struct TileRun {
  var axis: Int
  var kind: TileLoop.Kind
  /// Rows of each tile, or vectors of each column.
  var size: Int
  /// Lanes of the last vector that are outputs; nil where all are.
  var tail: Int?
  /// The numbers of the tiles.
  var tiles: Range<Int>
  /// The first tile's position on the axis, and how far it is from one to the next.
  var start: Int
  var step: Int
  /// Whether threads share the tiles out: a thread's own are `from` … `to`.
  var isShared = false

  /// C for the first tile and the one after the last.
  var bounds: [String] {
    isShared ? ["from", "to"] : ["\(tiles.lowerBound)", "\(tiles.upperBound)"]
  }
}

extension ScheduledNest {
  /// The tiles of a loop, big ones first.
  func runs(_ loop: TileLoop) -> [TileRun] {
    let split = loop.split
    func run(_ size: Int, _ tiles: Range<Int>, tail: Int? = nil) -> TileRun? {
      guard !tiles.isEmpty else { return nil }
      let first = tiles.lowerBound
      return TileRun(
        axis: loop.axis, kind: loop.kind, size: size, tail: tail, tiles: tiles,
        start: (first * split.small + min(first, split.bigCount)) * loop.scale,
        step: size * loop.scale)
    }
    let tail = loop.kind == .column ? self.tail : nil
    // The last tile is a small one.
    let whole = split.count - (tail == nil ? 0 : 1)
    return [
      run(split.small + 1, 0..<split.bigCount), run(split.small, split.bigCount..<whole),
      run(split.small, whole..<split.count, tail: tail),
    ].compactMap { $0 }
  }

  /// Whether a thread's tiles are alike wherever its share begins.
  func isEven(_ loop: TileLoop) -> Bool {
    loop.kind != .panel && loop.split.bigCount == 0 && (loop.kind == .row || tail == nil)
  }

  /// Elements by which an access moves from one tile of a run to the next.
  func advance(_ index: Int, _ accesses: [MemoryAccess], _ run: TileRun) -> Int {
    if let packed = schedule.packed, nest.factors[packed].access == index {
      return run.step * (panelDistances[run.axis] ?? 0)
    }
    return run.step * accesses[index].elements(along: run.axis)
  }
}
