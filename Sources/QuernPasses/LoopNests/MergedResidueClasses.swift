import QuernErrors
import QuernGraph

// Residue classes in which nothing is left to add up, as one nest.

extension LoopNestBuilder {
  /// Residue classes in as few nests as they can be computed in.
  ///
  /// Of classes without sums one nest computes those positions that all have, and others the last row or
  /// column that some have more, where the whole is no multiple of the step.
  func nests(
    _ classes: [SymbolicNest], _ group: FusedGraph.Group, subject: String
  ) throws(QuernError) -> [TensorNest] {
    var nests: [TensorNest] = []
    var rest = classes
    if let parts = SymbolicNest.shared(by: classes) {
      nests.append(try joined(parts.shared, group, subject: subject))
      rest = parts.rest
    }
    for symbolic in rest { nests.append(try nest(symbolic, group, subject: subject)) }
    return nests
  }

  /// One nest that computes all residue classes of each position at once: what they share is read
  /// once, and what they write lies close together.
  ///
  /// The gradient of max-pooling is such a case where windows lie side by side: each element of a
  /// window gets the gradient or zero.
  private func joined(
    _ classes: [SymbolicNest], _ group: FusedGraph.Group, subject: String
  ) throws(QuernError) -> TensorNest {
    let axes = Array(classes[0].axes[..<classes[0].outputRank])
    let extents = axes.map(\.extent)
    var nest = TensorNest(
      axes: axes.map { LoopAxis($0.name, $0.extent, .output) }, reduction: .none, keepsOrder: true)
    var values = ValueTable()
    for part in classes {
      let ended = Dictionary(
        uniqueKeysWithValues: (part.outputRank..<part.axes.count).map {
          ($0, AffineExpression.constant(0))
        })
      var product: NestValue?
      for factor in part.factors.filter({ $0.match == nil }) {
        let map = factor.map.map { $0.substituting(ended) }
        let read = NestValue.read(
          access: nest.add(try access(factor.operand, map, extents, subject)))
        product =
          product.map { .apply(.multiply, [values.add($0), values.add(read)], .float32) } ?? read
      }
      for factor in part.factors {
        guard let match = factor.match?.substituting(ended), let chosen = product else { continue }
        let map = factor.map.map { $0.substituting(ended) }
        let found = values.add(
          .read(access: nest.add(try access(factor.operand, map, extents, subject))))
        let wanted = values.add(
          match.terms.isEmpty ? .constant(Double(match.offset), .int32) : .index(nest.add(match)))
        let hit = values.add(.apply(.equal, [found, wanted], .float32))
        product = .apply(
          .select, [hit, values.add(chosen), values.add(.constant(0, .float32))], .float32)
      }
      try addValues(
        group, result: product, at: part.domain.map { $0.substituting(ended) },
        subject: subject, &values, &nest)
    }
    nest.values = values.list
    return nest
  }
}

extension SymbolicNest {
  /// The positions that all classes have, and what is left of them.
  ///
  /// - Returns: nil where there is one class, classes have sums, or little in common.
  fileprivate static func shared(
    by classes: [SymbolicNest]
  ) -> (shared: [SymbolicNest], rest: [SymbolicNest])? {
    guard classes.count > 1, let rank = classes.first?.outputRank else { return nil }
    for part in classes {
      guard part.reduction == .sum, part.outputRank == rank,
        part.axes[rank...].allSatisfy({ $0.extent == 1 }),
        part.factors.contains(where: { $0.match == nil })
      else { return nil }
    }
    var shared = classes
    var rest: [SymbolicNest] = []
    for axis in 0..<rank {
      let count = classes.map { $0.axes[axis].extent }.min() ?? 0
      for index in shared.indices {
        let extent = shared[index].axes[axis].extent
        guard extent > count else { continue }
        rest.append(shared[index].positions(extent - count, of: axis, from: count))
        shared[index] = shared[index].positions(count, of: axis, from: 0)
      }
    }
    func size(_ nests: [SymbolicNest]) -> Int {
      nests.reduce(0) { $0 + $1.axes[..<rank].reduce(1) { $0 * $1.extent } }
    }
    return size(rest) <= size(shared) ? (shared, rest) : nil
  }
}
