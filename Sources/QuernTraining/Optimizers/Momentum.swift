import QuernErrors
import QuernGraph
import QuernLayers

/// Gradient descent with momentum, as PyTorch has it: v ← μ·v + g; w ← w − η·v.
///
/// Others (Sutskever et al. 2013) put the learning rate into the velocity, v ← μ·v + η·g; the two
/// agree as long as the rate stays constant.
public struct Momentum: Optimizer, Hashable {
  /// μ, the share of the velocity that remains.
  public var momentum: Double
  /// λ: λ·w is added to the gradient.
  public var weightDecay: Double

  public init(_ momentum: Double = 0.9, weightDecay: Double = 0) {
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  public var name: String { "momentum" }
  public var settings: [String: Double] { ["momentum": momentum, "weightDecay": weightDecay] }
  public var stateNames: [String] { ["velocity"] }

  public func update(
    _ weight: Tensor, gradient: Tensor, state: [Tensor], hyperparameters: [Tensor],
    role: ParameterInfo.Role
  ) throws(QuernError) -> (weight: Tensor, state: [Tensor]) {
    let g = try decayed(gradient, weight, by: weightDecay, role)
    let velocity = try state[0] * momentum + g
    return (try weight - hyperparameters[0] * velocity, [velocity])
  }
}
