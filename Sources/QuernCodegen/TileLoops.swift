import QuernPasses

/// The loops over the tiles of a piece, and which tile function each position calls.
struct TileLoops {
  enum Kind { case panel, row, column }

  /// A loop over tiles along one output axis.
  struct Loop {
    var kind: Kind
    var axis: Int
    /// The C variable that counts tiles, and the one that holds the first position.
    var tile: String
    var name: String
    var split: TileSplit
    /// Positions a chunk's unit stands for: the lanes of a vector, for columns.
    var scale: Int

    /// Whether threads share out the tiles of this loop.
    func isShared(by workSplit: WorkSplit?) -> Bool {
      workSplit?.kind == kind && workSplit?.axis == axis
    }

    /// In how many shares: 1 where each thread goes through all tiles.
    func shares(by workSplit: WorkSplit?) -> Int {
      guard let workSplit, isShared(by: workSplit) else { return 1 }
      return workSplit.shares
    }
  }

  /// The loop whose tiles are shared out among the threads, and in how many shares.
  struct WorkSplit {
    var kind: Kind
    var axis: Int
    var shares: Int
  }

  struct ColumnShape {
    var vectors: Int
    var tail: Int?
    var condition: String?
  }

  let nest: PlacedNest
  let plan: TilePlan
  let name: String
  let lanes: Int
  let threads: Int
  /// See ``NestInstance/workShares``.
  let workShareLimits: WorkShareLimits?
  let loops: [Loop]
  /// Axes whose position changes from tile to tile.
  let varying: [Int]
  /// Axes whose position a call of a tile function depends on.
  private let callerAxes: [Int]

  init(
    nest: PlacedNest, plan: TilePlan, name: String, lanes: Int, threads: Int,
    workShareLimits: WorkShareLimits?
  ) {
    self.nest = nest
    self.plan = plan
    self.name = name
    self.lanes = lanes
    self.threads = threads
    self.workShareLimits = workShareLimits
    loops = Self.loops(nest, plan, lanes: lanes)
    let varying = loops.filter { $0.split.count > 1 }.map(\.axis)
    self.varying = varying
    callerAxes =
      (nest.chunkAxis.map { [$0] } ?? []) + nest.outputAxes.filter { varying.contains($0) }
  }

  // MARK: Loops

  private static func loops(_ nest: PlacedNest, _ plan: TilePlan, lanes: Int) -> [Loop] {
    var result: [Loop] = []
    for axis in plan.panelAxes {
      let name = nest.axes[axis].name
      result.append(
        Loop(
          kind: .panel, axis: axis, tile: name, name: name,
          split: TileSplit(nest.axes[axis].extent, atMost: 1), scale: 1))
    }
    if let lane = plan.laneAxis {
      let name = nest.axes[lane].name
      result.append(
        Loop(
          kind: .column, axis: lane, tile: name + "_tile", name: name, split: plan.columns,
          scale: lanes))
    }
    for axis in plan.rowAxes {
      let name = nest.axes[axis].name
      let split = plan.rows[axis] ?? TileSplit(nest.axes[axis].extent, atMost: 1)
      let single = split.small == 1 && split.bigCount == 0
      result.append(
        Loop(
          kind: .row, axis: axis, tile: single ? name : name + "_tile", name: name,
          split: split, scale: 1))
    }
    return result
  }

  /// The loops from the outermost. Panels that stay in the cache together are gone through for each tile of
  /// rows, others one after the other; without any, memory is gone through in order.
  var order: [Loop] {
    let all = loops
    let (columns, rows) = (all.filter { $0.kind == .column }, all.filter { $0.kind == .row })
    let inner = plan.panels != nil && !fitsAllPanels ? columns + rows : rows + columns
    return all.filter { $0.kind == .panel } + inner
  }

  /// The first of the loops in ``order``, inside which panels are packed.
  var outer: [Loop] {
    guard plan.panels != nil else { return [] }
    let fits = fitsAllPanels
    return Array(order.prefix { $0.kind == .panel || (!fits && $0.kind == .column) })
  }

  /// The loops around those over blocks of the reduction.
  var aroundBlocks: [Loop] { plan.blocks?.keepsRows == false ? outer : [] }

  /// The number of the loop that is the tile functions' own: the innermost, unless threads share out
  /// tiles of several sizes.
  func runLoop(_ order: [Loop], _ workSplit: WorkSplit?) -> Int? {
    guard let last = order.lastIndex(where: { $0.split.count > 1 }) else { return nil }
    return !order[last].isShared(by: workSplit) || isEven(order[last]) ? last : nil
  }

  /// The loop that can be shared out most evenly. Of several that are as good it is the outermost, unless
  /// panels are packed in each step: each thread then packs those of its own columns.
  var workSplit: WorkSplit? {
    guard threads > 1 else { return nil }
    var best: (loop: Loop, balance: Double)?
    let candidates = plan.panels?.place == .packed ? loops : order
    for loop in candidates {
      var balance = loop.split.balance(shares: threads)
      if loop.kind == .row, plan.packed != nil, !plan.isPrepared {
        // Each thread packs all panels then, which takes about as long as a tile of rows.
        let tiles = Double(plan.rowTileCount)
        balance *= tiles / (tiles + Double(threads - 1))
      }
      if balance > (best?.balance ?? 0) + 0.04 { best = (loop, balance) }
    }
    // Without a loop everything is one tile, which the first thread computes.
    guard let loop = best?.loop, loop.split.count > 1 else { return nil }
    return WorkSplit(kind: loop.kind, axis: loop.axis, shares: workShares(of: loop) ?? threads)
  }

  // MARK: Shapes

  /// Lanes of the last vector that are outputs; nil where all are.
  var tail: Int? {
    guard let lane = plan.laneAxis, nest.axes[lane].extent % lanes != 0 else { return nil }
    return nest.axes[lane].extent % lanes
  }

  func columnShapes(_ run: TileRun? = nil) -> [ColumnShape] {
    guard let lane = plan.laneAxis else { return [ColumnShape(vectors: 1, tail: nil)] }
    if let run, run.kind == .column { return [ColumnShape(vectors: run.size, tail: run.tail)] }
    let split = plan.columns
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
    for axis in plan.rowAxes {
      if let run, run.kind == .row, run.axis == axis {
        for index in result.indices { result[index].rows[axis] = run.size }
        continue
      }
      let split = plan.rows[axis] ?? TileSplit(nest.axes[axis].extent, atMost: 1)
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

  /// Reduction steps of one panel.
  var panelSteps: Int {
    guard let panels = plan.panels else { return 0 }
    let reference = nest.references[nest.factors[panels.factor].reference]
    return PackWriter.axes(nest, reference).reduce(1) { product, axis in
      product
        * plan.extent(of: axis, nest, plan.isPrepared || plan.blocks == nil ? .whole : .accumulate)
    }
  }

  private var allVectors: Int { plan.columns.extent }

  /// Elements of the panels of all columns together.
  private var allPanels: Int { panelSteps * allVectors * lanes }

  /// Whether the panels of all columns stay in the cache while all rows are gone through. Of a block, it
  /// is one panel in the first-level cache instead.
  var fitsAllPanels: Bool { plan.blocks == nil && allPanels * 4 <= plan.panelBytes }

  /// Elements of panels that are packed in each step.
  var panelElements: Int {
    guard plan.panels?.place == .packed else { return 0 }
    return fitsAllPanels ? allPanels : panelSteps * lanes * plan.columns.largest
  }

  /// Elements of panels that are packed before the first step: of all columns, wherever the factor lies.
  var preparedElements: Int {
    guard plan.isPrepared else { return 0 }
    return plan.panelAxes.reduce(allPanels) { $0 * nest.axes[$1].extent }
  }

  /// Elements from one panel to the next for one step along each axis; none where all columns use the
  /// same place.
  var panelDistances: [Int: Int] {
    guard plan.packed != nil, plan.isPrepared || fitsAllPanels, let lane = plan.laneAxis else {
      return [:]
    }
    var result = [lane: panelSteps]
    guard plan.isPrepared else { return result }
    var step = allPanels
    for axis in plan.panelAxes.reversed() {
      result[axis] = step
      step *= nest.axes[axis].extent
    }
    return result
  }

  /// C for where the panel of the present column, or of a run's first, starts.
  func panelAddress(_ run: TileRun? = nil) -> String {
    let memory = plan.isPrepared ? "panels" : "scratch"
    let distances = panelDistances
    var terms = (plan.panelAxes + [plan.laneAxis].compactMap { $0 })
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
    guard plan.blocks != nil else { return 0 }
    return partialStrides.total
  }

  private var partialStrides: (strides: [Int], total: Int) {
    let outer = Set(aroundBlocks.map(\.axis))
    var strides = [Int](repeating: 0, count: nest.axes.count)
    var step = 1
    if let lane = plan.laneAxis {
      strides[lane] = 1
      step = (outer.contains(lane) ? plan.columns.largest : allVectors) * lanes
    }
    for axis in nest.outputAxes.reversed() where axis != plan.laneAxis && !outer.contains(axis) {
      strides[axis] = step
      step *= nest.axes[axis].extent
    }
    return (strides, step)
  }

  var partialIndex: Int? { plan.blocks == nil ? nil : nest.references.count }

  // MARK: Arguments

  /// The references as a tile of the given panel width sees them.
  func references(width: Int) -> [PlacedNest.Reference] {
    var result = nest.references
    if let packed = plan.packed, let lane = plan.laneAxis {
      let index = nest.factors[packed].reference
      result[index].strides = PackWriter.strides(
        nest, nest.references[index], lane: lane, width: width)
    }
    if plan.blocks != nil {
      result.append(
        PlacedNest.Reference(
          name: "partial", tensor: .init(0), byteOffset: 0, strides: partialStrides.strides,
          element: .float32, isWritten: true))
    }
    return result
  }

  /// References a tile function needs, by mode.
  func usedReferences(_ mode: TileMode, _ references: [PlacedNest.Reference]) -> [Int] {
    let factors = Set(nest.factors.map(\.reference))
    let others = nest.valueReferences
    var used: Set<Int>
    switch mode {
    case .whole, .finish: used = factors.union(others)
    case .accumulate: used = factors
    }
    if mode != .whole, let partialIndex { used.insert(partialIndex) }
    return used.sorted()
  }

  /// Indices a tile function needs; −1 is the position in the window.
  func usedIndices(_ mode: TileMode) -> [Int] {
    var used: Set<Int> = []
    used.formUnion(nest.factors.compactMap(\.match))
    if nest.reduction == .maximum, nest.wantsPosition, !plan.unrollsWindow { used.insert(-1) }
    if mode != .accumulate {
      for case .index(let index) in nest.values { used.insert(index) }
    }
    return used.sorted()
  }

  /// C for where a reference starts for the present tile, or a run's first.
  func argument(
    _ index: Int, _ references: [PlacedNest.Reference], _ mode: TileMode, _ run: TileRun?
  ) -> String {
    let reference = references[index]
    if let packed = plan.packed, nest.factors[packed].reference == index {
      guard plan.isPrepared, let (terms, offset) = blockStart(reference.strides, mode) else {
        return panelAddress(run)
      }
      let text = affineText(terms, offset: offset)
      return text == "0" ? panelAddress(run) : "\(panelAddress(run)) + \(text)"
    }
    var strides = reference.strides
    if index == partialIndex {
      // Whatever the position of these, partial sums are kept in the same place.
      for loop in aroundBlocks { strides[loop.axis] = 0 }
    }
    let text = place(strides, mode, run, isSum: reference.isWritten)
    return text == "0" ? reference.name : "\(reference.name) + \(text)"
  }

  func indexArgument(_ number: Int, _ mode: TileMode, _ run: TileRun?) -> String {
    let index = number < 0 ? nest.position : nest.indices[number]
    return place(index.strides, mode, run, offset: index.offset)
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
    plan.blocks?.start(strides, mode) { nest.axes[$0].name }
  }
}
