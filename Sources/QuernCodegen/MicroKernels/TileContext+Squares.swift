import QuernPasses
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
    _ key: LoadKey, _ access: MemoryAccess, row: AxisSteps
  ) -> VectorRegister? {
    guard let axis = schedule.squareAxis, let rows = squareRows,
      key.stride != 0, key.stride != access.size, access.isContiguous(along: axis)
    else { return nil }
    let number = row[axis] ?? 0
    let first = key.offset - number * access.size
    let columns = builder.loadTransposed(
      Address(key.pointer, offset: first), stride: key.stride / access.size, rows: key.count,
      columns: rows)
    for (other, column) in columns.enumerated() {
      var place = key
      place.offset = first + other * access.size
      loaded.append((place, column))
    }
    return columns[number]
  }
}
