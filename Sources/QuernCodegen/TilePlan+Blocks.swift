// Where a sum is cut into blocks, and how they are gone through.

extension TilePlan {
  /// How many positions of an axis a tile function goes through.
  func extent(of axis: Int, _ nest: PlacedNest, _ mode: TileMode) -> Int {
    guard let blocks, mode != .whole else { return nest.axes[axis].extent }
    if blocks.axis == axis { return mode == .finish ? blocks.lastSize : blocks.size }
    return blocks.outer.contains { $0.axis == axis } ? 1 : nest.axes[axis].extent
  }

  /// Reduction steps that a tile function goes through.
  func steps(_ nest: PlacedNest, _ mode: TileMode) -> Int {
    nest.reductionAxes.reduce(1) { $0 * extent(of: $1, nest, mode) }
  }

  /// Cuts a reduction where what it touches does not stay in the second-level cache: then one tile after
  /// the other goes through a block that stays in the first. A matrix from memory is cut for few rows, so that
  /// it is read in order.
  mutating func chooseBlocks(_ nest: PlacedNest, _ machine: MachineFacts, threads: Int) {
    if let axis = streamedAxis(nest, machine, threads: threads) {
      let whole = ReductionBlocks.Axis(axis: axis, extent: nest.axes[axis].extent)
      blocks = ReductionBlocks(whole, atMost: Self.streamedSteps)
      return
    }
    guard needsBlocks(nest, machine) else { return }
    blocks = blocks(nest, of: firstLevelSteps(nest, machine))
    let keepsRows = keepsRows(nest, machine.keptBytes)
    blocks?.keepsRows = keepsRows
  }

  /// Reduction steps that go along a matrix together, each a stream: memory gives rows in order several
  /// times as fast as in pieces that lie apart.
  private static let streamedSteps = 16
  /// Outputs that share a matrix up to which reading it takes longer than to take up partial sums so often.
  private static let maxShared = 12
  /// Bytes of a row that a thread takes: of fewer, the processor foresees much that is another thread's.
  private static let minRowBytes = 2 << 10

  /// Rows up to which how a matrix's lines are read tells: with more, tiles of rows that find them in the
  /// cache are most of all.
  private static let fewRows = 32

  /// The factor whose lines come from beyond the second-level cache, for few rows.
  func farReference(_ nest: PlacedNest, _ machine: MachineFacts) -> PlacedNest.Reference? {
    guard let lane = laneAxis, let axis = nest.reductionAxes.last,
      nest.reductionCount * nest.axes[lane].extent * 4 > machine.level2Cache
    else { return nil }
    return matrixInPlace(nest, sharedBy: Self.fewRows) {
      $0.strides[axis] * 4 > PlacedNest.Reference.line
    }
  }

  /// A factor that lanes run along where it lies, which at most so many outputs share.
  private func matrixInPlace(
    _ nest: PlacedNest, sharedBy most: Int, where isMeant: (PlacedNest.Reference) -> Bool
  ) -> PlacedNest.Reference? {
    guard nest.isProduct, packed == nil, let lane = laneAxis else { return nil }
    let index = nest.factors.map(\.reference).first {
      nest.references[$0].strides[lane] == 1 && isMeant(nest.references[$0])
        && Self.reuse(nest, $0, lane: lane) <= most
    }
    return index.map { nest.references[$0] }
  }

  /// The reduction axis, where few rows go through a matrix that comes from memory each time, and tiles
  /// would go down its columns.
  private func streamedAxis(_ nest: PlacedNest, _ machine: MachineFacts, threads: Int) -> Int? {
    guard let lane = laneAxis, columns.count > 1,
      nest.axes[lane].extent * 4 >= Self.minRowBytes * threads,
      nest.reductionAxes.count == 1, let axis = nest.reductionAxes.first,
      nest.axes[axis].extent > Self.streamedSteps
    else { return nil }
    let matrix = matrixInPlace(nest, sharedBy: Self.maxShared) {
      let row = $0.strides[axis] * 4
      return row > widthBytes(machine) && row * nest.axes[axis].extent > machine.memoryBytes
    }
    return matrix == nil ? nil : axis
  }

  /// Whether a sum would better be cut into blocks, if it has the steps for it.
  func needsBlocks(_ nest: PlacedNest, _ machine: MachineFacts) -> Bool {
    nest.reduction == .sum && nest.factors.count == 2 && nest.term.isEmpty && laneAxis != nil
      // Where a panel is read just once, blocks are of use to windows alone, which overlap.
      && rowTileCount * (nest.reductionAxes.count > 1 ? columns.count : 1) > 1
      && touchedBytes(nest, machine) > machine.keptBytes
  }

  /// Reduction steps for which what a tile reads takes most of the first-level cache; beside it there must be
  /// room for results.
  func firstLevelSteps(_ nest: PlacedNest, _ machine: MachineFacts) -> Int {
    machine.level1Cache / 4 * 3 / max(1, stepBytes(nest, machine))
  }

  /// Blocks of about so many reduction steps; nil where the sum has no more.
  private func blocks(_ nest: PlacedNest, of steps: Int) -> ReductionBlocks? {
    guard nest.reductionCount > steps else { return nil }
    let candidates = nest.reductionAxes.dropLast(writtenOut)
      .map { ReductionBlocks.Axis(axis: $0, extent: nest.axes[$0].extent) }
    // The outermost axis whose single positions are small enough, or that has none further inside.
    var inner = nest.reductionCount
    let place = candidates.firstIndex { axis in
      inner /= axis.extent
      return inner <= steps
    }
    guard let cut = place ?? candidates.indices.last else { return nil }
    let (axis, size) = (candidates[cut], max(1, steps / inner))
    if cut > 0 { return ReductionBlocks(axis, within: Array(candidates[..<cut]), about: size) }
    return size < axis.extent ? ReductionBlocks(axis, atMost: size) : nil
  }

  /// See ``ReductionBlocks/keepsRows``.
  private func keepsRows(_ nest: PlacedNest, _ room: Int) -> Bool {
    guard let blocks, let outermost = nest.reductionAxes.first else { return true }
    let all = ReductionBlocks.Axis(axis: outermost, extent: nest.axes[outermost].extent)
    // Prepared panels lie in the order in which blocks of one follow each other; rows that stay in the cache
    // whole need no other.
    if isPrepared, rowBytes(nest, all, .whole) <= room { return false }
    let block = ReductionBlocks.Axis(axis: blocks.axis, extent: blocks.size)
    return nest.outputCount * 4 <= room && rowBytes(nest, block, .accumulate) <= room
  }

  /// Bytes of the operands that a tile goes through, and what lies between; of panels, one of them.
  private func touchedBytes(_ nest: PlacedNest, _ machine: MachineFacts) -> Int {
    guard let outermost = nest.reductionAxes.first else { return 0 }
    let extent = nest.axes[outermost].extent
    return nest.factors.indices.reduce(0) { sum, number in
      let step = abs(nest.references[nest.factors[number].reference].strides[outermost]) * 4
      guard number == panels?.factor else { return sum + step * extent }
      let panel = nest.reductionCount / extent * laneBytes(number, nest, machine)
      return sum + min(step, panel) * extent
    }
  }

  /// Bytes of a tile's lanes.
  func widthBytes(_ machine: MachineFacts) -> Int { columns.largest * machine.target.lanes * 4 }

  /// Bytes that a tile reads in one reduction step of a factor that lanes run over: whole cache lines, unless
  /// it is packed.
  func laneBytes(_ number: Int, _ nest: PlacedNest, _ machine: MachineFacts) -> Int {
    let width = widthBytes(machine)
    if number == packed { return width }
    return lineBytes(width, of: nest.references[nest.factors[number].reference], nest)
  }

  /// Bytes that all rows read of so many positions of an axis, and of all further inside: no more than lie
  /// between the first and the last, since windows overlap.
  private func rowBytes(_ nest: PlacedNest, _ part: ReductionBlocks.Axis, _ mode: TileMode) -> Int {
    nest.factors.indices.reduce(0) { sum, number in
      guard number != panels?.factor else { return sum }
      let strides = nest.references[nest.factors[number].reference].strides
      let rows = nest.outputAxes.filter { strides[$0] != 0 }
        .reduce(1) { $0 * nest.axes[$1].extent }
      return sum + min(abs(strides[part.axis]) * part.extent, steps(nest, mode) * rows) * 4
    }
  }

  /// Rows of the largest tile along an axis.
  private func tileRows(_ axis: Int) -> Int { rows[axis]?.largest ?? 1 }

  /// Bytes of the cache lines that a tile reads anew in one reduction step.
  private func stepBytes(_ nest: PlacedNest, _ machine: MachineFacts) -> Int {
    nest.factors.indices.reduce(0) { sum, number in
      let reference = nest.references[nest.factors[number].reference]
      let strides = reference.strides
      if number == packed || laneAxis.map({ strides[$0] != 0 }) ?? false {
        return sum + laneBytes(number, nest, machine)
      }
      let axes = rowAxes.filter { strides[$0] != 0 }
      let side = axes.first { strides[$0] == 1 }
      return sum
        + axes.filter { $0 != side }.reduce(
          lineBytes((side.map(tileRows) ?? 1) * 4, of: reference, nest)
        ) { $0 * tileRows($1) }
    }
  }

  /// Bytes of the cache lines of so many bytes side by side, which a reduction step reads; of steps that
  /// lie closer, only what the last one has not read.
  func lineBytes(_ bytes: Int, of reference: PlacedNest.Reference, _ nest: PlacedNest) -> Int {
    let line = PlacedNest.Reference.line
    let strides = reference.strides
    let step = nest.reductionAxes.last.map { abs(strides[$0]) * 4 } ?? 0
    let startsOnLine =
      reference.startsOnLine && nest.reductionAxes.allSatisfy { strides[$0] * 4 % line == 0 }
    return min(step, ((bytes + line - 1) / line + (startsOnLine ? 0 : 1)) * line)
  }
}
