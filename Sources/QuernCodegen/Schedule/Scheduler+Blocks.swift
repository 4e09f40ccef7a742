import QuernGraph
import QuernMachine
import QuernPasses

// Where a sum is cut into blocks, and how they are gone through.

extension Scheduler {
  /// Cuts a reduction where what it touches does not stay in the second-level cache: then one tile after
  /// the other goes through a block that stays in the first. A matrix from memory is cut for few rows, so that
  /// it is read in order.
  mutating func chooseBlocks() {
    if let axis = streamedAxis {
      let whole = ReductionBlocks.Axis(axis: axis, extent: nest.axes[axis].extent)
      schedule.blocks = ReductionBlocks(whole, atMost: tuning.blocks.streamedSteps)
      return
    }
    guard needsBlocks else { return }
    schedule.blocks = blocks(of: firstLevelSteps)
    let keepsRows = keepsRows(machine.keptBytes)
    schedule.blocks?.keepsRows = keepsRows
  }

  /// The factor whose lines come from beyond the second-level cache, for few rows.
  var farMatrix: MemoryAccess? {
    guard let lane = schedule.laneAxis, let axis = nest.reductionAxes.last,
      nest.reductionCount * nest.axes[lane].extent * ElementType.accumulator.byteCount
        > machine.level2Cache
    else { return nil }
    return matrixInPlace(sharedBy: tuning.tiles.maxRowsOfFarMatrix) {
      $0.strides[axis] > MachineFacts.cacheLine
    }
  }

  /// A factor that lanes run along where it lies, which at most so many outputs share.
  private func matrixInPlace(
    sharedBy maximum: Int, where isMeant: (MemoryAccess) -> Bool
  ) -> MemoryAccess? {
    guard nest.isProduct, schedule.packed == nil, let lane = schedule.laneAxis else { return nil }
    let index = nest.factors.map(\.access).first {
      nest.accesses[$0].isContiguous(along: lane) && isMeant(nest.accesses[$0])
        && reuse($0, lane: lane) <= maximum
    }
    return index.map { nest.accesses[$0] }
  }

  /// The reduction axis, where few rows go through a matrix that comes from memory each time, and tiles
  /// would go down its columns.
  private var streamedAxis: Int? {
    guard let lane = schedule.laneAxis, schedule.columns.count > 1,
      nest.axes[lane].extent * ElementType.accumulator.byteCount
        >= tuning.blocks.minStreamedBytes * threads,
      nest.reductionAxes.count == 1, let axis = nest.reductionAxes.first,
      nest.axes[axis].extent > tuning.blocks.streamedSteps
    else { return nil }
    let matrix = matrixInPlace(sharedBy: tuning.blocks.maxRowsOfStreamed) {
      let row = $0.strides[axis]
      return row > widthBytes && row * nest.axes[axis].extent > machine.memoryBytes
    }
    return matrix == nil ? nil : axis
  }

  /// Whether a sum would better be cut into blocks, if it has the steps for it.
  var needsBlocks: Bool {
    nest.reduction == .sum && nest.factors.count == 2 && nest.term.isEmpty
      && schedule.laneAxis != nil
      // Where a panel is read just once, blocks are of use to windows alone, which overlap.
      && schedule.rowTileCount * (nest.reductionAxes.count > 1 ? schedule.columns.count : 1) > 1
      && touchedBytes > machine.keptBytes
  }

  /// Reduction steps for which what a tile reads takes most of the first-level cache; beside it there must be
  /// room for results.
  var firstLevelSteps: Int {
    machine.level1Cache / 4 * 3 / max(1, stepBytes)
  }

  /// Blocks of about so many reduction steps; nil where the sum has no more.
  private func blocks(of steps: Int) -> ReductionBlocks? {
    guard nest.reductionCount > steps else { return nil }
    let candidates = nest.reductionAxes.dropLast(schedule.writtenOut)
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
  private func keepsRows(_ room: Int) -> Bool {
    guard let blocks = schedule.blocks, let outermost = nest.reductionAxes.first else {
      return true
    }
    let all = ReductionBlocks.Axis(axis: outermost, extent: nest.axes[outermost].extent)
    // Prepared panels lie in the order in which blocks of one follow each other; rows that stay in the cache
    // whole need no other.
    if schedule.isPrepared, rowBytes(all, .whole) <= room { return false }
    let block = ReductionBlocks.Axis(axis: blocks.axis, extent: blocks.size)
    return nest.outputCount * ElementType.accumulator.byteCount <= room
      && rowBytes(block, .accumulate) <= room
  }

  /// Bytes of the operands that a tile goes through, and what lies between; of panels, one of them.
  private var touchedBytes: Int {
    guard let outermost = nest.reductionAxes.first else { return 0 }
    let extent = nest.axes[outermost].extent
    return nest.factors.indices.reduce(0) { sum, number in
      let step = abs(nest.access(of: number).strides[outermost])
      guard number == schedule.panels?.factor else { return sum + step * extent }
      let panel = nest.reductionCount / extent * laneBytes(number)
      return sum + min(step, panel) * extent
    }
  }

  /// Bytes of a tile's lanes.
  var widthBytes: Int { schedule.columns.largest * vectorBytes }

  /// Bytes of a vector of sums.
  var vectorBytes: Int { machine.target.vectorBytes }

  /// Bytes of an element of panels.
  var panelElementBytes: Int { schedule.panels.map { nest.access(of: $0.factor).size } ?? 0 }

  /// Bytes that a tile reads in one reduction step of a factor that lanes run over: whole cache lines, unless
  /// it is packed.
  func laneBytes(_ number: Int) -> Int {
    let width = widthBytes
    if number == schedule.packed { return width }
    return lineBytes(width, of: nest.access(of: number))
  }

  /// Bytes that all rows read of so many positions of an axis, and of all further inside: no more than lie
  /// between the first and the last, since windows overlap.
  private func rowBytes(_ part: ReductionBlocks.Axis, _ mode: TileMode) -> Int {
    nest.factors.indices.reduce(0) { sum, number in
      guard number != schedule.panels?.factor else { return sum }
      let access = nest.access(of: number)
      let strides = access.strides
      let rows = nest.outputAxes.filter { strides[$0] != 0 }
        .reduce(1) { $0 * nest.axes[$1].extent }
      return sum
        + min(
          abs(strides[part.axis]) * part.extent, schedule.steps(nest, mode) * rows * access.size)
    }
  }

  /// Rows of the largest tile along an axis.
  private func tileRows(_ axis: Int) -> Int { schedule.rows[axis]?.largest ?? 1 }

  /// Bytes of the cache lines that a tile reads anew in one reduction step.
  private var stepBytes: Int {
    nest.factors.indices.reduce(0) { sum, number in
      let access = nest.access(of: number)
      let strides = access.strides
      if number == schedule.packed || schedule.laneAxis.map({ strides[$0] != 0 }) ?? false {
        return sum + laneBytes(number)
      }
      let axes = schedule.rowAxes.filter { strides[$0] != 0 }
      let side = axes.first { access.isContiguous(along: $0) }
      return sum
        + axes.filter { $0 != side }.reduce(
          lineBytes((side.map(tileRows) ?? 1) * access.size, of: access)
        ) { $0 * tileRows($1) }
    }
  }

  /// Bytes of the cache lines of so many bytes side by side, which a reduction step reads; of steps that
  /// lie closer, only what the last one has not read.
  func lineBytes(_ bytes: Int, of access: MemoryAccess) -> Int {
    let line = MachineFacts.cacheLine
    let strides = access.strides
    let step = nest.reductionAxes.last.map { abs(strides[$0]) } ?? 0
    let startsOnLine =
      access.startsOnLine && nest.reductionAxes.allSatisfy { strides[$0] % line == 0 }
    return min(step, ((bytes + line - 1) / line + (startsOnLine ? 0 : 1)) * line)
  }
}
