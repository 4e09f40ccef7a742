import QuernGraph

// Residue classes in which nothing is left to add up, as one piece.

extension PieceBuilder {
  /// One piece that computes all residue classes of each position at once: what they share is read
  /// once, and what they write lies close together.
  ///
  /// The gradient of max-pooling is such a case where windows lie side by side: each element of a
  /// window gets the gradient or zero.
  ///
  /// - Returns: nil where classes have sums, or differ in size.
  func joined(
    _ classes: [SymbolicPiece], _ group: Fusion.Group, subject: String
  ) throws(LoweringError) -> Piece? {
    guard classes.count > 1, let first = classes.first else { return nil }
    let axes = Array(first.axes[..<first.outputRank])
    let extents = axes.map(\.extent)
    for part in classes {
      guard part.reduction == .sum, part.outputRank == first.outputRank,
        part.axes[..<part.outputRank].map(\.extent) == extents,
        part.axes[part.outputRank...].allSatisfy({ $0.extent == 1 }),
        part.factors.contains(where: { $0.match == nil })
      else { return nil }
    }
    var piece = Piece(
      axes: axes, outputRank: axes.count, reduction: .none, factors: [], position: .constant(0),
      values: [], keepsOrder: true, stores: [])
    var values = ValueTable()
    for part in classes {
      let ended = Dictionary(
        uniqueKeysWithValues: (part.outputRank..<part.axes.count).map {
          ($0, AffineExpression.constant(0))
        })
      var product: Value?
      for factor in part.factors.filter({ $0.match == nil }) {
        let map = factor.map.map { $0.substituting(ended) }
        let read = Value.read(try access(factor.operand, map, extents, subject))
        product =
          product.map { .apply(.multiply, [values.add($0), values.add(read)], .float32) } ?? read
      }
      for factor in part.factors {
        guard let match = factor.match?.substituting(ended), let chosen = product else { continue }
        let map = factor.map.map { $0.substituting(ended) }
        let found = values.add(.read(try access(factor.operand, map, extents, subject)))
        let wanted = values.add(
          match.terms.isEmpty ? .constant(Double(match.offset), .int32) : .index(match))
        let hit = values.add(.apply(.equal, [found, wanted], .float32))
        product = .apply(
          .select, [hit, values.add(chosen), values.add(.constant(0, .float32))], .float32)
      }
      try addValues(
        group, result: product, at: part.domain.map { $0.substituting(ended) }, extents: extents,
        subject: subject, &values, &piece)
    }
    piece.values = values.list
    return piece
  }
}
