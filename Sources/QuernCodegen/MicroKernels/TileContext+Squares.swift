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
    _ key: LoadKey, _ reference: PlacedNest.Reference, row: AxisSteps
  ) -> VectorRegister? {
    guard let axis = schedule.squareAxis, let rows = squareRows, !Schedule.isSmooth(key.stride),
      reference.strides[axis] == 1
    else { return nil }
    let number = row[axis] ?? 0
    let first = key.offset - number
    let columns = builder.loadTransposed(
      Address(key.pointer, offset: first * 4), stride: key.stride, rows: key.count, columns: rows)
    for (other, column) in columns.enumerated() {
      var place = key
      place.offset = first + other
      loaded.append((place, column))
    }
    return columns[number]
  }
}
