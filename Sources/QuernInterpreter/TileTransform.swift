import QuernGraph

/// Transforms tile by tile: reads one, multiplies it by the matrix from both sides, writes it.
func evaluate<Scalar: BinaryFloatingPoint & Sendable>(
  _ transform: TileTransform, _ source: UnsafeMutablePointer<Scalar>, _ shape: Shape,
  _ result: UnsafeMutablePointer<Scalar>, _ resultShape: Shape
) {
  let (p, q) = (transform.inputSide, transform.outputSide)
  let matrix = transform.matrix.joined().map { Scalar($0) }
  var tile = [Scalar](repeating: 0, count: p * p)
  var rows = [Scalar](repeating: 0, count: q * p)
  let reading = Addresses(transform.input, shape, rank: transform.axes.count)
  let writing = Addresses(transform.output, resultShape, rank: transform.axes.count)
  result.update(repeating: 0, count: resultShape.elementCount)
  var position = [Int](repeating: 0, count: transform.axes.count)
  let count = transform.axes.reduce(1) { $0 * $1.extent }
  for _ in 0..<count {
    let from = reading.bases(position)
    for a in 0..<p {
      for b in 0..<p {
        tile[a * p + b] = reading.offset(from, a, b).map { source[$0] } ?? 0
      }
    }
    for u in 0..<q {
      for b in 0..<p {
        rows[u * p + b] = (0..<p).reduce(0) { $0 + matrix[u * p + $1] * tile[$1 * p + b] }
      }
    }
    let to = writing.bases(position)
    for u in 0..<q {
      for v in 0..<q {
        guard let offset = writing.offset(to, u, v) else { continue }
        result[offset] = (0..<p).reduce(0) { $0 + matrix[v * p + $1] * rows[u * p + $1] }
      }
    }
    advance(&position, transform.axes)
  }
}

/// The next position, the last axis the fastest.
private func advance(_ position: inout [Int], _ axes: [Axis]) {
  for axis in axes.indices.reversed() {
    position[axis] += 1
    if position[axis] < axes[axis].extent { return }
    position[axis] = 0
  }
}

/// Where the elements of a tile lie in a tensor.
private struct Addresses {
  let map: [AffineExpression]
  let shape: Shape
  let strides: [Int]
  let rank: Int

  init(_ map: [AffineExpression], _ shape: Shape, rank: Int) {
    self.map = map
    self.shape = shape
    self.rank = rank
    strides = shape.strides
  }

  /// The index of each dimension for the tile's first element.
  func bases(_ position: [Int]) -> [Int] { map.map { $0(position + [0, 0]) ?? -1 } }

  /// nil outside the tensor.
  func offset(_ bases: [Int], _ a: Int, _ b: Int) -> Int? {
    var sum = 0
    for dimension in map.indices {
      let expression = map[dimension]
      let index =
        bases[dimension] + expression.coefficient(of: rank) * a
        + expression.coefficient(of: rank + 1) * b
      guard index >= 0, index < shape[dimension] else { return nil }
      sum += index * strides[dimension]
    }
    return sum
  }
}
