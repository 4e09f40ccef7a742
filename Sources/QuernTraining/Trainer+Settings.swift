import QuernAugmentation
import QuernErrors
import QuernExecution
import QuernLayers

extension Trainer {
  /// What the network is evaluated on after each epoch.
  public enum Validation: Hashable, Sendable {
    /// The data set that the trainer is given as `evaluation`, if there is one: a validation or test
    /// set.
    case evaluationSet
    /// This share of the training set, between 0 and 1. It is set apart and not trained on.
    case share(Double)
    /// The training set, with its pictures as they are. The data set given as `evaluation` is the
    /// test set; the network is evaluated on it too. This is for pictures that are trained on in a
    /// ``Settings/deformation`` only, as Cireşan et al. 2010 do.
    case trainingSet
  }

  /// How a network is trained.
  public struct Settings: Sendable {
    /// N, examples a step.
    public var batchSize: Int
    /// η and its schedule.
    public var learningRate: LearningRate
    /// How parameters move along their gradients.
    public var optimizer: any Optimizer
    /// The largest norm of all gradients together. Where it is larger, they are scaled down to this.
    /// Nil: no limit.
    public var gradientNormLimit: Double?
    /// Decides the initial weights, the order of the examples, their deformations and what dropout
    /// drops.
    public var seed: UInt64
    /// Terms added to the loss.
    public var regularisation: Regularisation
    /// What the network is evaluated on after each epoch.
    public var validation: Validation
    /// How the training set's pictures are deformed, anew in every epoch. Nil: not at all.
    public var deformation: Deformation?
    /// Backend, target and threads.
    public var execution: ExecutionOptions

    public init(
      batchSize: Int = 128, learningRate: LearningRate = 0.05,
      optimizer: any Optimizer = Momentum(), gradientNormLimit: Double? = nil,
      regularisation: Regularisation = .none, validation: Validation = .evaluationSet,
      deformation: Deformation? = nil, seed: UInt64 = 1,
      execution: ExecutionOptions = ExecutionOptions()
    ) {
      self.batchSize = batchSize
      self.learningRate = learningRate
      self.optimizer = optimizer
      self.gradientNormLimit = gradientNormLimit
      self.regularisation = regularisation
      self.validation = validation
      self.deformation = deformation
      self.seed = seed
      self.execution = execution
    }
  }
}

extension Trainer.Settings {
  /// - Throws: `QuernError` for numbers out of range, those of the deformation included.
  func validate() throws {
    guard batchSize > 0 else {
      throw QuernError("batch size", "\(batchSize) found", remedy: "give at least 1")
    }
    guard learningRate.base > 0, Float(learningRate.base).isFinite else {
      throw QuernError("learning rate", "\(learningRate.base) found", remedy: "give more than 0")
    }
    if let limit = gradientNormLimit, !(limit > 0) {
      throw QuernError("gradient norm limit", "\(limit) found", remedy: "give more than 0")
    }
    for (name, value) in [("l1", regularisation.l1), ("l2", regularisation.l2)]
    where !(Float(value).isFinite && value >= 0) {
      throw QuernError(
        "regularisation", "\(name) is \(value)", remedy: "give a number that is not negative")
    }
    if case .share(let fraction) = validation, !(0 < fraction && fraction < 1) {
      throw QuernError(
        "validation fraction", "\(fraction) found", remedy: "give a share between 0 and 1")
    }
    try deformation?.validate()
    for (name, value) in optimizer.settings where !(Float(value).isFinite && value >= 0) {
      throw QuernError(
        optimizer.name, "\(name) is \(value)", remedy: "give a number that is not negative")
    }
    try execution.validate()
  }
}
