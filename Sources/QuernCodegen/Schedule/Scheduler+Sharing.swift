import QuernMachine

// Tiles for threads to share.

extension Scheduler {
  /// Cuts columns into as many tiles for each thread, where all wait for the one with a tile more.
  mutating func shareColumns() {
    guard schedule.panels != nil || schedule.rowTileCount == 1, schedule.columns.count > 1 else {
      return
    }
    let tiles = rowTiles(schedule.rows.values.reduce(1) { $0 * $1.largest })
    schedule.columns = Self.even(schedule.columns, among: threads) {
      cost(tiles, $0)
    }
  }

  /// Cuts a few rows into as many tiles for each thread, where one would compute all or most of them.
  mutating func shareRows() {
    guard !nest.isDirect, !schedule.unrollsWindow, schedule.columns.count == 1,
      schedule.panelAxes.isEmpty,
      schedule.rowAxes.count == 1, let axis = schedule.rowAxes.first,
      let split = schedule.rows[axis],
      nest.outputCount * nest.reductionCount >= tuning.workShares.minTerms
    else { return }
    schedule.rows[axis] = Self.even(split, among: threads) {
      cost(rowTiles($0.largest), schedule.columns)
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

  // MARK: Order

  /// Puts the loops in order. Panels that stay in the cache together are gone through for each tile of rows,
  /// others one after the other; without any, memory is gone through in order.
  mutating func chooseOrder() {
    // Of a block, it is one panel in the first-level cache instead.
    schedule.keepsAllPanels =
      schedule.blocks == nil && schedule.allPanels(nest) * panelElementBytes <= machine.panelBytes
    let all = TileLoop.all(nest, schedule)
    let (columns, rows) = (all.filter { $0.kind == .column }, all.filter { $0.kind == .row })
    let fits = schedule.keepsAllPanels
    let inner = schedule.panels != nil && !fits ? columns + rows : rows + columns
    schedule.order = all.filter { $0.kind == .panel } + inner
    guard schedule.panels != nil else { return }
    schedule.outerCount =
      schedule.order.prefix { $0.kind == .panel || (!fits && $0.kind == .column) }.count
  }

  // MARK: Threads

  /// Chooses the loop that can be shared most evenly. Of several that are as good it is the outermost,
  /// unless panels are packed in each step: each thread then packs those of its own columns.
  mutating func shareWork(_ limits: Tuning.WorkShares?) {
    schedule.shares = threads
    guard threads > 1 else { return }
    var best: (loop: TileLoop, balance: Double)?
    let candidates =
      schedule.panels?.place == .packed ? TileLoop.all(nest, schedule) : schedule.order
    for loop in candidates {
      var balance = loop.split.balance(shares: threads)
      if loop.kind == .row, schedule.packed != nil, !schedule.isPrepared {
        // Each thread packs all panels then, which takes about as long as a tile of rows.
        let tiles = Double(schedule.rowTileCount)
        balance *= tiles / (tiles + Double(threads - 1))
      }
      if balance > (best?.balance ?? 0) + tuning.workShares.minGain { best = (loop, balance) }
    }
    // Without a loop everything is one tile, which the first thread computes.
    guard let loop = best?.loop, loop.split.count > 1 else { return }
    schedule.shares = limits.flatMap { workShares(of: loop, $0) } ?? threads
    schedule.workSplit = WorkSplit(kind: loop.kind, axis: loop.axis, shares: schedule.shares)
  }

  /// In how many shares a loop's tiles are taken; nil where each thread takes its part in one go: where there
  /// is little to do, or where it would do more in several goes.
  private func workShares(of loop: TileLoop, _ limits: Tuning.WorkShares) -> Int? {
    // A block that all columns share would be gone through anew in each share.
    guard schedule.blocks?.keepsRows != true,
      let outermost = schedule.order.first(where: { $0.split.count > 1 }),
      outermost.kind == loop.kind, outermost.axis == loop.axis
    else { return nil }
    // All panels would be packed in each share.
    if schedule.panels?.place == .packed, schedule.keepsAllPanels, loop.kind != .column {
      return nil
    }
    let positions = nest.axes.reduce(1) { $0 * $1.extent }
    return limits.shares(
      of: loop.split.count, vectors: max(1, positions / machine.target.lanes), threads: threads)
  }
}
