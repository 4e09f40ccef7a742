extension VectorBuilder {
  /// The columns of a square in memory: its rows are loaded, then transposed.
  ///
  /// - Parameters:
  ///   - address: of the first row.
  ///   - stride: elements from one row to the next.
  ///   - rows: so many that exist; the others are zero.
  ///   - columns: so many that exist.
  /// - Returns: as many vectors as there are columns.
  public mutating func loadTransposed(
    _ address: Address, stride: Int, rows: Int, columns: Int
  ) -> [VectorRegister] {
    let lines = (0..<lanes).map { row in
      guard row < rows else { return zero() }
      return load(
        Address(address.base, offset: address.offset + row * stride * 4),
        count: columns == lanes ? nil : columns)
    }
    return Array(transpose(lines).prefix(columns))
  }

  /// The transpose of a square of `lanes` rows of `lanes` lanes: lane j of row i becomes lane i of
  /// row j. 64 instructions on 16 lanes, 24 on 8.
  ///
  /// First every four rows are transposed within their groups of four lanes, then the groups are
  /// put in order.
  ///
  /// - Precondition: as many rows as lanes.
  public mutating func transpose(_ rows: [VectorRegister]) -> [VectorRegister] {
    precondition(rows.count == lanes, "a transpose takes \(lanes) rows, not \(rows.count)")
    // columns[q][c], group g: column 4g + c of rows 4q ..< 4q + 4.
    var columns: [[VectorRegister]] = []
    for q in stride(from: 0, to: lanes, by: 4) {
      let low = shuffle(.interleaveLow, rows[q], rows[q + 1])
      let high = shuffle(.interleaveHigh, rows[q], rows[q + 1])
      let nextLow = shuffle(.interleaveLow, rows[q + 2], rows[q + 3])
      let nextHigh = shuffle(.interleaveHigh, rows[q + 2], rows[q + 3])
      columns.append([
        shuffle(.interleavePairsLow, low, nextLow), shuffle(.interleavePairsHigh, low, nextLow),
        shuffle(.interleavePairsLow, high, nextHigh), shuffle(.interleavePairsHigh, high, nextHigh),
      ])
    }
    var result = rows
    for c in 0..<4 {
      if lanes == 8 {
        result[c] = shuffle(.groups(0b00), columns[0][c], columns[1][c])
        result[c + 4] = shuffle(.groups(0b11), columns[0][c], columns[1][c])
      } else {
        // 0x88 takes groups 0 and 2 of both operands, 0xdd groups 1 and 3.
        for (odd, choice) in [0x88, 0xdd].enumerated() {
          let first = shuffle(.groups(choice), columns[0][c], columns[1][c])
          let second = shuffle(.groups(choice), columns[2][c], columns[3][c])
          result[c + 4 * odd] = shuffle(.groups(0x88), first, second)
          result[c + 4 * odd + 8] = shuffle(.groups(0xdd), first, second)
        }
      }
    }
    return result
  }
}
