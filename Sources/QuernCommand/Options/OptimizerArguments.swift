import ArgumentParser
import Quern

enum OptimizerName: String, CaseIterable, ExpressibleByArgument {
  case sgd, momentum, nesterov, adam, adamw

  var hasMomentum: Bool { self == .momentum || self == .nesterov }

  /// - Parameters: nil means the optimiser's own default.
  func make(momentum: Double?, weightDecay: Double?) -> any Optimizer {
    switch self {
    case .sgd: SGD(weightDecay: weightDecay ?? 0)
    case .momentum: Momentum(momentum ?? 0.9, weightDecay: weightDecay ?? 0)
    case .nesterov: Nesterov(momentum ?? 0.9, weightDecay: weightDecay ?? 0)
    case .adam: Adam(weightDecay: weightDecay ?? 0)
    case .adamw: AdamW(weightDecay: weightDecay ?? 0.01)
    }
  }

  /// A rate that suits most networks where the recipe is for another optimiser.
  var learningRate: Double {
    switch self {
    case .sgd: 0.1
    case .momentum, .nesterov: 0.05
    case .adam, .adamw: 0.001
    }
  }
}

extension LearningRateSchedule: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
