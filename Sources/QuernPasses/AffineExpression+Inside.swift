import QuernGraph

extension AffineExpression {
  /// Whether this index exists in a tensor of the given extent wherever the axes stand.
  func isAlwaysInside(_ extent: Int, axes: [Int]) -> Bool {
    let bounds = bounds(extents: axes)
    return divisor == 1 && bounds.lowerBound >= 0 && bounds.upperBound < extent
  }
}
