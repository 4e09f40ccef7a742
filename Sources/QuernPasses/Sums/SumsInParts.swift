import QuernGraph

/// The same graph with long sums of few outputs kept in a few parts, which a second sum adds up: the
/// gradient of a bias over all pictures and positions, a channel's mean over a batch, a first layer's
/// filters.
///
///     y[c] = Σ x[n, i, c]   becomes   s[p, c] = Σ x[p · N / P + k, i, c],  y[c] = Σ s[p, c]
///
/// Threads share out outputs only, so that results do not depend on their number. Of a sum with few
/// outputs each would get a few, and read all pictures for them, or one would get all. Of parts each
/// takes whole ones, and reads its own pictures, as in the kernels before and after. How many parts
/// there are depends on the shape alone. The sums' rounding errors are smaller, if anything.
public func sumInParts(_ graph: Graph, _ limits: PartLimits = PartLimits()) -> Graph {
  let rule: RewriteRule = { node, rewriter in
    guard case .contraction(let contraction) = node.op,
      let parts = limits.parts(of: contraction)
    else { return nil }
    return rewriter.sum(contraction, of: node.operands, inParts: parts)
  }
  return eliminateDeadCode(Rewriter(RewriteRules(contraction: [rule])).rewrite(graph))
}

/// Which sums are worth two.
public struct PartLimits: Sendable {
  /// Parts are added up while other threads wait: there should not be many.
  public var mostParts = 8
  /// Terms of all outputs together below which meeting once more takes longer than is saved.
  public var fewestTerms = 1 << 16
  public var mostOutputs = 1 << 10
  /// Terms of an output for each output. Where there are fewer, outputs are shared out well enough.
  public var termsPerOutput = 16

  public init() {}

  /// As if every sum were worth two: for tests.
  package static var always: Self {
    var limits = Self()
    (limits.fewestTerms, limits.mostOutputs, limits.termsPerOutput) = (0, .max, 0)
    return limits
  }

  /// The parts of a sum's outermost reduction axis; nil where it stays whole.
  func parts(of sum: Contraction) -> Int? {
    let outputs = sum.outputShape.elementCount
    guard let outer = sum.reductionAxes.first, outputs <= mostOutputs,
      sum.multiplyAdds >= fewestTerms, sum.reductionCount >= termsPerOutput * outputs
    else { return nil }
    // Three parts would leave one of two threads with twice the other's work.
    let candidates = (2...mostParts).filter { outer.extent % $0 == 0 && $0 != 3 }
    return candidates.last
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
    let partial = Contraction(axes: axes, outputRank: rank + 1, factors: factors)
    let total = Contraction(
      axes: Array(axes[1..<rank + 1]) + [axes[0]], outputRank: rank,
      factors: [.init([.axis(rank)] + (0..<rank).map { .axis($0) })])
    return add(total, [add(partial, operands)])
  }

  private func add(_ contraction: Contraction, _ operands: [NodeID]) -> NodeID {
    builder.add(
      .contraction(contraction), operands, TensorType(.float32, contraction.outputShape))
  }
}
