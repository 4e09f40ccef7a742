import QuernGraph
import QuernPasses
import QuernVectors

/// A loop nest together with its schedule: the loops over tiles, what each position calls, and with which
/// arguments.
package struct ScheduledNest: Sendable {
  struct ColumnShape {
    var vectors: Int
    var tail: Int?
    var condition: String?
  }

  package let nest: MemoryNest
  package let schedule: Schedule
  package let name: String
  package let threads: Int
  /// The loops over tiles, panels first, then columns, then rows.
  let loops: [TileLoop]
  /// Axes whose position changes from tile to tile.
  let varying: [Int]
  /// Axes whose position a call of a tile function depends on.
  private let callerAxes: [Int]

  init(nest: MemoryNest, schedule: Schedule, name: String, threads: Int) {
    self.nest = nest
    self.schedule = schedule
    self.name = name
    self.threads = threads
    loops = TileLoop.all(nest, schedule)
    let varying = loops.filter { $0.split.count > 1 }.map(\.axis)
    self.varying = varying
    callerAxes =
      (nest.chunkAxis.map { [$0] } ?? []) + nest.outputAxes.filter { varying.contains($0) }
  }

  var lanes: Int { schedule.target.lanes }

  // MARK: Loops

  /// The loops from the outermost.
  var order: [TileLoop] { schedule.order }
  /// The first of the loops in ``order``, inside which panels are packed.
  var outer: [TileLoop] { Array(schedule.order.prefix(schedule.outerCount)) }
  /// The loops around those over blocks of the reduction.
  var aroundBlocks: [TileLoop] { schedule.blocks?.keepsRows == false ? outer : [] }
  var workSplit: WorkSplit? { schedule.workSplit }
  /// Whether all panels are packed before the rows are gone through.
  var fitsAllPanels: Bool { schedule.keepsAllPanels }

  /// The number of the loop that is the tile functions' own: the innermost, unless threads share out
  /// tiles of several sizes.
  func runLoop(_ order: [TileLoop], _ workSplit: WorkSplit?) -> Int? {
    guard let last = order.lastIndex(where: { $0.split.count > 1 }) else { return nil }
    return !order[last].isShared(by: workSplit) || isEven(order[last]) ? last : nil
  }

  // MARK: Shapes

  /// Lanes of the last vector that are outputs; nil where all are.
  var tail: Int? {
    guard let lane = schedule.laneAxis, nest.axes[lane].extent % lanes != 0 else { return nil }
    return nest.axes[lane].extent % lanes
  }

  func columnShapes(_ run: TileRun? = nil) -> [ColumnShape] {
    guard let lane = schedule.laneAxis else { return [ColumnShape(vectors: 1, tail: nil)] }
    if let run, run.kind == .column { return [ColumnShape(vectors: run.size, tail: run.tail)] }
    let split = schedule.columns
    let tile = nest.axes[lane].name + "_tile"
    var result: [ColumnShape] = []
    if tail != nil {
      result.append(
        ColumnShape(vectors: split.small, tail: tail, condition: "\(tile) == \(split.count - 1)"))
      if split.count == 1 { return [ColumnShape(vectors: split.small, tail: tail)] }
    }
    // The last tile is a small one.
    let smalls = split.count - split.bigCount - (tail == nil ? 0 : 1)
    if split.bigCount > 0 {
      result.append(ColumnShape(vectors: split.small + 1, condition: split.isBig(tile + "_rest")))
    }
    if smalls > 0 {
      let others = tail == nil ? "1" : "\(tile) < \(split.count - 1)"
      result.append(
        ColumnShape(
          vectors: split.small,
          condition: split.bigCount > 0 ? split.isSmall(tile + "_rest") : others))
    }
    return result
  }

  func rowShapes(_ run: TileRun? = nil) -> [(rows: AxisSteps, condition: String?)] {
    var result: [(rows: AxisSteps, condition: String?)] = [([:], nil)]
    for axis in schedule.rowAxes {
      if let run, run.kind == .row, run.axis == axis {
        for index in result.indices { result[index].rows[axis] = run.size }
        continue
      }
      let split = schedule.rows[axis] ?? TileSplit(nest.axes[axis].extent, atMost: 1)
      let rest = nest.axes[axis].name + "_tile_rest"
      let sizes = split.sizes
      result = result.flatMap { shape in
        sizes.enumerated().map { number, size in
          let own: String? =
            sizes.count == 1
            ? nil : number == 0 ? split.isBig(rest) : split.isSmall(rest)
          let condition = [shape.condition, own].compactMap { $0 }.joined(separator: " && ")
          return (
            shape.rows.with(size, along: axis), condition.isEmpty ? nil : condition
          )
        }
      }
    }
    return result
  }

  // MARK: Scratch memory

  var panelSteps: Int { schedule.panelSteps(nest) }
  private var allVectors: Int { schedule.columns.extent }
  private var allPanels: Int { schedule.allPanels(nest) }

  /// Elements of panels that are packed in each step.
  var panelElements: Int {
    guard schedule.panels?.place == .packed else { return 0 }
    return fitsAllPanels ? allPanels : panelSteps * lanes * schedule.columns.largest
  }

  /// Elements of panels that are packed before the first step: of all columns, wherever the factor lies.
  var preparedElements: Int {
    guard schedule.isPrepared else { return 0 }
    return schedule.panelAxes.reduce(allPanels) { $0 * nest.axes[$1].extent }
  }

  /// Elements from one panel to the next for one step along each axis; none where all columns use the
  /// same place.
  var panelDistances: [Int: Int] {
    guard schedule.packed != nil, schedule.isPrepared || fitsAllPanels, let lane = schedule.laneAxis
    else {
      return [:]
    }
    var result = [lane: panelSteps]
    guard schedule.isPrepared else { return result }
    var step = allPanels
    for axis in schedule.panelAxes.reversed() {
      result[axis] = step
      step *= nest.axes[axis].extent
    }
    return result
  }

  /// C for where the panel of the present column, or of a run's first, starts.
  func panelAddress(_ run: TileRun? = nil) -> String {
    let memory = schedule.isPrepared ? "panels" : "scratch"
    let distances = panelDistances
    var terms = (schedule.panelAxes + [schedule.laneAxis].compactMap { $0 })
      .filter { varying.contains($0) && $0 != run?.axis }
      .map { (nest.axes[$0].name, distances[$0] ?? 0) }
    let own = run.flatMap { distances[$0.axis] } ?? 0
    if let run, run.isShared { terms.append(("from", run.step * own)) }
    let text = affineText(terms, offset: (run?.start ?? 0) * own)
    return text == "0" ? memory : "\(memory) + \(text)"
  }

  /// Partial sums of the outputs for which blocks are worked off together, the lanes rounded up to whole
  /// vectors.
  var partialElements: Int {
    guard schedule.blocks != nil else { return 0 }
    return partialStrides.total
  }

  private var partialStrides: (strides: [Int], total: Int) {
    let outer = Set(aroundBlocks.map(\.axis))
    var strides = [Int](repeating: 0, count: nest.axes.count)
    var step = 1
    if let lane = schedule.laneAxis {
      strides[lane] = 1
      step = (outer.contains(lane) ? schedule.columns.largest : allVectors) * lanes
    }
    for axis in nest.outputAxes.reversed() where axis != schedule.laneAxis && !outer.contains(axis)
    {
      strides[axis] = step
      step *= nest.axes[axis].extent
    }
    return (strides, step)
  }

  var partialIndex: Int? { schedule.blocks == nil ? nil : nest.accesses.count }

  // MARK: Arguments

  /// The nest's accesses as a tile of the given panel width sees them, and that of partial sums.
  func accesses(width: Int) -> [MemoryAccess] {
    var result = nest.accesses
    if let packed = schedule.packed, let lane = schedule.laneAxis {
      let index = nest.factors[packed].access
      let size = result[index].size
      result[index].strides = PackWriter.panelElements(
        nest, nest.accesses[index], lane: lane, width: width
      ).map { $0 * size }
    }
    if schedule.blocks != nil {
      result.append(
        MemoryAccess(
          partialSumsWith: partialStrides.strides.map { $0 * ElementType.accumulator.byteCount }))
    }
    return result
  }

  /// Accesses a tile function needs, by mode.
  func usedAccesses(_ mode: TileMode) -> [Int] {
    let factors = Set(nest.factors.map(\.access))
    let others = nest.valueAccesses
    var used: Set<Int>
    switch mode {
    case .whole, .finish: used = factors.union(others)
    case .accumulate: used = factors
    }
    if mode != .whole, let partialIndex { used.insert(partialIndex) }
    return used.sorted()
  }

  /// Indices a tile function needs.
  func usedIndices(_ mode: TileMode) -> [NestIndex] {
    var used = Set(nest.factors.compactMap(\.match))
    if mode != .accumulate {
      for case .index(let index) in nest.values { used.insert(index) }
    }
    let asksForPosition =
      nest.reduction == .maximum && nest.wantsPosition && !schedule.unrollsWindow
    return (asksForPosition ? [.position] : []) + used.sorted().map { .index($0) }
  }

  /// C for where an access starts for the present tile, or a run's first.
  func argument(
    _ index: Int, _ accesses: [MemoryAccess], _ mode: TileMode, _ run: TileRun?
  ) -> String {
    let access = accesses[index]
    if let packed = schedule.packed, nest.factors[packed].access == index {
      guard schedule.isPrepared, let (terms, offset) = blockStart(access.elementStrides, mode)
      else {
        return panelAddress(run)
      }
      let text = affineText(terms, offset: offset)
      return text == "0" ? panelAddress(run) : "\(panelAddress(run)) + \(text)"
    }
    var strides = access.elementStrides
    if index == partialIndex {
      // Whatever the position of these, partial sums are kept in the same place.
      for loop in aroundBlocks { strides[loop.axis] = 0 }
    }
    let text = place(strides, mode, run, isSum: access.isWritten)
    return text == "0" ? access.name : "\(access.name) + \(text)"
  }

  func indexArgument(_ index: NestIndex, _ mode: TileMode, _ run: TileRun?) -> String {
    let index = index.expression(nest)
    return place(nest.strides(of: index), mode, run, offset: index.offset)
  }

  private func place(
    _ strides: [Int], _ mode: TileMode, _ run: TileRun?, offset: Int = 0, isSum: Bool = false
  ) -> String {
    var terms: [(variable: String, coefficient: Int)] = callerAxes.compactMap { axis in
      if axis == run?.axis { return nil }
      guard isSum, axis == nest.chunkAxis, let count = nest.chunksPerSum else {
        return (nest.axes[axis].name, strides[axis])
      }
      return ("\(nest.axes[axis].name) / \(count)", strides[axis])
    }
    let block = blockStart(strides, mode)
    terms += block?.terms ?? []
    if let run, run.isShared { terms.append(("from", run.step * strides[run.axis])) }
    let first = run.map { $0.start * strides[$0.axis] } ?? 0
    return affineText(terms, offset: offset + first + (block?.offset ?? 0))
  }

  /// Where the present block of the reduction starts: the loop's variable, and for the last block a
  /// constant.
  func blockStart(
    _ strides: [Int], _ mode: TileMode
  ) -> (terms: [(variable: String, coefficient: Int)], offset: Int)? {
    schedule.blocks?.start(strides, mode) { nest.axes[$0].name }
  }
}
