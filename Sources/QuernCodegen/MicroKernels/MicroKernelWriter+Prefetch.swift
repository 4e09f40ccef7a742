import QuernVectors

// What a tile asks for before it needs it, where the processor would not see the pattern.

extension MicroKernelWriter {
  /// With fewer reduction steps, there is no time in which to ask for lines.
  private static let leastSteps = 8
  /// Elements between reduction steps from which on each is a stream of its own.
  private static let farApart = 256

  /// Elements of a cache line.
  private static let line = 16
  /// What points to what is read ahead.
  static let pointer: Name = "prefetch"

  /// Whether all rows of a reference start where a cache line does.
  private func startOnLines(_ reference: PlacedNest.Reference, lane: Int) -> Bool {
    reference.startsOnLine
      && nest.outputAxes.allSatisfy { $0 == lane || reference.strides[$0] % Self.line == 0 }
  }

  /// Asks for what the epilogue will read and write: a tile's own where its reduction takes long enough
  /// for it to arrive, else the next tile's.
  ///
  /// - Parameter advances: how far the next tile lies; nil where there is none.
  mutating func fetchForEpilogue(_ body: inout CText, _ advances: [Advance]?) throws {
    let steps = schedule.steps(nest, mode)
    guard mode != .accumulate, !context.isScalar, steps >= Self.leastSteps,
      let lane = schedule.laneAxis
    else { return }
    let work = steps * context.rowPositions.count * context.shape.vectors
    let isShort = Double(work) / machine.multiplyAddsPerCycle < machine.memoryLatency
    if isShort, advances == nil { return }
    let distances = Dictionary(
      uniqueKeysWithValues: isShort ? (advances ?? []).map { ($0.name, $0.step) } : [])
    func place(_ index: Int) -> [Int] { [references[index].byteOffset] + references[index].strides }
    let written = nest.stores.map { place($0.reference) }
    var seen: [[Int]] = []
    for index in epilogueReferences where references[index].strides[lane] == 1 {
      let reference = references[index]
      // An update in place reads what it writes.
      let own = place(index)
      if seen.contains(own) { continue }
      seen.append(own)
      let isWritten = written.contains(own)
      let ahead = distances[reference.name] ?? 0
      // What does not change from tile to tile has long been there.
      if isShort, ahead == 0 { continue }
      // What does not depend on the row, a bias, is asked for once.
      var starts: Set<Int> = []
      for row in context.rowPositions {
        let start = row.distance(reference.strides) + ahead
        guard starts.insert(start).inserted else { continue }
        let width = context.shape.vectors * context.lanes
        var elements = Array(stride(from: 0, to: width, by: Self.line))
        // A row that starts within a cache line ends in one more.
        if !startOnLines(reference, lane: lane) { elements.append(width - 1) }
        for element in elements {
          let address = Address(context.pointers[index], offset: (start + element) * 4)
          context.builder.append(.prefetch(address, isWritten ? .write : .read))
        }
      }
    }
    try context.takeBlock(into: &body)
  }

  /// Asks for a cache line of what is read ahead, in the round's step of this number.
  mutating func prefetchLines(step: Int) {
    guard let prefetch, step < prefetch.lines else { return }
    context.builder.append(
      .prefetch(Address(Self.pointer, offset: step * 64), prefetch.purpose))
  }

  /// Bytes ahead of what is being read at which a stream is asked for: some pages, since the processor
  /// foresees what follows on the same one.
  private static let streamDistance = 16384

  /// Asks for panels that are read just once, a little before they are: they lie one after the other, so
  /// that this goes on from each to the next. Where lines are read as fast as they come, the processor
  /// foresees them itself, and to ask as well would only take it room for lines under way.
  mutating func fetchStream(at place: AxisSteps) {
    guard schedule.isPrepared, schedule.rowTileCount == 1, let packed = schedule.packed else {
      return
    }
    let cycles =
      Double(context.rowPositions.count * context.shape.vectors) / machine.multiplyAddsPerCycle
    let lines = Double(context.shape.vectors * context.lanes) / Double(Self.line)
    guard cycles > lines * machine.streamCycles else { return }
    let reference = references[nest.factors[packed].reference]
    let further = TileContext.Step(offset: place).further(reference.strides)
    for element in stride(from: 0, to: context.shape.vectors * context.lanes, by: Self.line) {
      context.builder.append(
        .prefetch(
          Address(
            context.pointers[nest.factors[packed].reference],
            offset: (further + element) * 4 + Self.streamDistance), .readLater))
    }
  }

  /// Asks for the same place of the next panel, where panels lie one after the other: the first tile
  /// of rows would otherwise wait for each line of it.
  mutating func fetchFollowingPanel(_ axis: Int, step: Int) {
    guard mode == .whole, nest.isProduct, schedule.packed == nil,
      nest.chunkAxis != nil, let lane = schedule.laneAxis, let panel = schedule.panelAxes.last
    else { return }
    let operands = nest.factors.reduce(0) { $0 + abs(references[$1.reference].strides[panel]) * 4 }
    for factor in nest.factors {
      let reference = references[factor.reference]
      guard reference.strides[lane] == 1, reference.element == .float32,
        reference.strides[panel] >= nest.reductionCount,
        // Where tiles of columns alternate, all that they read must stay in the first-level cache beside it.
        schedule.columns.count == 1
          || operands + reference.strides[panel] * 4 <= machine.level1Cache
      else { continue }
      for element in stride(from: 0, to: context.shape.vectors * context.lanes, by: 16) {
        let elements = reference.strides[panel] + step * reference.strides[axis] + element
        context.builder.append(
          .prefetch(
            Address(
              context.pointers[factor.reference], offset: elements * 4)))
      }
    }
  }

  /// Asks for what the next tile of rows will read in this reduction step.
  mutating func fetchNextRows(_ axis: Int, step: Int) {
    guard nest.isProduct, nest.reductionAxes.count == 1, let row = schedule.rowAxes.last,
      (schedule.rows[row]?.count ?? 1) > 1
    else { return }
    for factor in nest.factors {
      let reference = references[factor.reference]
      guard reference.element == .float32, reference.strides[row] == 1,
        reference.strides[axis] >= Self.farApart
      else { continue }
      let last = 2 * (context.shape.rows[row] ?? 1) - 1
      context.builder.append(
        .prefetch(
          Address(
            context.pointers[factor.reference],
            offset: (last + step * reference.strides[axis]) * 4)))
    }
  }
}
