import QuernErrors
import QuernGraph
import QuernLayers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adam (Kingma & Ba 2015, algorithm 1), with ε outside the corrected root, as in PyTorch:
/// m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; w ← w − η·m̂ / (√v̂ + ε),
/// where m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
public struct Adam: Optimizer, Hashable {
  /// The share of the gradient's running mean that remains.
  public var beta1: Double
  /// The share of the squared gradient's running mean that remains.
  public var beta2: Double
  /// Keeps the denominator above zero.
  public var epsilon: Double
  /// λ: λ·w is added to the gradient. See ``AdamW`` for the decoupled kind.
  public var weightDecay: Double

  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public var name: String { "adam" }
  public var settings: [String: Double] {
    ["beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weightDecay": weightDecay]
  }
  public var stateNames: [String] { ["firstMoment", "secondMoment"] }
  /// η / (1 − β₁ᵗ), and 1 / √(1 − β₂ᵗ).
  public var hyperparameters: [String] { ["stepSize", "secondMomentCorrection"] }

  public func values(learningRate: Double, step: Int) -> [Double] {
    [
      learningRate / (1 - pow(beta1, Double(step))),
      1 / (1 - pow(beta2, Double(step))).squareRoot(),
    ]
  }

  public func update(
    _ weight: Tensor, gradient: Tensor, state: [Tensor], hyperparameters: [Tensor],
    role: ParameterInfo.Role
  ) throws(QuernError) -> (weight: Tensor, state: [Tensor]) {
    try step(
      weight, decayed(gradient, weight, by: weightDecay, role), state, hyperparameters[0],
      hyperparameters[1])
  }

  /// The update from a gradient to which the decay has been added.
  func step(
    _ weight: Tensor, _ g: Tensor, _ state: [Tensor], _ stepSize: Tensor, _ correction: Tensor
  ) throws(QuernError) -> (weight: Tensor, state: [Tensor]) {
    let first = try state[0] * beta1 + g * (1 - beta1)
    let second = try state[1] * beta2 + g * g * (1 - beta2)
    let root = try second.squareRoot() * correction + epsilon
    return (try weight - stepSize * (first / root), [first, second])
  }
}
