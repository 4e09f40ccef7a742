import QuernGraph

/// One native function: a part of the graph that is computed in one go.
///
/// A kernel computes, for every position of its output axes, at most one reduction, and then
/// elementwise ops on the result while it is still in registers: its epilogue.
public struct Kernel: Sendable {
  /// Unique in the program, and a C identifier: `conv1_contraction`.
  public var name: String
  /// The layer or stage it belongs to.
  public var label: String
  /// The nodes computed here, in order.
  public var nodes: [NodeID]
  /// Nodes that are computed here too, wherever else they are, in order.
  public var inlined: [NodeID]
  /// Parts of the output that are computed alike; together they cover it, no two overlap. More than
  /// one arises from strides: each residue class of the positions reads its own filter elements.
  public var nests: [LoopNest]

  public init(
    name: String, label: String, nodes: [NodeID], inlined: [NodeID] = [], nests: [LoopNest]
  ) {
    self.name = name
    self.label = label
    self.nodes = nodes
    self.inlined = inlined
    self.nests = nests
  }

  /// Multiply-adds of the kernel's contractions of two factors.
  public var multiplyAdds: Int {
    nests.reduce(0) { sum, nest in
      nest.reduction == .sum && nest.factors.count == 2
        && nest.factors.allSatisfy { $0.match == nil }
        ? sum + nest.axes.reduce(1) { $0 * $1.extent } : sum
    }
  }
}

/// A loop nest over output axes and reduction axes.
public struct LoopNest: Sendable {
  public enum Reduction: Hashable, Sendable {
    /// No reduction: the values are elementwise.
    case none
    /// The sum of the products of the factors, or of ``LoopNest/term``.
    case sum
    /// The largest value of the one factor, and optionally where it lies.
    case maximum
    /// R · tile · Cᵀ for the tile that the one factor reads. The last two output axes run over the
    /// rows of R and of C, the two reduction axes over the tile's own rows and columns; where values are
    /// mixed, there is one axis of theirs instead of two, see `TileTransform.Mixing`.
    case transform(rows: [[Double]], columns: [[Double]], TileTransform.Mixing)

    package var isTransform: Bool { if case .transform = self { true } else { false } }

    /// The last of the output axes, those that run over what becomes of one tile.
    package var tileRank: Int {
      switch self {
      case .transform(_, _, .after): 1
      case .transform: 2
      default: 0
      }
    }
  }

  /// A factor of the product: a read, or 1 where an `int32` read equals `match` and 0 elsewhere.
  public struct Factor: Sendable {
    public var read: TensorAccess
    public var match: AffineExpression?
  }

  /// Output axes first, then reduction axes.
  public var axes: [Axis]
  public var outputRank: Int
  public var reduction: Reduction
  public var factors: [Factor]
  /// How a term of the sum is made of the factors, where it is not their product: the last value.
  public var term: [Value] = []
  /// The number of a position in its window, for ``Value/position``.
  public var position: AffineExpression
  /// What is computed at each output position; operands refer to earlier values.
  public var values: [Value]
  /// Whether values are computed in their order, and not each where it is first needed: it keeps
  /// fewer of many values alive.
  public var keepsOrder = false
  /// Whether axis 0 is the chunk of a ``Region``: the caller's loop, not one of the kernel's.
  public var hasChunks = false
  /// Where chunks are parts of a sum, how many: each adds to what is stored, after the first.
  public var chunksPerSum: Int?
  public var stores: [Store]

  public struct Store: Sendable {
    public var value: Int
    public var access: TensorAccess
  }
}

/// A value of a kernel at one output position.
public enum Value: Hashable, Sendable {
  /// The result of the reduction.
  case accumulator
  /// What a factor reads, in a ``LoopNest/term``.
  case factor(Int)
  /// Where the maximum lies: `int32`.
  case position
  case read(TensorAccess)
  case constant(Double, ElementType)
  /// An `int32` that is affine in the output axes.
  case index(AffineExpression)
  case apply(ElementwiseOp, [Int], ElementType)
}

/// A read or write of a stored tensor at an affine index for each dimension.
public struct TensorAccess: Hashable, Sendable {
  /// The node whose value is stored.
  public var tensor: NodeID
  /// The node it is read as: the tensor itself, or a reshape of it.
  public var name: NodeID
  /// The shape the indices refer to; the tensor's own, or another view of its elements in row-major
  /// order, which is possible only where the tensor lies densely.
  public var view: Shape
  public var map: [AffineExpression]
  public var element: ElementType

  /// The indices that go beyond the tensor's bounds somewhere, with axes of these extents, and those
  /// bounds.
  func outside(_ extents: [Int]) -> [(index: AffineExpression, bound: Int)] {
    zip(map, view.extents).filter { !$0.isAlwaysInside($1, axes: extents) }.map { ($0, $1) }
  }
}
