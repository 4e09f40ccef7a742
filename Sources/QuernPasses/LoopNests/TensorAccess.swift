import QuernGraph

/// A read or write of a stored tensor at an affine index for each dimension.
public struct TensorAccess: NestAccess {
  /// The node whose value is stored.
  public var tensor: NodeID
  /// The node it is read as: the tensor itself, or a reshape of it.
  public var name: NodeID
  /// The shape the indices refer to; the tensor's own, or another view of its elements in row-major
  /// order, which is possible only where the tensor lies densely.
  public var view: Shape
  public var map: [AffineExpression]
  public var element: ElementType
  public var isWritten = false

  /// The indices that go beyond the tensor's bounds somewhere, with axes of these extents, and those
  /// bounds.
  func outside(_ extents: [Int]) -> [(index: AffineExpression, bound: Int)] {
    zip(map, view.extents).filter { !$0.isAlwaysInside($1, axes: extents) }.map { ($0, $1) }
  }

  /// Whether it is at the same place wherever the axis stands.
  func isSame(along axis: Int) -> Bool {
    map.allSatisfy { $0.coefficient(of: axis) == 0 }
  }
}

/// A nest of which it is still open where its tensors lie.
public typealias TensorNest = LoopNest<TensorAccess>

extension LoopNest<TensorAccess> {
  /// How many axes stand before those along which reductions run.
  public var outputRank: Int { axes.firstIndex { $0.kind.isInner } ?? axes.count }
  var extents: [Int] { axes.map(\.extent) }

  /// Where a factor is read.
  public func access(_ factor: NestFactor) -> TensorAccess { accesses[factor.access] }
  /// Where a value is stored.
  public func access(_ store: NestStore) -> TensorAccess { accesses[store.access] }

  /// Reads of tensors in memory: those of the factors, then those of the values.
  public var reads: [TensorAccess] { accesses.filter { !$0.isWritten } }
  public var writes: [TensorAccess] { accesses.filter(\.isWritten) }
}

extension Kernel {
  /// All reads of tensors in memory.
  public var reads: [TensorAccess] { nests.flatMap(\.reads) }
  public var writes: [TensorAccess] { nests.flatMap(\.writes) }
}
