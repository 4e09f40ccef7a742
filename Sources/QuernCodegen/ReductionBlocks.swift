/// Blocks of a reduction axis, all of one size but for the last.
///
/// Partial sums wait in memory from block to block, and are taken up where they were left: the bits do
/// not depend on the blocks.
struct ReductionBlocks {
  var axis: Int
  /// Positions of a block.
  var size: Int
  /// Where the last block starts, and how many positions it has.
  var lastStart: Int
  var lastSize: Int

  /// - Returns: nil where one block is enough.
  init?(axis: Int, extent: Int, size: Int) {
    guard size < extent else { return nil }
    self.axis = axis
    self.size = size
    lastStart = (extent - 1) / size * size
    lastSize = extent - lastStart
  }
}

extension TilePlan {
  /// How many positions of an axis a tile function goes through.
  func extent(of axis: Int, _ nest: Nest, _ mode: TileMode) -> Int {
    guard let blocks, blocks.axis == axis else { return nest.axes[axis].extent }
    switch mode {
    case .whole: return nest.axes[axis].extent
    case .accumulate: return blocks.size
    case .finish: return blocks.lastSize
    }
  }

  /// Reduction steps that a tile function goes through.
  func steps(_ nest: Nest, _ mode: TileMode) -> Int {
    nest.reductionAxes.reduce(1) { $0 * extent(of: $1, nest, mode) }
  }

  /// Cuts the outermost of several reduction axes where what its positions touch does not stay in the
  /// second-level cache: then one tile after the other goes through a block that stays in the first.
  mutating func chooseBlocks(_ nest: Nest, _ machine: MachineFacts) {
    guard nest.reduction == .sum, nest.factors.count == 2, nest.term.isEmpty, laneAxis != nil,
      nest.reductionAxes.count > 1, let outer = nest.reductionAxes.first,
      columns.count * rowTileCount > 1
    else { return }
    let extent = nest.axes[outer].extent
    let inner = nest.reductionCount / extent
    // What one position of the outermost axis touches of the operands; of a packed one, a panel.
    let panel = inner * columns.largest * machine.target.lanes
    let bytes = nest.factors.indices.reduce(0) { sum, number in
      let all = abs(nest.references[nest.factors[number].reference].strides[outer])
      return sum + (number == panels?.factor ? min(all, panel) : all) * 4
    }
    guard bytes * extent > machine.level2Cache / 2 else { return }
    let steps = machine.level1Cache / 4 * 3 / (tileLines(nest, machine) * Nest.Reference.line)
    blocks = ReductionBlocks(axis: outer, extent: extent, size: max(1, steps / inner))
  }

  /// Cache lines that a tile reads in one reduction step.
  private func tileLines(_ nest: Nest, _ machine: MachineFacts) -> Int {
    let line = Nest.Reference.line
    func lines(_ elements: Int) -> Int { (elements * 4 + line - 1) / line }
    return nest.factors.reduce(0) { sum, factor in
      let strides = nest.references[factor.reference].strides
      if let laneAxis, strides[laneAxis] != 0 {
        return sum + lines(columns.largest * machine.target.lanes)
      }
      return sum
        + rowAxes.filter { strides[$0] != 0 }.reduce(1) { product, axis in
          let count = rows[axis]?.largest ?? 1
          return product * (strides[axis] == 1 ? lines(count) : count)
        }
    }
  }
}
