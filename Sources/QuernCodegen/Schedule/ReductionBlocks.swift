/// A reduction that is worked off in blocks: parts of one of its axes, at one position of those further
/// out after the other.
///
/// Partial sums wait in memory from block to block, and are taken up where they were left: the bits do
/// not depend on the blocks.
package struct ReductionBlocks: Hashable, Sendable {
  package struct Axis: Hashable, Sendable {
    package var axis: Int
    package var extent: Int

    package init(axis: Int, extent: Int) {
      (self.axis, self.extent) = (axis, extent)
    }
  }

  /// Axes further out, the outermost first.
  package var outer: [Axis]
  /// The one that is cut.
  package var axis: Int
  /// Positions of a block.
  package var size: Int
  /// How many blocks there are at one position of the outer axes.
  package var count: Int
  /// Positions of the very last block. Without outer axes it may be a smaller one.
  package var lastSize: Int

  /// Whether what rows read of a block stays in the second-level cache while they go through all panels,
  /// and all partial sums from block to block: then a block is done for all panels, else all blocks for one
  /// panel after the other.
  package var keepsRows = true

  /// Where the last block starts.
  var lastStart: Int { (count - 1) * size }

  /// Blocks of at most so many positions, the last about as large as the others.
  init(_ axis: Axis, atMost limit: Int) {
    outer = []
    self.axis = axis.axis
    let chunks = TileSplit(axis.extent, atMost: limit)
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
  ) -> (terms: [(variable: String, coefficient: Int)], offset: Int)? {
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
