import QuernVectors

// What lies apart for lanes, and side by side for rows.

extension TileContext {
  /// A vector whose lanes lie apart, and those of the other rows of its square: each lane's rows are read
  /// together, then transposed.
  ///
  /// - Parameters:
  ///   - key: the vector's.
  ///   - row: its place in the tile.
  /// - Returns: nil where it is not part of a square.
  mutating func loadSquare(
    _ key: LoadKey, _ reference: Nest.Reference, row: AxisSteps
  ) -> VectorRegister? {
    guard let axis = plan.squareAxis, let rows = squareRows, key.stride > 1 || key.stride < 0,
      reference.strides[axis] == 1
    else { return nil }
    let number = row[axis] ?? 0
    let first = key.offset - number
    let lines = (0..<lanes).map { lane in
      guard lane < key.count else { return builder.zero() }
      return builder.load(
        Address(key.pointer, offset: (first + lane * key.stride) * 4),
        count: rows == lanes ? nil : rows)
    }
    let columns = builder.transpose(lines)
    for other in 0..<rows {
      var place = key
      place.offset = first + other
      loaded.append((place, columns[other]))
    }
    return columns[number]
  }
}
