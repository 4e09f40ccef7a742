import QuernGraph

/// A graph of which it is known where each tensor's elements lie: reshapes are views of the same memory,
/// unless they are copies.
package struct ViewedGraph: Sendable {
  package let graph: Graph
  /// Reshapes that must be copies, because their source cannot be read in their shape.
  package internal(set) var copied: Set<NodeID> = []

  /// The node whose memory holds the elements of `id`.
  func root(_ id: NodeID) -> NodeID {
    var id = id
    while graph[id].op == .reshape, !copied.contains(id) { id = graph[id].operands[0] }
    return id
  }

  /// A read of `id` at `map`, as a read of the root.
  ///
  /// Where each dimension of the root is the product of consecutive dimensions of the view, the
  /// index stays affine, and the root may have any strides. Otherwise the root must lie densely.
  func access(
    _ id: NodeID, _ map: [AffineExpression], extents: @autoclosure () -> [Int]
  ) -> TensorAccess {
    let root = root(id)
    let view = graph[id].shape
    let target = graph[root].shape
    let element = graph[root].type.element
    if view == target {
      return TensorAccess(
        tensor: root, name: id, view: target, map: map, element: element)
    }
    if let split = composed(map, of: view, onto: target, extents: extents()) {
      return TensorAccess(
        tensor: root, name: id, view: target, map: split, element: element)
    }
    return TensorAccess(
      tensor: root, name: id, view: view, map: map, element: element)
  }

  private func composed(
    _ map: [AffineExpression], of view: Shape, onto target: Shape, extents: [Int]
  ) -> [AffineExpression]? {
    guard let split = target.dimensions(in: view) else { return nil }
    var result: [AffineExpression] = []
    result.reserveCapacity(split.count)
    for parts in split {
      // Dimensions of extent 1 inside a view carry no information, but may be read outside.
      var terms: [(axis: Int, coefficient: Int)] = []
      var offset = 0
      var stride = 1
      for part in parts.reversed() {
        let expression = map[part]
        if parts.count > 1 || expression.divisor != 1 {
          let bounds = expression.bounds(extents: extents)
          guard expression.divisor == 1, bounds.lowerBound >= 0, bounds.upperBound < view[part]
          else {
            if parts.count == 1 { continue }
            return nil
          }
        }
        for term in expression.terms { terms.append((term.axis, term.coefficient * stride)) }
        offset += expression.offset * stride
        stride *= view[part]
      }
      if parts.count == 1 {
        result.append(map[parts.lowerBound])
      } else {
        result.append(AffineExpression(terms, offset: offset))
      }
    }
    for index in map[(split.last?.upperBound ?? 0)...]
    where index != .constant(0) && index.bounds(extents: extents) != 0...0 { return nil }
    return result
  }
}
