import QuernErrors
import QuernGraph
import QuernLayers

/// Nesterov's momentum, as PyTorch has it: v ← μ·v + g; w ← w − η·(g + μ·v).
public struct Nesterov: Optimizer, Hashable {
  /// μ, the share of the velocity that remains.
  public var momentum: Double
  /// λ: λ·w is added to the gradient.
  public var weightDecay: Double

  public init(_ momentum: Double = 0.9, weightDecay: Double = 0) {
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  public var name: String { "nesterov" }
  public var settings: [String: Double] { ["momentum": momentum, "weightDecay": weightDecay] }
  public var stateNames: [String] { ["velocity"] }

  public func update(
    _ weight: Tensor, gradient: Tensor, state: [Tensor], hyperparameters: [Tensor],
    role: ParameterInfo.Role
  ) throws(QuernError) -> (weight: Tensor, state: [Tensor]) {
    let g = try decayed(gradient, weight, by: weightDecay, role)
    let velocity = try state[0] * momentum + g
    return (try weight - hyperparameters[0] * (g + velocity * momentum), [velocity])
  }
}
