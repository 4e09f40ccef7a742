import QuernErrors
import QuernGraph

// Tile transforms: each position of the axes reads a tile, transforms it and writes another.

extension LoopNestBuilder {
  /// One nest for the tiles that lie wholly inside the result, and one each for those that reach over
  /// its edges, of which only a part is computed.
  func tileNests(
    _ transform: TileTransform, _ group: FusedGraph.Group, subject: String
  ) throws(QuernError) -> [TensorNest] {
    let rank = transform.axes.count
    var nests: [TensorNest] = []
    for rows in Self.classes(transform, side: rank) {
      for columns in Self.classes(transform, side: rank + 1) {
        var axes = transform.axes
        // A class is a stretch of one axis: positions start at 0 again in its nest.
        var starts: [Int: AffineExpression] = [:]
        for part in [rows, columns] {
          guard let axis = part.axis else { continue }
          axes[axis].extent = part.positions.count
          starts[axis] = .axis(axis, plus: part.positions.lowerBound)
        }
        nests.append(
          try tileNest(
            transform, group, axes: axes, starts: starts, rows: rows.sides, columns: columns.sides,
            subject: subject))
      }
    }
    return nests
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
    if case .after = transform.mixing { return whole }
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

  private func tileNest(
    _ transform: TileTransform, _ group: FusedGraph.Group, axes: [Axis],
    starts: [Int: AffineExpression], rows: Range<Int>, columns: Range<Int>, subject: String
  ) throws(QuernError) -> TensorNest {
    let rank = axes.count
    guard let root = group.root, let operand = graph[root].operands.first else {
      throw QuernError(subject, "a tile transform without an operand", remedy: "give it one")
    }
    var written = transform.outputTile
    if written.count == 2 { (written[0].extent, written[1].extent) = (rows.count, columns.count) }
    let loops =
      axes.map { LoopAxis($0.name, $0.extent, .output) }
      + written.map { LoopAxis($0.name, $0.extent, .tileOutput) }
      + transform.inputTile.map { LoopAxis($0.name, $0.extent, .tileInput) }
    func place(_ map: [AffineExpression], _ tile: [AffineExpression]) -> [AffineExpression] {
      var replacements = starts
      for (number, index) in tile.enumerated() { replacements[rank + number] = index }
      return map.map { $0.substituting(replacements) }
    }
    let inside = transform.inputTile.indices.map {
      AffineExpression.axis(rank + written.count + $0)
    }
    var nest = TensorNest(
      axes: loops,
      reduction: .transform(
        rows: Array(transform.matrix[rows]), columns: Array(transform.matrix[columns]),
        transform.mixing))
    let read = try access(operand, place(transform.input, inside), nest.extents, subject)
    nest.factors = [NestFactor(access: nest.add(read))]
    var values = ValueTable()
    let starts = written.count == 2 ? [rows.lowerBound, columns.lowerBound] : [0]
    let result = place(
      transform.output,
      starts.enumerated().map { .axis(rank + $0.offset, plus: $0.element) })
    try addValues(
      group, result: .accumulator, at: result, subject: subject, &values, &nest)
    nest.values = values.list
    return nest
  }
}
