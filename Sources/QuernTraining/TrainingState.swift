import QuernAugmentation
import QuernData
import QuernLayers
import QuernMachine

/// What a checkpoint keeps of a training run beside the network's weights: enough to go on with it.
public struct TrainingState: Sendable, Equatable {
  /// The optimiser, as it was set and as far as it has come.
  public struct OptimizerState: Sendable, Equatable {
    /// ``Optimizer/name``. A run goes on only with an optimiser of this name.
    public var name: String
    /// ``Optimizer/settings``.
    public var settings: [String: Double]
    /// What it keeps for each parameter, by names such as `optimizer/velocity/conv1.weight`.
    public var tensors: [String: Safetensors.Tensor]
  }

  /// The trainer's settings but for its optimiser and for how it runs the step.
  public struct Settings: Sendable, Hashable {
    /// ``Trainer/Settings/batchSize``. Within an epoch a run goes on only with the same one.
    public var batchSize: Int
    /// ``Trainer/Settings/learningRate``.
    public var learningRate: LearningRate
    /// ``Trainer/Settings/gradientNormLimit``.
    public var gradientNormLimit: Double?
    /// ``Trainer/Settings/regularisation``.
    public var regularisation: Regularisation
    /// ``Trainer/Settings/validation``.
    public var validation: Trainer.Validation
    /// ``Trainer/Settings/deformation``.
    public var deformation: Deformation?
    /// ``Trainer/Settings/seed``.
    public var seed: UInt64
  }

  /// Which examples the run is trained on. Within an epoch it goes on only with the same ones.
  public struct DatasetIdentity: Sendable, Hashable {
    /// What the run calls the data set, see ``Trainer/dataName``. Nil in files of older versions.
    public var name: String?
    /// ``/QuernData/Dataset/fingerprint``. Nil in files of older versions.
    public var fingerprint: String?
    /// Examples, without those set apart for validation. Together with the batch size it decides
    /// which examples a step of an epoch takes.
    public var exampleCount: Int
  }

  /// Where the run stands.
  public var position: TrainingPosition
  public var optimizer: OptimizerState
  public var settings: Settings
  public var dataset: DatasetIdentity
  /// Epochs the run is to have in all; nil before it was told.
  public var epochCount: Int?
  /// The best epochs so far; nil before the first was evaluated on both sets.
  public var bestEpochs: BestEpochs?
  /// Nil where training does not end by itself.
  public var stopping: StoppingState?
  /// `Numerics.version` of the Quern that wrote it: the order in which sums are added. Nil in files
  /// of older versions.
  public var numericsVersion: Int? = Numerics.version
}

extension TrainingState.Settings {
  init(_ settings: Trainer.Settings) {
    self.init(
      batchSize: settings.batchSize, learningRate: settings.learningRate,
      gradientNormLimit: settings.gradientNormLimit, regularisation: settings.regularisation,
      validation: settings.validation, deformation: settings.deformation, seed: settings.seed)
  }
}
