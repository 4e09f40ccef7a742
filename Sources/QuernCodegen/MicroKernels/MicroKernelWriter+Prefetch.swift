import QuernMachine
import QuernPasses
import QuernVectors

// What a tile asks for before it needs it, where the processor would not see the pattern.

extension MicroKernelWriter {
  private static let line = MachineFacts.cacheLine
  /// What points to what is read ahead.
  static let pointer: Name = "prefetch"

  /// Whether all rows of a tensor start where a cache line does.
  private func startOnLines(_ access: MemoryAccess, lane: Int) -> Bool {
    access.startsOnLine
      && nest.outputAxes.allSatisfy { $0 == lane || access.strides[$0] % Self.line == 0 }
  }

  /// Asks for what the epilogue will read and write: a tile's own where its reduction takes long enough
  /// for it to arrive, else the next tile's.
  ///
  /// - Parameter advances: how far the next tile lies; nil where there is none.
  mutating func fetchForEpilogue(_ body: inout CText, _ advances: [Advance]?) throws {
    let steps = schedule.steps(nest, mode)
    guard schedule.prefetches.contains(.epilogue), mode != .accumulate,
      steps >= tuning.prefetch.minSteps, let lane = schedule.laneAxis
    else { return }
    let work = steps * context.rowPositions.count * context.shape.vectors
    let isShort = Double(work) / machine.multiplyAddsPerCycle < machine.memoryLatency
    if isShort, advances == nil { return }
    let distances = Dictionary(
      uniqueKeysWithValues: isShort ? (advances ?? []).map { ($0.name, $0.step) } : [])
    func place(_ index: Int) -> [Int] { [accesses[index].offset] + accesses[index].strides }
    let written = nest.stores.map { place($0.access) }
    var seen: [[Int]] = []
    for index in epilogueAccesses where accesses[index].isContiguous(along: lane) {
      let access = accesses[index]
      // An update in place reads what it writes.
      let own = place(index)
      if seen.contains(own) { continue }
      seen.append(own)
      let isWritten = written.contains(own)
      let ahead = (distances[access.name] ?? 0) * access.size
      // What does not change from tile to tile has long been there.
      if isShort, ahead == 0 { continue }
      // What does not depend on the row, a bias, is asked for once.
      var starts: Set<Int> = []
      for row in context.rowPositions {
        let start = row.distance(access.strides) + ahead
        guard starts.insert(start).inserted else { continue }
        let width = context.shape.vectors * context.lanes * access.size
        var places = Array(stride(from: 0, to: width, by: Self.line))
        // A row that starts within a cache line ends in one more.
        if !startOnLines(access, lane: lane) { places.append(width - access.size) }
        for place in places {
          let address = Address(context.pointers[index], offset: start + place)
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
      .prefetch(Address(Self.pointer, offset: step * Self.line), prefetch.purpose))
  }

  /// Asks for panels that are read just once, a little before they are: they lie one after the other, so
  /// that this goes on from each to the next. Where lines are read as fast as they come, the processor
  /// foresees them itself, and to ask as well would only take it room for lines under way.
  mutating func fetchStream(at place: AxisSteps) {
    guard schedule.prefetches.contains(.preparedPanels), let packed = schedule.packed else {
      return
    }
    let cycles =
      Double(context.rowPositions.count * context.shape.vectors) / machine.multiplyAddsPerCycle
    let width = context.shape.vectors * context.vectorBytes
    guard cycles > Double(width) / Double(Self.line) * machine.streamCycles else { return }
    let panels = nest.factors[packed].access
    let further = TileContext.Step(offset: place).further(accesses[panels].strides)
    for line in stride(from: 0, to: width, by: Self.line) {
      context.builder.append(
        .prefetch(
          Address(
            context.pointers[panels], offset: further + line + tuning.prefetch.streamDistance),
          .readLater))
    }
  }

  /// Asks for the same place of the next panel, where panels lie one after the other: the first tile
  /// of rows would otherwise wait for each line of it.
  mutating func fetchFollowingPanel(_ axis: Int, step: Int) {
    guard mode == .whole, schedule.prefetches.contains(.followingPanels),
      let panel = schedule.panelAxes.last
    else { return }
    for factor in schedule.followedFactors(nest, machine) {
      let access = nest.accesses[factor.access]
      let next = access.strides[panel] + step * access.strides[axis]
      for line in stride(from: 0, to: context.shape.vectors * context.vectorBytes, by: Self.line) {
        context.builder.append(
          .prefetch(Address(context.pointers[factor.access], offset: next + line)))
      }
    }
  }

  /// Asks for what the next tile of rows will read in this reduction step.
  mutating func fetchNextRows(_ axis: Int, step: Int) {
    guard schedule.prefetches.contains(.nextRows), let row = schedule.rowAxes.last else { return }
    for factor in schedule.streamedRows(nest, tuning.prefetch) {
      let access = nest.accesses[factor.access]
      let last = (2 * (context.shape.rows[row] ?? 1) - 1) * access.size
      context.builder.append(
        .prefetch(
          Address(
            context.pointers[factor.access], offset: last + step * access.strides[axis])))
    }
  }
}
