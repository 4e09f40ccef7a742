/// A reduction that is worked off in blocks: parts of one of its axes, at one position of those further
/// out after the other.
///
/// Partial sums wait in memory from block to block, and are taken up where they were left: the bits do
/// not depend on the blocks.
struct ReductionBlocks {
  struct Axis {
    var axis: Int
    var extent: Int
  }

  /// Axes further out, the outermost first.
  var outer: [Axis]
  /// The one that is cut.
  var axis: Int
  /// Positions of a block.
  var size: Int
  /// How many blocks there are at one position of the outer axes.
  var count: Int
  /// Positions of the very last block. Without outer axes it may be a smaller one.
  var lastSize: Int

  /// Whether what rows read of a block stays in the second-level cache while they go through all panels,
  /// and all partial sums from block to block: then a block is done for all panels, else all blocks for one
  /// panel after the other.
  var keepsRows = true

  /// Where the last block starts.
  var lastStart: Int { (count - 1) * size }

  /// Blocks of at most so many positions, the last about as large as the others.
  init(_ axis: Axis, atMost limit: Int) {
    outer = []
    self.axis = axis.axis
    let chunks = Chunks(axis.extent, atMost: limit)
    size = chunks.largest
    count = chunks.count
    lastSize = axis.extent - (count - 1) * size
  }

  /// Blocks at each position of other axes, all of one size: about so many positions.
  init(_ axis: Axis, within outer: [Axis], about size: Int) {
    self.outer = outer
    self.axis = axis.axis
    func distance(_ part: Int) -> Double { Double(max(part, size)) / Double(min(part, size)) }
    self.size =
      (1...axis.extent).filter { axis.extent % $0 == 0 }
      .min { distance($0) < distance($1) } ?? axis.extent
    count = axis.extent / self.size
    lastSize = self.size
  }

  /// C that goes through all blocks but the last, and what stands in it for where a block starts.
  func loop(_ name: (Int) -> String) -> (head: String, starts: [String]) {
    guard !outer.isEmpty else {
      let name = name(axis)
      return (
        "for (long \(name) = 0; \(name) < \(lastStart); \(name) += \(size))",
        ["const int first = \(name) == 0;"]
      )
    }
    let total = outer.reduce(count) { $0 * $1.extent }
    var starts = ["const int first = block == 0;"]
    var inner = count
    if count > 1 { starts.append("const long \(name(axis)) = block % \(count) * \(size);") }
    for (number, outer) in outer.enumerated().reversed() {
      let position = inner == 1 ? "block" : "block / \(inner)"
      let wrapped = number == 0 ? position : "\(position) % \(outer.extent)"
      starts.append("const long \(name(outer.axis)) = \(wrapped);")
      inner *= outer.extent
    }
    return ("for (long block = 0; block < \(total - 1); block++)", starts)
  }

  /// Where the present block starts, for strides along all axes: C variables, and for the last block a
  /// constant.
  func start(
    _ strides: [Int], _ mode: TileMode, _ name: (Int) -> String
  ) -> (terms: [(String, Int)], offset: Int)? {
    switch mode {
    case .whole: return nil
    case .accumulate:
      let cut = count > 1 ? [(name(axis), strides[axis])] : []
      return (outer.map { (name($0.axis), strides[$0.axis]) } + cut, 0)
    case .finish:
      return (
        [], outer.reduce(lastStart * strides[axis]) { $0 + ($1.extent - 1) * strides[$1.axis] }
      )
    }
  }
}

extension TilePlan {
  /// How many positions of an axis a tile function goes through.
  func extent(of axis: Int, _ nest: Nest, _ mode: TileMode) -> Int {
    guard let blocks, mode != .whole else { return nest.axes[axis].extent }
    if blocks.axis == axis { return mode == .finish ? blocks.lastSize : blocks.size }
    return blocks.outer.contains { $0.axis == axis } ? 1 : nest.axes[axis].extent
  }

  /// Reduction steps that a tile function goes through.
  func steps(_ nest: Nest, _ mode: TileMode) -> Int {
    nest.reductionAxes.reduce(1) { $0 * extent(of: $1, nest, mode) }
  }

  /// Cuts a reduction where what it touches does not stay in the second-level cache: then one tile after
  /// the other goes through a block that stays in the first.
  mutating func chooseBlocks(_ nest: Nest, _ machine: MachineFacts) {
    guard nest.reduction == .sum, nest.factors.count == 2, nest.term.isEmpty, laneAxis != nil,
      let outermost = nest.reductionAxes.first,
      rowTileCount * (nest.reductionAxes.count > 1 ? columns.count : 1) > 1
    else { return }
    let extent = nest.axes[outermost].extent
    // What one position of the outermost axis touches of the operands; of a packed one, a panel.
    let panel = nest.reductionCount / extent * columns.largest * machine.target.lanes
    let bytes = nest.factors.indices.reduce(0) { sum, number in
      let all = abs(nest.references[nest.factors[number].reference].strides[outermost])
      return sum + (number == panels?.factor ? min(all, panel) : all) * 4
    }
    // Most of the first-level cache; beside it there must be room for results.
    let steps = machine.level1Cache / 4 * 3 / max(1, stepBytes(nest, machine))
    guard bytes * extent > machine.level2Cache / 2, nest.reductionCount > steps else { return }
    var outer: [ReductionBlocks.Axis] = []
    var inner = nest.reductionCount
    let candidates = nest.reductionAxes.dropLast(writtenOut)
    for axis in candidates {
      let cut = ReductionBlocks.Axis(axis: axis, extent: nest.axes[axis].extent)
      inner /= cut.extent
      // A step of this axis is small enough, or there is none that is smaller.
      if inner <= steps || axis == candidates.last {
        let size = max(1, steps / inner)
        if !outer.isEmpty {
          blocks = ReductionBlocks(cut, within: outer, about: size)
        } else if size < cut.extent {
          blocks = ReductionBlocks(cut, atMost: size)
        }
        break
      }
      outer.append(cut)
    }
    let room = machine.level2Cache / 2
    // Prepared panels lie in the order in which blocks of one follow each other; rows that stay in the cache
    // whole need no other.
    let isStream =
      isPrepared
      && rowBytes(nest, ReductionBlocks.Axis(axis: outermost, extent: extent), .whole) <= room
    let keepsRows =
      blocks.map {
        !isStream && nest.outputCount * 4 <= room
          && rowBytes(nest, ReductionBlocks.Axis(axis: $0.axis, extent: $0.size), .accumulate)
            <= room
      } ?? true
    blocks?.keepsRows = keepsRows
  }

  /// Bytes that all rows read of so many positions of an axis, and of all further inside: no more than lie
  /// between the first and the last, since windows overlap.
  private func rowBytes(_ nest: Nest, _ part: ReductionBlocks.Axis, _ mode: TileMode) -> Int {
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
  private func stepBytes(_ nest: Nest, _ machine: MachineFacts) -> Int {
    let line = Nest.Reference.line
    let width = columns.largest * machine.target.lanes * 4
    return nest.factors.indices.reduce(0) { sum, number in
      if number == packed { return sum + width }
      let reference = nest.references[nest.factors[number].reference]
      let strides = reference.strides
      let step = nest.reductionAxes.last.map { abs(strides[$0]) * 4 } ?? 0
      let startsOnLine =
        reference.startsOnLine && nest.reductionAxes.allSatisfy { strides[$0] * 4 % line == 0 }
      // What lies side by side; of steps that lie closer, only what the last one has not read.
      func together(_ bytes: Int) -> Int {
        min(step, ((bytes + line - 1) / line + (startsOnLine ? 0 : 1)) * line)
      }
      if let laneAxis, strides[laneAxis] != 0 { return sum + together(width) }
      let axes = rowAxes.filter { strides[$0] != 0 }
      let side = axes.first { strides[$0] == 1 }
      return sum
        + axes.filter { $0 != side }.reduce(together((side.map(tileRows) ?? 1) * 4)) {
          $0 * tileRows($1)
        }
    }
  }
}
