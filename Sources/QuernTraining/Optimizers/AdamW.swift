import QuernErrors
import QuernGraph
import QuernLayers

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019): w ← w − η·λ·w beside Adam's step, so
/// that the decay is not divided by the gradient's size.
public struct AdamW: Optimizer, Hashable {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  /// λ, relative to the learning rate.
  public var weightDecay: Double

  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  private var adam: Adam { Adam(beta1: beta1, beta2: beta2, epsilon: epsilon) }

  public var name: String { "adamw" }
  public var settings: [String: Double] {
    ["beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weightDecay": weightDecay]
  }
  public var stateNames: [String] { adam.stateNames }
  /// Adam's, and 1 − η·λ where λ is not zero.
  public var hyperparameters: [String] {
    adam.hyperparameters + (weightDecay == 0 ? [] : ["weightShrinkage"])
  }

  public func values(learningRate: Double, step: Int) -> [Double] {
    adam.values(learningRate: learningRate, step: step)
      + (weightDecay == 0 ? [] : [1 - learningRate * weightDecay])
  }

  public func update(
    _ weight: Tensor, gradient: Tensor, state: [Tensor], hyperparameters: [Tensor],
    role: ParameterInfo.Role
  ) throws(QuernError) -> (weight: Tensor, state: [Tensor]) {
    let shrunk = role.isDecayed && weightDecay != 0 ? try weight * hyperparameters[2] : weight
    return try adam.step(shrunk, gradient, state, hyperparameters[0], hyperparameters[1])
  }
}
