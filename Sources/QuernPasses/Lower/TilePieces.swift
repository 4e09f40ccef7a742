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
    var sides: [Int]
  }

  private static func classes(_ transform: TileTransform, side: Int) -> [TileClass] {
    let all = Array(0..<transform.outputSide)
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
      let sides = all.filter {
        (0..<extent).contains(start + index.coefficient(of: side) * $0)
      }
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
    starts: [Int: AffineExpression], rows: [Int], columns: [Int], subject: String
  ) throws(LoweringError) -> Piece {
    let rank = axes.count
    let extents = axes.map(\.extent)
    guard let root = group.root, let operand = graph[root].operands.first else {
      throw LoweringError(subject, "a tile transform without an operand", mend: "give it one")
    }
    func place(_ map: [AffineExpression], _ a: Int, _ b: Int) -> [AffineExpression] {
      var replacements = starts
      replacements[rank] = .constant(a)
      replacements[rank + 1] = .constant(b)
      return map.map { $0.substituting(replacements) }
    }
    var piece = Piece(
      axes: axes, outputRank: rank, reduction: .none, factors: [], position: .constant(0),
      values: [], keepsOrder: true, stores: [])
    var values = ValueTable()
    let program = LinearProgram(transform.matrix)
    let side = transform.inputSide
    // Column by column M·tile, then row by row times Mᵀ.
    var halfway = [[Value.Term?]](
      repeating: Array(repeating: nil, count: side), count: transform.outputSide)
    for b in 0..<side {
      var column: [Value.Term?] = []
      for a in 0..<side {
        let read = try access(operand, place(transform.input, a, b), extents, subject)
        column.append(.init(value: values.add(.read(read)), coefficient: 1))
      }
      for (u, result) in Self.apply(program, column, &values).enumerated() {
        halfway[u][b] = result
      }
    }
    for u in rows {
      let row = Self.apply(program, halfway[u], &values)
      for v in columns {
        let result =
          row[v].map { Value.combination([$0]) } ?? .constant(0, .float32)
        try addValues(
          group, result: result, at: place(transform.output, u, v), extents: extents,
          subject: subject, &values, &piece)
      }
    }
    piece.values = values.list
    return piece
  }

  /// The program's results for these inputs; nil stands for zero.
  private static func apply(
    _ program: LinearProgram, _ inputs: [Value.Term?], _ values: inout ValueTable
  ) -> [Value.Term?] {
    var known = inputs
    for step in program.steps {
      let terms = step.compactMap { term in
        known[term.source].map {
          Value.Term(value: $0.value, coefficient: $0.coefficient * term.coefficient)
        }
      }
      known.append(
        terms.isEmpty ? nil : .init(value: values.add(.combination(terms)), coefficient: 1))
    }
    return program.results.map { result in
      guard let result, let term = known[result.source] else { return nil }
      return .init(value: term.value, coefficient: term.coefficient * result.coefficient)
    }
  }
}
