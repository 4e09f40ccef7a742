import QuernGraph
import QuernMachine

/// How a tensor lies in the arena.
public struct Storage: Sendable {
  public var tensor: NodeID
  public var type: TensorType
  /// Positions kept around each dimension, so that reads outside need no test: zeros for sums,
  /// −∞ for maxima. They are set once and never written again.
  public var before: [Int]
  public var after: [Int]
  public var fill: Float
  /// Bytes between neighbours along each dimension.
  public var strides: [Int]
  /// Where the element at index 0, 0, … lies, in bytes from the storage's start.
  public var origin: Int
  /// Bytes, halo included.
  public var byteCount: Int
  /// Bytes from the arena's start, or from that of a thread's own memory.
  public var offset = 0
  public var space = MemorySpace.scratch
  /// The positions in the schedule between which the memory must not be used otherwise.
  public var lifetime: ClosedRange<Int> = 0...0

  /// Whether each thread has its own.
  public var isPrivate: Bool { space == .perThread }
  public var hasHalo: Bool { before.contains { $0 > 0 } || after.contains { $0 > 0 } }

  /// - Parameter minPaddedRow: bytes of a matrix's row from which on rows lie apart, see ``apart(_:)``; nil
  ///   where they must lie densely.
  init(
    _ tensor: NodeID, _ type: TensorType, before: [Int], after: [Int], fill: Float,
    minPaddedRow: Int? = nil
  ) {
    self.tensor = tensor
    self.type = type
    self.before = before
    self.after = after
    self.fill = fill
    var strides = [Int](repeating: 1, count: type.shape.rank)
    var bytes = type.element.byteCount
    for dimension in strides.indices.reversed() {
      strides[dimension] = bytes
      bytes *= before[dimension] + type.shape[dimension] + after[dimension]
      if let minPaddedRow, type.shape.rank == 2, dimension == 1, bytes >= minPaddedRow {
        bytes = Self.apart(bytes)
      }
    }
    self.strides = strides
    byteCount = bytes
    origin = zip(strides, before).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Bytes from one row to the next, so that each starts on a cache line, and an odd number of lines from the
  /// last: lines apart by a power of two would meet in one set of the cache.
  private static func apart(_ bytes: Int) -> Int {
    let line = MachineFacts.cacheLine
    return ((bytes + line - 1) / line | 1) * line
  }

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
    byteCount = strides[0] * type.shape[0]
  }
}
