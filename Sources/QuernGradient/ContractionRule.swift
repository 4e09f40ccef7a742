import QuernErrors
import QuernGraph

// The derivative of a contraction: again a contraction, with its index maps turned round.
//
// From out[o…] = Σ_r x[map(o, r)] · w[…] follows dx[a…] = Σ g[o…] · w[…] over all axes with
// map(o, r) = a. Each dimension's equation is solved for one of its axes, which is then replaced
// by that expression everywhere; the axes that are left are summed over.
//
//     forward      out[y] = Σ_i x[s·y + i − p] · w[i]
//     by w         dw[i]  = Σ_y x[s·y + i − p] · g[y]
//     by x         dx[a]  = Σ_i g[(a − i + p) / s] · w[i]        y from s·y + i − p = a
//
// The replaced axis had a range, and only whole positions. Where a factor reads its tensor at just
// that axis, over its full extent, both are kept, for reads elsewhere are zero: the adjoint does so
// for all output axes, which are therefore preferred. Any other replaced axis needs a guard.

extension RuleApplication {
  func partial(of contraction: Contraction, _ operands: [Tensor]) throws(QuernError) -> Tensor {
    var turned = TurnedContraction(contraction, by: number, shape: operands[number].shape)
    turned.solve()

    var factors: [Contraction.Factor] = []
    var tensors: [Tensor] = []
    let plain = (0..<contraction.outputRank).map { AffineExpression.axis($0) }
    factors.append(.init(plain))
    tensors.append(adjoint)
    for (other, factor) in contraction.factors.enumerated() where other != number {
      factors.append(factor)
      tensors.append(operands[other])
    }

    let unguarded = turned.unguarded(by: factors, tensors.map(\.shape))
    if !unguarded.isEmpty {
      let extents = unguarded.map { contraction.axes[$0].extent }
      let guards = unguarded.map { AffineExpression.axis($0) }
      if factors.count == 1 {
        factors.append(.init(guards))
        tensors.append(builder.constant(1, Shape(extents)))
      } else {
        // No room for a third factor: the adjoint is repeated along the axes to be guarded.
        let shape = Shape(adjoint.shape.extents + extents.map { _ in 1 })
        tensors[0] = try adjoint.reshaped(shape).broadcast(
          to: Shape(adjoint.shape.extents + extents))
        factors[0].map += guards
      }
    }

    let (result, unread) = turned.result(factors)
    var partial = try builder.contraction(result, tensors)
    if unread > 1 { partial = try partial * Double(unread) }
    for (dimension, equal) in turned.conditions {
      partial = try keep(partial, where: dimension, equals: equal)
    }
    return partial
  }

  /// `tensor` where the index along a dimension has a value that depends on the others, 0 elsewhere.
  private func keep(
    _ tensor: Tensor, where dimension: Int, equals value: AffineExpression
  ) throws(QuernError) -> Tensor {
    let axes = tensor.shape.extents.enumerated().map { Axis("d\($0)", $1) }
    let positions = builder.iota([tensor.shape[dimension]])
    return try builder.contraction(
      Contraction(
        axes: axes, outputRank: axes.count,
        factors: [
          .init(axes.indices.map { .axis($0) }), .init([.axis(dimension)], match: value),
        ]),
      [tensor, positions])
  }
}

/// The equations `map(axes) = a` of one operand, solved.
///
/// Axes of the old contraction keep their numbers; the new output axes, one for each dimension of
/// the operand, follow after them.
private struct TurnedContraction {
  let old: Contraction
  let map: [AffineExpression]
  let shape: Shape
  /// Old axes as expressions of the new output axes and of old axes that are not solved.
  var solutions: [Int: AffineExpression] = [:]
  /// By dimension, the axis it was solved for.
  var solvedAxis: [Int: Int] = [:]
  /// Dimensions with no axis left to solve for, and the value (in the new output axes) at which the
  /// operand was read there.
  var conditions: [(dimension: Int, equal: AffineExpression)] = []

  init(_ contraction: Contraction, by number: Int, shape: Shape) {
    old = contraction
    map = contraction.factors[number].map
    self.shape = shape
  }

  private var extents: [Int] { old.extents + shape.extents }
  private func newAxis(_ dimension: Int) -> Int { old.axes.count + dimension }

  mutating func solve() {
    let plain = map.indices.filter { map[$0].soleAxis != nil }
    let composite = map.indices.filter { map[$0].soleAxis == nil }
    for dimension in plain + composite {
      let index = map[dimension].substituting(solutions)
      guard let axis = choice(in: index) else {
        let renumbered = index.substituting(renumbering(reductionAxes: []))
        // Along a dimension of extent 1 read at 0 there is nothing else to be read.
        if shape[dimension] > 1 || renumbered != .constant(0) {
          conditions.append((dimension, renumbered))
        }
        continue
      }
      let solution = index.solved(for: axis, index: newAxis(dimension))
      for known in solutions.keys {
        solutions[known] = solutions[known]?.substituting([axis: solution])
      }
      solutions[axis] = solution
      solvedAxis[dimension] = axis
    }
  }

  /// The axis to solve for: an output axis, for the adjoint guards it; then the longest, for it
  /// saves most of the sum; then one that leaves no divisor.
  private func choice(in index: AffineExpression) -> Int? {
    func rank(_ term: AffineExpression.Term) -> [Int] {
      [
        term.axis < old.outputRank ? 1 : 0, old.axes[term.axis].extent,
        abs(term.coefficient) == 1 ? 1 : 0, -term.axis,
      ]
    }
    return index.terms.filter { $0.axis < old.axes.count }
      .max { rank($0).lexicographicallyPrecedes(rank($1)) }?.axis
  }

  /// Solved axes that could leave their range or fall between positions unnoticed.
  func unguarded(by factors: [Contraction.Factor], _ shapes: [Shape]) -> [Int] {
    solutions.keys.sorted().filter { axis in
      let extent = old.axes[axis].extent
      let isRead = zip(factors, shapes).contains { factor, shape in
        factor.match == nil
          && zip(factor.map, shape.extents).contains { $0.soleAxis == axis && $1 == extent }
      }
      guard !isRead, let solution = solutions[axis] else { return false }
      let bounds = solution.bounds(extents: extents)
      return solution.divisor > 1 || bounds.lowerBound < 0 || bounds.upperBound >= extent
    }
  }

  /// New numbers: first the new output axes, then the axes summed over.
  private func renumbering(reductionAxes: [Int]) -> [Int: AffineExpression] {
    var numbers: [Int: AffineExpression] = [:]
    for dimension in 0..<shape.rank { numbers[newAxis(dimension)] = .axis(dimension) }
    for (position, axis) in reductionAxes.enumerated() {
      numbers[axis] = .axis(shape.rank + position)
    }
    return numbers
  }

  /// The contraction, and how often each term is to be counted for axes that nothing reads.
  func result(_ factors: [Contraction.Factor]) -> (contraction: Contraction, unread: Int) {
    let solved = factors.map { factor in
      Contraction.Factor(
        factor.map.map { $0.substituting(solutions) },
        match: factor.match.map { $0.substituting(solutions) })
    }
    let expressions = solved.flatMap { $0.map + ($0.match.map { [$0] } ?? []) }
    let read = Set(expressions.flatMap(\.terms).map(\.axis))
    let left = old.axes.indices.filter { solutions[$0] == nil }
    let summed = left.filter(read.contains)
    let unread = left.filter { !read.contains($0) }.reduce(1) { $0 * old.axes[$1].extent }

    let numbers = renumbering(reductionAxes: summed)
    let outputAxes = (0..<shape.rank).map { dimension in
      Axis(solvedAxis[dimension].map { old.axes[$0].name } ?? "u\(dimension)", shape[dimension])
    }
    let contraction = Contraction(
      axes: outputAxes + summed.map { old.axes[$0] }, outputRank: shape.rank,
      factors: solved.map { factor in
        Contraction.Factor(
          factor.map.map { $0.substituting(numbers) },
          match: factor.match.map { $0.substituting(numbers) })
      })
    return (contraction, unread)
  }
}
