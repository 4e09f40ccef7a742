import QuernErrors
import QuernGraph
import QuernLayers

/// Stochastic gradient descent: w ← w − η·g, the lecture's wᵗ = wᵗ⁻¹ − η·∇Q(wᵗ⁻¹).
public struct SGD: Optimizer, Hashable {
  /// λ: λ·w is added to the gradient.
  public var weightDecay: Double

  public init(weightDecay: Double = 0) { self.weightDecay = weightDecay }

  public var name: String { "sgd" }
  public var settings: [String: Double] { ["weightDecay": weightDecay] }

  public func update(
    _ weight: Tensor, gradient: Tensor, state: [Tensor], hyperparameters: [Tensor],
    role: ParameterInfo.Role
  ) throws(QuernError) -> (weight: Tensor, state: [Tensor]) {
    let g = try decayed(gradient, weight, by: weightDecay, role)
    return (try weight - hyperparameters[0] * g, [])
  }
}
