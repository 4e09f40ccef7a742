import QuernGraph

/// Loops over axes, what is computed in them, and which elements of which tensors that reads and writes.
///
/// The same form serves from the building of kernels to the C. Only the way in which tensors are addressed
/// changes: by indices while it is still open where they lie (``TensorAccess``), then by bytes
/// (``MemoryAccess``).
public struct LoopNest<Access: NestAccess>: Hashable, Sendable {
  /// Output axes first, then reduction axes; a region's axis before all others.
  public var axes: [LoopAxis] { didSet { findAxes() } }
  public var reduction: NestReduction
  /// The tensors that are read or written, and where; each place once.
  public var accesses: [Access]
  /// Integers that are affine in the axes.
  public var indices: [AffineExpression] = []
  public var factors: [NestFactor]
  /// How a term of the sum is made of the factors, where it is not their product: the last value.
  public var term: [NestValue] = []
  /// The number of a position in its window, for ``NestValue/position``.
  public var position: AffineExpression
  /// What is computed at each output position; operands refer to earlier values.
  public var values: [NestValue]
  public var stores: [NestStore]
  /// Whether values are computed in their order, and not each where it is first needed: it keeps
  /// fewer of many values alive.
  public var keepsOrder: Bool
  /// Where chunks of the region are parts of a sum, how many one sum has: each adds to what is stored,
  /// after the first.
  public var chunksPerSum: Int?

  /// The axes by kind. The code generator asks for them at every step.
  public private(set) var outputAxes: [Int] = []
  public private(set) var reductionAxes: [Int] = []

  public init(
    axes: [LoopAxis], reduction: NestReduction, accesses: [Access] = [], factors: [NestFactor] = [],
    position: AffineExpression = .constant(0), values: [NestValue] = [], stores: [NestStore] = [],
    keepsOrder: Bool = false
  ) {
    self.axes = axes
    self.reduction = reduction
    self.accesses = accesses
    self.factors = factors
    self.position = position
    self.values = values
    self.stores = stores
    self.keepsOrder = keepsOrder
    findAxes()
  }

  private mutating func findAxes() {
    outputAxes.removeAll(keepingCapacity: true)
    reductionAxes.removeAll(keepingCapacity: true)
    for (number, axis) in axes.enumerated() {
      switch axis.kind {
      case .output: outputAxes.append(number)
      case .reduction: reductionAxes.append(number)
      case .region, .tileOutput, .tileInput: break
      }
    }
  }

  // MARK: Building

  /// The number of an access, which is added where it is new.
  public mutating func add(_ access: Access) -> Int {
    if let known = accesses.firstIndex(of: access) { return known }
    accesses.append(access)
    return accesses.count - 1
  }

  /// The number of an index, which is added where it is new.
  public mutating func add(_ index: AffineExpression) -> Int {
    if let known = indices.firstIndex(of: index) { return known }
    indices.append(index)
    return indices.count - 1
  }
}

/// One loop of a nest.
public struct LoopAxis: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Each of its positions has outputs of its own.
    case output
    /// A sum or a maximum is taken over it.
    case reduction
    /// The loop around all kernels of a ``Region``, which is the caller's.
    case region
    /// The rows or columns of what becomes of a tile that is transformed.
    case tileOutput
    /// The rows or columns of a tile that is transformed.
    case tileInput

    /// Whether one output depends on several positions of the axis.
    public var isInner: Bool { self == .reduction || self == .tileInput }
  }

  public var name: String
  public var extent: Int
  public var kind: Kind

  public init(_ name: String, _ extent: Int, _ kind: Kind) {
    self.name = name
    self.extent = extent
    self.kind = kind
  }
}

/// What a nest does along its reduction axes.
public enum NestReduction: Hashable, Sendable {
  /// No reduction: the values are elementwise.
  case none
  /// The sum of the products of the factors, or of ``LoopNest/term``.
  case sum
  /// The largest value of the one factor, and optionally where it lies.
  case maximum
  /// R · tile · Cᵀ for the tile that the one factor reads. Axes of kind ``LoopAxis/Kind/tileOutput`` run over
  /// the rows of R and of C, those of kind ``LoopAxis/Kind/tileInput`` over the tile's own rows and columns;
  /// where values are mixed, there is one axis of theirs instead of two, see `TileTransform.Mixing`.
  case transform(rows: [[Double]], columns: [[Double]], TileTransform.Mixing)

  public var isTransform: Bool { if case .transform = self { true } else { false } }
}

/// A factor of the product: a read, or 1 where an `int32` read equals `match` and 0 elsewhere.
public struct NestFactor: Hashable, Sendable {
  /// The number of the access.
  public var access: Int
  /// The number of the index that the value read must equal.
  public var match: Int?

  public init(access: Int, match: Int? = nil) {
    self.access = access
    self.match = match
  }
}

/// A value of a nest at one output position.
public enum NestValue: Hashable, Sendable {
  /// The result of the reduction.
  case accumulator
  /// What a factor reads, in a ``LoopNest/term``.
  case factor(Int)
  /// Where the maximum lies: `int32`.
  case position
  /// What is read at an access, or so many bytes from it: accesses that move alike share a pointer.
  case read(access: Int, displacement: Int = 0)
  case constant(Double, ElementType)
  /// The `int32` of this number among the indices.
  case index(Int)
  case apply(ElementwiseOp, [Int], ElementType)
}

/// A value that is written.
public struct NestStore: Hashable, Sendable {
  /// Its number among the values.
  public var value: Int
  /// The number of the access.
  public var access: Int
  /// Bytes from there.
  public var displacement: Int

  public init(value: Int, access: Int, displacement: Int = 0) {
    self.value = value
    self.access = access
    self.displacement = displacement
  }
}

/// How a nest addresses a tensor.
public protocol NestAccess: Hashable, Sendable {
  /// The node whose value is stored.
  var tensor: NodeID { get }
  var element: ElementType { get }
  /// Whether it is written, and not read.
  var isWritten: Bool { get }
}
