import QuernErrors
import QuernGraph

/// Batch normalisation (Ioffe and Szegedy 2015): (a − mean) / √(variance + ε) · scale + shift for
/// each channel.
///
/// In training mean and variance are those of the batch, over all dimensions but the last, and the
/// running ones follow them; in inference they are the running ones. As in PyTorch, the batch is
/// normalised with the biased variance, and the running variance follows the unbiased one.
///
/// Examples that only fill a batch count for nothing: the statistics are weighted with
/// ``LayerContext/exampleWeights()``, so a step on a batch with fillers equals one on a smaller batch.
///
/// - Input: (N, …, C).
/// - Output: the same shape.
/// - Parameters: `scale` (C), `shift` (C).
/// - State: `runningMean` (C), `runningVariance` (C).
public struct BatchNorm: Layer {
  /// How far the running statistics go towards the batch's in a step.
  public var momentum: Double
  /// ε, added to the variance.
  public var epsilon: Double

  public init(momentum: Double = 0.1, epsilon: Double = 1e-5) {
    self.momentum = momentum
    self.epsilon = epsilon
  }

  public var kind: String { "BatchNorm" }
  public var settings: String { epsilon == Self().epsilon ? "" : "epsilon \(epsilon)" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.checkFeatures(input)
    try context.check(epsilon: epsilon)
    guard momentum >= 0, momentum <= 1 else {
      throw context.error("its momentum is \(momentum)", remedy: "give a number from 0 to 1")
    }
    let channels = input.shape[input.shape.rank - 1]
    let scale = try context.parameter("scale", [channels], role: .scale, initialiser: .ones)
    let shift = try context.parameter("shift", [channels], role: .shift, initialiser: .zeros)
    let runningMean = try context.state("runningMean", [channels])
    let runningVariance = try context.state(
      "runningVariance", [channels], initial: .constant(1))
    if context.mode == .inference {
      let factor = try scale / (runningVariance + epsilon).squareRoot()
      return try (input - runningMean) * factor + shift
    }
    let weights = try context.exampleWeights()
    let positions = input.shape.elementCount / input.shape[0] / channels
    let count = try weights.sum() * Double(positions)
    let mean = try input.weightedSum(weights) / count
    let centred = try input - mean
    let squares = try (centred * centred).weightedSum(weights)
    let variance = try squares / count
    try follow(runningMean, mean, in: context)
    // One value alone has no unbiased variance; its squares are 0 and so is the quotient.
    let unbiased = try squares / (count - 1).maximum(count.scalar(1))
    try follow(runningVariance, unbiased, in: context)
    return try centred * (scale / (variance + epsilon).squareRoot()) + shift
  }

  private func follow(
    _ running: Tensor, _ value: Tensor, in context: LayerContext
  ) throws(QuernError) {
    try context.update(running, to: running * (1 - momentum) + value * momentum)
  }
}

extension LayerContext {
  func check(epsilon: Double) throws(QuernError) {
    guard epsilon > 0, epsilon.isFinite else {
      throw error("its epsilon is \(epsilon)", remedy: "give a small positive number such as 1e-5")
    }
  }
}

extension Tensor {
  /// Σ over all dimensions but the last of weights(n) · this(n, …, c): (C).
  func weightedSum(_ weights: Tensor) throws(QuernError) -> Tensor {
    let rank = shape.rank
    let names = rank == 4 ? ["n", "y", "x"] : (0..<rank - 1).map { $0 == 0 ? "n" : "d\($0)" }
    var axes = [Axis("c", shape[rank - 1])]
    for dimension in 0..<rank - 1 { axes.append(Axis(names[dimension], shape[dimension])) }
    let map = (1..<rank).map { AffineExpression.axis($0) } + [.axis(0)]
    return try builder.contraction(
      Contraction(axes: axes, outputRank: 1, factors: [.init([.axis(1)]), .init(map)]),
      [weights, self])
  }
}
