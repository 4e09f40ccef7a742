import QuernAugmentation
import QuernErrors
import QuernExecution
import QuernLayers

extension Trainer {
  public struct Settings: Sendable {
    /// N, examples a step.
    public var batchSize: Int
    /// η, before the schedule.
    public var learningRate: Double
    /// What η is multiplied by as training goes on.
    public var schedule: LearningRateSchedule
    /// How parameters move along their gradients.
    public var optimizer: any Optimizer
    /// Where the norm of all gradients together is larger, they are scaled down to it.
    public var gradientNormLimit: Double?
    /// Decides the initial weights, the orders of the examples, their deformations and what dropout
    /// drops.
    public var seed: UInt64
    /// Terms added to the loss.
    public var regularisation: Regularisation
    /// Where given, this share of the training set is set apart, and each epoch is evaluated on it.
    public var validationFraction: Double?
    /// Each epoch is evaluated on the training set as it is, and on the test set: for pictures that
    /// are trained on in a ``deformation`` only, as Cireşan et al. 2010 do.
    public var validatesOnTrainingSet: Bool
    /// How the training set's pictures are deformed, anew in every epoch. Nil: not at all.
    public var deformation: Deformation?
    /// What checkpoints call the data set, for those who go on with the run; nil for its own name.
    public var dataName: String?
    /// Backend, target and threads.
    public var execution: ExecutionOptions

    public init(
      batchSize: Int = 128, learningRate: Double = 0.05,
      schedule: LearningRateSchedule = .constant, optimizer: any Optimizer = Momentum(),
      gradientNormLimit: Double? = nil, regularisation: Regularisation = .none,
      validationFraction: Double? = nil, validatesOnTrainingSet: Bool = false,
      deformation: Deformation? = nil, seed: UInt64 = 1, dataName: String? = nil,
      execution: ExecutionOptions = ExecutionOptions()
    ) {
      self.batchSize = batchSize
      self.learningRate = learningRate
      self.schedule = schedule
      self.optimizer = optimizer
      self.gradientNormLimit = gradientNormLimit
      self.regularisation = regularisation
      self.validationFraction = validationFraction
      self.validatesOnTrainingSet = validatesOnTrainingSet
      self.deformation = deformation
      self.seed = seed
      self.dataName = dataName
      self.execution = execution
    }
  }
}

extension Trainer.Settings {
  /// - Throws: `QuernError` for numbers that make no sense, a deformation's among them.
  func validate() throws {
    guard batchSize > 0 else {
      throw QuernError("batch size", "\(batchSize) found", remedy: "give at least 1")
    }
    guard learningRate > 0, Float(learningRate).isFinite else {
      throw QuernError("learning rate", "\(learningRate) found", remedy: "give more than 0")
    }
    if let limit = gradientNormLimit, !(limit > 0) {
      throw QuernError("gradient norm limit", "\(limit) found", remedy: "give more than 0")
    }
    for (name, value) in [("l1", regularisation.l1), ("l2", regularisation.l2)]
    where !(Float(value).isFinite && value >= 0) {
      throw QuernError(
        "regularisation", "\(name) is \(value)", remedy: "give a number that is not negative")
    }
    if let fraction = validationFraction, !(0 < fraction && fraction < 1) {
      throw QuernError(
        "validation fraction", "\(fraction) found", remedy: "give a share between 0 and 1")
    }
    if validatesOnTrainingSet, validationFraction != nil {
      throw QuernError(
        "validation", "both a share of the training set and all of it", remedy: "choose one")
    }
    try deformation?.validate()
    for (name, value) in optimizer.settings where !(Float(value).isFinite && value >= 0) {
      throw QuernError(
        optimizer.name, "\(name) is \(value)", remedy: "give a number that is not negative")
    }
    try execution.validate()
  }
}
