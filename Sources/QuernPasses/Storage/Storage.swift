import QuernGraph

/// How a tensor lies in the arena.
public struct Storage: Sendable {
  public var tensor: NodeID
  public var type: TensorType
  /// Elements kept around each dimension, so that reads outside need no test: zeros for sums,
  /// −∞ for maxima. They are set once and never written again.
  public var before: [Int]
  public var after: [Int]
  public var fill: Float
  /// Elements between neighbours along each dimension.
  public var strides: [Int]
  /// Where the element at index 0, 0, … lies, in elements from the storage's start.
  public var origin: Int
  /// Elements, halo included.
  public var elementCount: Int
  /// Bytes from the arena's start, or from that of a thread's own memory.
  public var offset = 0
  public var space = MemorySpace.scratch
  /// The positions in the schedule between which the memory must not be used otherwise.
  public var lifetime: ClosedRange<Int> = 0...0

  public var byteCount: Int { elementCount * type.element.byteCount }
  /// Whether each thread has its own.
  public var isPrivate: Bool { space == .perThread }
  public var hasHalo: Bool { before.contains { $0 > 0 } || after.contains { $0 > 0 } }

  /// - Parameter startsRowsOnLines: whether the rows of a matrix may lie apart, see ``apart(_:)``.
  init(
    _ tensor: NodeID, _ type: TensorType, before: [Int], after: [Int], fill: Float,
    startsRowsOnLines: Bool = false
  ) {
    self.tensor = tensor
    self.type = type
    self.before = before
    self.after = after
    self.fill = fill
    var strides = [Int](repeating: 1, count: type.shape.rank)
    var count = 1
    for dimension in strides.indices.reversed() {
      strides[dimension] = count
      count *= before[dimension] + type.shape[dimension] + after[dimension]
      if startsRowsOnLines, type.shape.rank == 2, dimension == 1, count >= Self.longRow {
        count = Self.apart(count)
      }
    }
    self.strides = strides
    elementCount = count
    origin = zip(strides, before).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Elements of a cache line.
  private static let line = 16
  /// Elements of a row that is worth a cache line more.
  private static let longRow = 128

  /// Elements from one row to the next, so that each starts on a cache line, and an odd number of
  /// lines from the last: lines apart by a power of two would meet in one set of the cache.
  private static func apart(_ elements: Int) -> Int { ((elements + line - 1) / line | 1) * line }

  /// What kernels of a region hand to each other; mostly tiles.
  ///
  /// - Parameter places: see ``spreadTiles(_:)``.
  init(tiles tensor: NodeID, _ type: TensorType, places: Int, isPrivate: Bool) {
    let none = [Int](repeating: 0, count: type.shape.rank)
    self.init(tensor, type, before: none, after: none, fill: 0)
    if isPrivate { space = .perThread }
    spreadTiles(places)
  }

  /// Keeps the places of tiles apart, which are a tensor's first dimensions, one or two: (side, side, n,
  /// rows, columns, C). A transform writes or reads all places of a tile at once, see ``apart(_:)``.
  mutating func spreadTiles(_ places: Int) {
    guard type.shape.rank > places, !hasHalo else { return }
    strides[places - 1] = Self.apart(strides[places - 1])
    for dimension in (0..<places - 1).reversed() {
      strides[dimension] = strides[dimension + 1] * type.shape[dimension + 1]
    }
    elementCount = strides[0] * type.shape[0]
  }

  /// The element an access touches at axes 0, 0, …, counted from the storage's start, and how far
  /// one step along each of `rank` axes leads; along a chunk of a sum, one step of the sum.
  public func address(_ access: TensorAccess, rank: Int) -> (offset: Int, strides: [Int]) {
    var offset = origin
    var steps = [Int](repeating: 0, count: rank)
    let strides = access.view == type.shape ? self.strides : access.view.strides
    for (expression, stride) in zip(access.map, strides) {
      offset += expression.offset * stride
      for term in expression.terms { steps[term.axis] += term.coefficient * stride }
    }
    return (offset, steps)
  }
}
