import QuernMachine
import QuernPasses
import QuernVectors

/// How a loop nest is cut: which axis vectors run over, into which register tiles and blocks, what is
/// copied into panels, and which loop threads share. A value: it can be compared and printed, and
/// ``Scheduler`` alone chooses it.
package struct Schedule: Hashable, Sendable {
  package enum Lanes: Hashable, Sendable {
    /// Lanes run over this output axis; nil where there is no output axis left: one element.
    case output(Int?)
    /// Lanes run over this reduction axis and are added up at the end.
    case reduction(Int)
  }

  /// The factor that tiles go through panel by panel: all its reduction steps for the lanes of one
  /// tile, which many rows share.
  package struct Panels: Hashable, Sendable {
    package enum Place: Hashable, Sendable {
      /// Where the factor lies.
      case inPlace
      /// Copied in each step, so that the lanes of one reduction step lie beside those of the next.
      case packed
      /// Copied so once, before the first step: the factor is the same in every step.
      case prepared
    }

    package var factor: Int
    package var place: Place
  }

  package internal(set) var lanes: Lanes
  package internal(set) var panels: Panels?
  /// Output axes the factor of contiguous lanes also depends on: each position has its own panels.
  package internal(set) var panelAxes: [Int] = []
  /// Output axes that tile rows run over, outermost first.
  package var rowAxes: [Int] = []
  /// The last row axis, where what lanes read lies apart but side by side along it: squares of both are
  /// transposed in registers.
  package internal(set) var squareAxis: Int?
  /// Tiles along each row axis.
  package var rows: [Int: TileSplit] = [:]
  /// Tiles along the lane axis, in vectors.
  package var columns = TileSplit(1, atMost: 1)
  /// Inner reduction axes, but not all, of which every position is written out: their loops would cost
  /// more than the few multiply-adds in them.
  package var writtenOut = 0
  /// Steps of the innermost loop in a row without a test.
  package var unroll = 1
  /// All positions of a small window are written out, so that they are constants.
  package internal(set) var unrollsWindow = false
  /// The reduction is worked off in blocks where what all tiles of a panel read would not stay in the
  /// cache.
  package var blocks: ReductionBlocks?
  /// The vectors that tiles are computed with: not always the widest.
  package internal(set) var target: Target
  /// Whether the panels of all columns stay in the cache while all rows are gone through.
  package internal(set) var keepsAllPanels = true
  /// The loops over tiles, from the outermost.
  package internal(set) var order: [TileLoop] = []
  /// How many of the first loops in ``order`` enclose the copying of panels.
  var outerCount = 0
  /// What tiles ask for before they need it.
  package internal(set) var prefetches: Prefetches = []
  /// The loop whose tiles threads share, and in how many shares; nil where one thread does all.
  package internal(set) var workSplit: WorkSplit?
  /// In how many shares the tiles are taken.
  package internal(set) var shares = 1

  init(lanes: Lanes, target: Target) {
    self.lanes = lanes
    self.target = target
  }

  /// The factor that is copied into panels.
  var packed: Int? { panels.flatMap { $0.place == .inPlace ? nil : $0.factor } }
  /// Whether that is done once, before the first step.
  var isPrepared: Bool { panels?.place == .prepared }

  /// The output axis lanes run over, if there is one.
  package var laneAxis: Int? {
    if case .output(let axis) = lanes { return axis }
    return nil
  }

  /// Tiles along all row axes together.
  var rowTileCount: Int { rows.values.reduce(1) { $0 * $1.count } }
}

extension Schedule {
  /// Whether a step of a tile keeps its rows' values in registers and takes one vector after the other,
  /// instead of the reverse: where there are fewer rows, and no room for all vectors. (Of one row nothing is
  /// shared.)
  static func keepsRowValues(
    _ rows: Int, _ vectors: Int, _ nest: MemoryNest, _ target: Target
  ) -> Bool {
    nest.isProduct && 1 < rows && rows < vectors
      && (rows + 1) * vectors + 1 > target.registerCount
  }

  // MARK: Reductions

  /// How many positions of an axis a tile function goes through.
  func extent(of axis: Int, _ nest: MemoryNest, _ mode: TileMode) -> Int {
    guard let blocks, mode != .whole else { return nest.axes[axis].extent }
    if blocks.axis == axis { return mode == .finish ? blocks.lastSize : blocks.size }
    return blocks.outer.contains { $0.axis == axis } ? 1 : nest.axes[axis].extent
  }

  /// Reduction steps that a tile function goes through.
  func steps(_ nest: MemoryNest, _ mode: TileMode) -> Int {
    nest.reductionAxes.reduce(1) { $0 * extent(of: $1, nest, mode) }
  }

  /// Rounds that a tile's loops take for a sum; what is left of the innermost loop is in none.
  func rounds(_ nest: MemoryNest, _ mode: TileMode) -> Int {
    let loops = nest.reductionAxes.dropLast(writtenOut)
    guard let last = loops.last else { return 0 }
    // A loop of fewer steps is none.
    let steps = extent(of: last, nest, mode)
    guard steps >= 2 * min(unroll, steps) else { return 0 }
    return loops.dropLast().reduce(steps / unroll) { $0 * extent(of: $1, nest, mode) }
  }

  /// Reduction steps in one round.
  func roundSteps(_ nest: MemoryNest) -> Int {
    nest.reductionAxes.suffix(writtenOut).reduce(unroll) { $0 * nest.axes[$1].extent }
  }

  // MARK: Panels

  /// Reduction steps of one panel.
  func panelSteps(_ nest: MemoryNest) -> Int {
    guard let panels else { return 0 }
    let access = nest.access(of: panels.factor)
    return PackWriter.axes(nest, access).reduce(1) { product, axis in
      product * extent(of: axis, nest, isPrepared || blocks == nil ? .whole : .accumulate)
    }
  }

  /// Elements of the panels of all columns together.
  func allPanels(_ nest: MemoryNest) -> Int {
    panelSteps(nest) * columns.extent * target.lanes
  }
}
