import QuernGraph
import QuernMachine

/// The same graph with long sums of few outputs kept in parts, which a second sum adds up: the gradient
/// of a bias over all examples and positions, a channel's mean over a batch, a first layer's filters.
///
///     y[c] = Σ x[n, i, c]   becomes   s[p, c] = Σ x[p · N / P + k, i, c],  y[c] = Σ s[p, c]
///
/// Threads share out outputs only, so that results do not depend on their number. Of a sum with few
/// outputs each would get a few, and read all examples for them, or one would get all. Of parts each
/// takes whole ones, and reads its own examples, as in the kernels before and after. Where an example is
/// much larger than its own sums, each is a part: the kernel that sums then takes examples one by one,
/// as the one does that makes them, and finds them in the cache (see ``Region``). How many parts there
/// are depends on shapes alone. The sums' rounding errors are smaller, if anything.
public func splitReductions(_ graph: Graph, _ limits: Numerics.SplitReductions = .init())
  -> Graph
{
  let rule: RewriteRule = { node, rewriter in
    guard case .contraction(let contraction) = node.op,
      let parts = limits.parts(of: contraction, over: node.operands.map { rewriter[$0].shape })
    else { return nil }
    return rewriter.sum(contraction, of: node.operands, inParts: parts)
  }
  return eliminateDeadCode(Rewriter(RewriteRules(contraction: [rule])).rewrite(graph))
}

extension Numerics.SplitReductions {
  /// The parts of a sum's outermost reduction axis, of examples; nil where it stays whole.
  func parts(of sum: Contraction, over operands: [Shape]) -> Int? {
    guard let outer = sum.reductionAxes.first, sum.multiplyAdds >= minTerms else { return nil }
    let outputs = sum.outputShape.elementCount
    if isWorthOnePerExample(sum, outer.extent, operands) { return outer.extent }
    guard outputs <= maxOutputs, sum.reductionCount >= termsPerOutput * outputs else { return nil }
    // Three parts would leave one of two threads with twice the other's work.
    let candidates = (2...maxParts).filter { outer.extent % $0 == 0 && $0 != 3 }
    return candidates.last
  }

  private func isWorthOnePerExample(
    _ sum: Contraction, _ examples: Int, _ operands: [Shape]
  ) -> Bool {
    guard examples > 1, sum.reductionCount / examples >= minTermsPerExample else { return false }
    let elements = zip(sum.factors, operands).reduce(0) { most, operand in
      let hasExamples = operand.0.map.contains { $0.coefficient(of: sum.outputRank) != 0 }
      return hasExamples ? max(most, operand.1.elementCount) : most
    }
    return elements >= examples * sum.outputShape.elementCount * elementsPerSum
  }
}

extension Rewriter {
  /// A contraction in parts of its outermost reduction axis, which a second one adds up.
  ///
  /// - Parameter parts: a divisor of the axis' extent; 1 for the contraction itself.
  func sum(_ whole: Contraction, of operands: [NodeID], inParts parts: Int) -> NodeID {
    guard parts > 1 else { return add(whole, operands) }
    let rank = whole.outputRank
    var axes = whole.axes
    axes[rank].extent /= parts
    axes.insert(Axis("part", parts), at: 0)
    // Each axis is one further on; the outermost of the sum goes on from the part's start.
    var moved: [Int: AffineExpression] = [:]
    for axis in whole.axes.indices { moved[axis] = .axis(axis + 1) }
    moved[rank] = AffineExpression([(0, axes[rank + 1].extent), (rank + 1, 1)])
    let factors = whole.factors.map { factor in
      Contraction.Factor(
        factor.map.map { $0.substituting(moved) },
        match: factor.match.map { $0.substituting(moved) })
    }
    var partial = Contraction(axes: axes, outputRank: rank + 1, factors: factors)
    if axes[rank + 1].extent == 1 {
      // A part is an example.
      partial = partial.removing([rank + 1], replacedBy: .constant(0))
    }
    let total = Contraction(
      axes: Array(axes[1..<rank + 1]) + [axes[0]], outputRank: rank,
      factors: [.init([.axis(rank)] + (0..<rank).map { .axis($0) })])
    return add(total, [add(partial, operands)])
  }

  private func add(_ contraction: Contraction, _ operands: [NodeID]) -> NodeID {
    add(.contraction(contraction), operands, TensorType(.float32, contraction.outputShape))
  }
}
