import QuernGraph

/// Transforms tile by tile: reads one, multiplies it by the matrix from both sides, writes it.
func evaluate<Scalar: BinaryFloatingPoint & Sendable>(
  _ transform: TileTransform, _ source: UnsafeMutablePointer<Scalar>, _ shape: Shape,
  _ result: UnsafeMutablePointer<Scalar>, _ resultShape: Shape
) {
  let (p, q) = (transform.inputSide, transform.outputSide)
  let matrix = transform.matrix.joined().map { Scalar($0) }
  var rows = [Scalar](repeating: 0, count: q * p)
  var tile = [Scalar](repeating: 0, count: q * q)
  let reading = Addresses(transform.input, shape, transform.axes.count, transform.inputTile)
  let writing = Addresses(transform.output, resultShape, transform.axes.count, transform.outputTile)
  let before = transform.before.map { Mixer<Scalar>($0) }
  let after = transform.after.map { Mixer<Scalar>($0) }
  result.update(repeating: 0, count: resultShape.elementCount)
  var position = [Int](repeating: 0, count: transform.axes.count)
  let count = transform.axes.reduce(1) { $0 * $1.extent }
  for _ in 0..<count {
    let read = reading.offsets(position).map { $0.map { source[$0] } ?? 0 }
    let operand = before?.takeApart(read) ?? read
    for u in 0..<q {
      for b in 0..<p {
        rows[u * p + b] = (0..<p).reduce(0) { $0 + matrix[u * p + $1] * operand[$1 * p + b] }
      }
    }
    for u in 0..<q {
      for v in 0..<q {
        tile[u * q + v] = (0..<p).reduce(0) { $0 + matrix[v * p + $1] * rows[u * p + $1] }
      }
    }
    let values = after?.mix(tile) ?? tile
    for (value, offset) in zip(values, writing.offsets(position)) {
      if let offset { result[offset] = value }
    }
    advance(&position, transform.axes)
  }
}

extension TileTransform {
  fileprivate var before: PairMixing? {
    if case .before(let mixing) = mixing { mixing } else { nil }
  }
  fileprivate var after: PairMixing? { if case .after(let mixing) = mixing { mixing } else { nil } }
}

/// A mixing's sums, by definition.
private struct Mixer<Scalar: BinaryFloatingPoint> {
  /// For each result, the elements of a tile and how often they count.
  let sums: [[(element: Int, coefficient: Scalar)]]
  let elements: Int

  init(_ mixing: PairMixing) {
    sums = mixing.sums.map { terms in
      terms.map { ($0.u * mixing.side + $0.v, Scalar($0.coefficient)) }
    }
    elements = mixing.side * mixing.side
  }

  func mix(_ tile: [Scalar]) -> [Scalar] {
    sums.map { $0.reduce(0) { $0 + $1.coefficient * tile[$1.element] } }
  }

  /// The transposed.
  func takeApart(_ values: [Scalar]) -> [Scalar] {
    var tile = [Scalar](repeating: 0, count: elements)
    for (value, terms) in zip(values, sums) {
      for term in terms { tile[term.element] += term.coefficient * value }
    }
    return tile
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
  let tile: [Axis]

  init(_ map: [AffineExpression], _ shape: Shape, _ rank: Int, _ tile: [Axis]) {
    self.map = map
    self.shape = shape
    self.rank = rank
    self.tile = tile
    strides = shape.strides
  }

  /// For each element of the tile at a position, its place in the tensor; nil outside.
  func offsets(_ position: [Int]) -> [Int?] {
    let bases = map.map { $0(position + tile.map { _ in 0 }) ?? -1 }
    var element = tile.map { _ in 0 }
    return (0..<tile.reduce(1) { $0 * $1.extent }).map { _ in
      defer { advance(&element, tile) }
      var sum = 0
      for dimension in map.indices {
        var index = bases[dimension]
        for (axis, step) in element.enumerated() {
          index += map[dimension].coefficient(of: rank + axis) * step
        }
        guard index >= 0, index < shape[dimension] else { return nil }
        sum += index * strides[dimension]
      }
      return sum
    }
  }
}
