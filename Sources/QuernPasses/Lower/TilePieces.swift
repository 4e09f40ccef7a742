import QuernGraph

// Tile transforms: each position of the axes reads a tile, transforms it and writes another.

extension PieceBuilder {
  /// One piece for the tiles that lie wholly inside the result, and one each for those that reach over
  /// its edges, of which only a part is computed.
  func tilePieces(
    _ transform: TileTransform, _ group: Fusion.Group, subject: String
  ) throws(LoweringError) -> [Piece] {
    let rank = transform.axes.count
    var pieces: [Piece] = []
    for rows in Self.classes(transform, side: rank) {
      for columns in Self.classes(transform, side: rank + 1) {
        var axes = transform.axes
        // A class is a stretch of one axis: positions start at 0 again in its piece.
        var starts: [Int: AffineExpression] = [:]
        for part in [rows, columns] {
          guard let axis = part.axis else { continue }
          axes[axis].extent = part.positions.count
          starts[axis] = .axis(axis, plus: part.positions.lowerBound)
        }
        pieces.append(
          try tilePiece(
            transform, group, axes: axes, starts: starts, rows: rows.sides, columns: columns.sides,
            subject: subject))
      }
    }
    return pieces
  }

  /// A stretch of positions along an axis whose tiles write the same rows, or columns.
  private struct TileClass {
    /// nil where the side's dimension depends on no axis.
    var axis: Int?
    var positions: Range<Int>
    /// Which rows (or columns) of the tile exist.
    var sides: Range<Int>
  }

  private static func classes(_ transform: TileTransform, side: Int) -> [TileClass] {
    let all = 0..<transform.outputSide
    let whole = [TileClass(axis: nil, positions: 0..<1, sides: all)]
    guard
      let dimension = transform.output.firstIndex(where: { $0.coefficient(of: side) != 0 }),
      let term = transform.output[dimension].terms.first(where: { $0.axis < transform.axes.count })
    else { return whole }
    let index = transform.output[dimension]
    let extent = transform.outputShape[dimension]
    var result: [TileClass] = []
    for position in 0..<transform.axes[term.axis].extent {
      let start = index.offset + term.coefficient * position
      let inside = all.filter {
        (0..<extent).contains(start + index.coefficient(of: side) * $0)
      }
      // The index is affine: what is inside lies together.
      let sides = (inside.first ?? 0)..<(inside.last.map { $0 + 1 } ?? 0)
      if let last = result.last, last.sides == sides {
        result[result.count - 1].positions = last.positions.lowerBound..<position + 1
      } else if !sides.isEmpty {
        result.append(
          TileClass(axis: term.axis, positions: position..<position + 1, sides: sides))
      }
    }
    return result
  }

  private func tilePiece(
    _ transform: TileTransform, _ group: Fusion.Group, axes: [Axis],
    starts: [Int: AffineExpression], rows: Range<Int>, columns: Range<Int>, subject: String
  ) throws(LoweringError) -> Piece {
    let rank = axes.count
    guard let root = group.root, let operand = graph[root].operands.first else {
      throw LoweringError(subject, "a tile transform without an operand", mend: "give it one")
    }
    let rowMatrix = transform.matrix[rows]
    let columnMatrix = transform.matrix[columns]
    let axes =
      axes + [
        Axis("u", rows.count), Axis("v", columns.count), Axis("a", transform.inputSide),
        Axis("b", transform.inputSide),
      ]
    let extents = axes.map(\.extent)
    func place(
      _ map: [AffineExpression], _ row: AffineExpression, _ column: AffineExpression
    ) -> [AffineExpression] {
      var replacements = starts
      replacements[rank] = row
      replacements[rank + 1] = column
      return map.map { $0.substituting(replacements) }
    }
    let read = try access(
      operand, place(transform.input, .axis(rank + 2), .axis(rank + 3)), extents, subject)
    var piece = Piece(
      axes: axes, outputRank: rank + 2,
      reduction: .transform(rows: Array(rowMatrix), columns: Array(columnMatrix)),
      factors: [.init(read: read)], position: .constant(0), values: [], stores: [])
    var values = ValueTable()
    let result = place(
      transform.output, .axis(rank, plus: rows.lowerBound),
      .axis(rank + 1, plus: columns.lowerBound))
    try addValues(
      group, result: .accumulator, at: result, extents: extents, subject: subject, &values, &piece)
    piece.values = values.list
    return piece
  }
}
