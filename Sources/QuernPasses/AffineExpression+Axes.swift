import QuernGraph

extension AffineExpression {
  /// Whether this index exists in a tensor of the given extent wherever the axes stand.
  func isAlwaysInside(_ extent: Int, axes: [Int]) -> Bool {
    let bounds = bounds(extents: axes)
    return divisor == 1 && bounds.lowerBound >= 0 && bounds.upperBound < extent
  }

  /// The same with these axes only, which are numbered anew from 0.
  func keepingAxes(_ kept: [Int]) -> Self {
    if terms.isEmpty { return self }
    return Self(
      terms.compactMap { term in
        kept.firstIndex(of: term.axis).map { ($0, term.coefficient) }
      }, offset: offset, divisor: divisor)
  }

  /// The same with an axis cut into rows: it counts rows, and `inner` the positions of a row.
  func cuttingAxis(_ axis: Int, length: Int, inner: Int) -> Self {
    let coefficient = coefficient(of: axis)
    if coefficient == 0 { return self }
    return Self(
      terms.map { ($0.axis, $0.axis == axis ? $0.coefficient * length : $0.coefficient) }
        + [(inner, coefficient)], offset: offset, divisor: divisor)
  }
}
