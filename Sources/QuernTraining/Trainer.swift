import QuernAugmentation
import QuernConcurrency
import QuernData
import QuernExecution
import QuernGraph
import QuernLayers
import QuernRandom

/// Trains a network on a data set, step by step.
///
/// The whole step, from the batch to the updated parameters, is one compiled graph: see
/// ``TrainingStep``. Equal settings give equal bits, for any number of threads, and also where a run
/// was stopped, saved and resumed by another trainer of the same settings.
///
/// The labels of a `Dataset` are classes, whole numbers. A loss whose target is `int32` (N) gets
/// them as they are. One whose target is `float32` (N, K), such as `MeanSquaredError`, gets 1 for an
/// example's class and 0 for the others. For targets that are numbers (regression) write the loop
/// over ``TrainingStep`` yourself: write the input (`Network.inputName`), the target
/// (``TrainingStep/targetName``), the examples' weights (`Network.exampleWeightName`) and the
/// optimiser's hyperparameters (``Optimizer/values(learningRate:step:)``), then run. The page "Your
/// own layer and loss" of QuernLayers shows it.
public final class Trainer {
  /// Why ``train(epochs:onEpoch:onStep:shouldStop:stopAfter:)`` returned.
  public enum Outcome: Hashable, Sendable {
    /// All epochs are done.
    case finished
    /// `shouldStop` returned true after a step.
    case interrupted
    /// `stopAfter` returned true, or the stopping rule holds, after an epoch.
    case stopped
  }

  public let network: Network
  public let loss: any Loss
  public let settings: Settings
  public let step: TrainingStep
  /// What is trained on: without the share that ``Validation/share(_:)`` sets apart.
  public let training: Dataset
  /// What the network is evaluated on after each epoch, as ``Settings/validation`` says.
  public let evaluation: Dataset?
  /// What it is evaluated on as well, with ``Validation/trainingSet`` only.
  public let test: Dataset?
  /// What checkpoints call the training set, so that it is found again when the run goes on. At first
  /// it is the data set's own name.
  public var dataName: String
  /// Where the run stands.
  public internal(set) var position: TrainingPosition
  /// How many epochs the run is to have in all; nil before training began.
  public internal(set) var epochCount: Int?
  /// The best epochs so far; nil before the first was evaluated on both sets.
  public internal(set) var bestEpochs: BestEpochs?
  /// What runs the steps.
  public let executable: any Executable

  /// The fingerprint of ``training``. Every checkpoint holds it.
  private(set) lazy var dataFingerprint = training.fingerprint

  /// The rule by which training ends by itself, and what the rule has measured; see ``stop(by:)``.
  public internal(set) var stopping: StoppingState?
  var fullGradient: FullGradient?

  private let loader: BatchLoader
  private var evaluator: Evaluator?
  private var replay: StepReplay

  /// A step that is built and compiled, with its initial weights. It needs no data, so it can be made
  /// while data are loaded.
  public struct Preparation {
    let network: Network
    let loss: any Loss
    let settings: Settings
    let step: TrainingStep
    let executable: any Executable

    /// - Throws: what is wrong with the settings or the network; what the compiler throws.
    public init(
      _ network: Network, loss: any Loss = SoftmaxCrossEntropy(), settings: Settings = Settings()
    ) throws {
      try settings.validate()
      self.network = network
      self.loss = loss
      self.settings = settings
      // Drawing millions of normal numbers takes as long as compiling, so both go on at once.
      let weights = Background { try network.initialWeights(seed: settings.seed) }
      step = try TrainingStep(
        network, loss: loss, optimizer: settings.optimizer, batchSize: settings.batchSize,
        regularisation: settings.regularisation, gradientNormLimit: settings.gradientNormLimit)
      executable = try settings.execution.makeExecutable(step.graph)
      try weights.value().copy(to: executable)
      try step.clearOptimizer(executable)
    }
  }

  /// Builds and compiles the step, and draws the initial weights.
  ///
  /// - Parameters:
  ///   - network: what is trained.
  ///   - loss: what is minimised.
  ///   - training: pictures of the network's input shape; their number need not be a multiple of
  ///     the batch.
  ///   - evaluation: a validation or test set. With ``Validation/share(_:)`` that share of the
  ///     training set takes its place; with ``Validation/trainingSet`` it is the test set.
  ///   - settings: how it is trained.
  /// - Throws: `QuernError` where network, loss and data do not go together, pictures cannot be
  ///   deformed, or this process cannot run the network as ``Settings/execution`` says.
  public convenience init(
    _ network: Network, loss: any Loss = SoftmaxCrossEntropy(), training: Dataset,
    evaluation: Dataset? = nil, settings: Settings = Settings()
  ) throws {
    try self.init(
      Preparation(network, loss: loss, settings: settings), training: training,
      evaluation: evaluation)
  }

  /// A trainer of a prepared step; see ``init(_:loss:training:evaluation:settings:)``.
  public init(
    _ preparation: Preparation, training: Dataset, evaluation: Dataset? = nil
  ) throws {
    network = preparation.network
    loss = preparation.loss
    settings = preparation.settings
    step = preparation.step
    executable = preparation.executable
    let outputs = try EvaluationStep(network, loss: loss, batchSize: 1).outputShape.elementCount
    for dataset in [training] + (evaluation.map { [$0] } ?? []) {
      try network.check(dataset)
      try network.check(labelsOf: dataset, outputs: outputs)
    }
    switch settings.validation {
    case .evaluationSet: (self.training, self.evaluation, test) = (training, evaluation, nil)
    case .share(let fraction):
      let split = try training.split(validationFraction: fraction, seed: settings.seed)
      (self.training, self.evaluation, test) = (split.training, split.validation, nil)
    case .trainingSet: (self.training, self.evaluation, test) = (training, training, evaluation)
    }
    dataName = self.training.name
    loader = try BatchLoader(
      self.training, batchSize: settings.batchSize, targetName: step.targetName, in: step.graph)
    if let deformation = settings.deformation {
      loader.deformed = try DeformedBatches(
        self.training, deformation, batchSize: settings.batchSize, seed: settings.seed,
        threads: settings.execution.threads)
    }
    position = TrainingPosition(seed: settings.seed)
    replay = StepReplay(step.graph)
  }

  /// The network's weights as they are now.
  public func weights() throws -> Weights {
    try Weights(step.weights.map(\.name), of: executable)
  }

  /// The network with the weights as they are now.
  public func model() throws -> Model {
    try Model(network, loss: loss, weights: weights(), execution: settings.execution)
  }

  // MARK: Training

  /// Trains until `epochs` epochs are done, those of a resumed run's past included.
  ///
  /// - Parameters:
  ///   - epochs: in all, counted from the run's beginning.
  ///   - onEpoch: called after each epoch.
  ///   - onStep: called after each step.
  ///   - shouldStop: asked after each step.
  ///   - stopAfter: asked after each epoch; for early stopping.
  /// - Throws: ``NonFiniteLoss`` where the loss becomes infinite or not a number.
  @discardableResult
  public func train(
    epochs: Int, onEpoch: (EpochSummary) throws -> Void = { _ in },
    onStep: (TrainingProgress) throws -> Void = { _ in }, shouldStop: () -> Bool = { false },
    stopAfter: (EpochSummary) -> Bool = { _ in false }
  ) throws -> Outcome {
    epochCount = epochs
    if try beginTraining() { return .stopped }
    while position.epoch < epochs {
      if position.stepInEpoch == 0 { try beginEpoch() }
      let start = ContinuousClock.now
      var shuffler = Shuffler(
        count: training.count, generator: SeededGenerator(state: position.shuffleState))
      loader.begin(
        epoch: position.epoch, order: shuffler.nextEpoch(), batch: position.stepInEpoch)
      replay.forget()

      let steps = try trainSteps(
        since: start, epochs: epochs, onStep: onStep, shouldStop: shouldStop)
      if steps.areInterrupted { return .interrupted }
      var summary = try summarizeEpoch(steps, since: start, epochs: epochs)
      position.epoch += 1
      position.stepInEpoch = 0
      position.lossSum = 0
      position.correctCount = 0
      position.exampleCount = 0
      position.shuffleState = shuffler.generator.state
      let holds = try endEpoch(&summary)
      try onEpoch(summary)
      if stopAfter(summary) || holds {
        try endTraining()
        return .stopped
      }
      if shouldStop(), position.epoch < epochs { return .interrupted }
    }
    try endTraining()
    return .finished
  }

  /// The steps of an epoch that this call of `train` made.
  private struct Steps {
    var examples = 0
    var last: TrainingProgress?
    /// Whether `shouldStop` ended them before the epoch's last.
    var areInterrupted = false
  }

  /// Trains to the end of the present epoch.
  private func trainSteps(
    since start: ContinuousClock.Instant, epochs: Int,
    onStep: (TrainingProgress) throws -> Void, shouldStop: () -> Bool
  ) throws -> Steps {
    var steps = Steps()
    while position.stepInEpoch < loader.batchCount {
      steps.examples += loader.examples(of: position.stepInEpoch).count
      let seconds = start.duration(to: .now).seconds
      var progress = try trainStep()
      let elapsed = max(start.duration(to: .now).seconds, seconds)
      progress.epochCount = epochs
      progress.examplesPerSecond = elapsed > 0 ? Double(steps.examples) / elapsed : 0
      steps.last = progress
      try onStep(progress)
      if shouldStop(), position.stepInEpoch < loader.batchCount {
        steps.areInterrupted = true
        break
      }
    }
    return steps
  }

  /// Evaluates at the end of the present epoch.
  private func summarizeEpoch(
    _ steps: Steps, since start: ContinuousClock.Instant, epochs: Int
  ) throws -> EpochSummary {
    let trained = start.duration(to: .now).seconds
    let evaluated = try evaluation.map { try evaluate($0) }
    let tested = try test.map { try evaluate($0) }
    let summary = EpochSummary(
      epoch: position.epoch + 1, epochCount: epochs, step: position.step,
      loss: position.lossSum / Double(max(position.exampleCount, 1)),
      accuracy: accuracy,
      evaluationLoss: evaluated?.loss, evaluationAccuracy: evaluated?.accuracy,
      testLoss: tested?.loss, testAccuracy: tested?.accuracy,
      examplesPerSecond: trained > 0 ? Double(steps.examples) / trained : 0,
      seconds: start.duration(to: .now).seconds,
      learningRate: steps.last?.learningRate ?? learningRate)
    if let evaluated, let tested {
      let result = BestEpochs.Result(
        epoch: summary.epoch, validationError: evaluated.errorRate,
        validationLoss: evaluated.loss, testError: tested.errorRate)
      bestEpochs = bestEpochs?.adding(result) ?? BestEpochs(result)
    }
    return summary
  }

  /// The accuracy in the present epoch so far; nil where correct answers are not counted.
  private var accuracy: Double? {
    step.countsCorrect
      ? Double(position.correctCount) / Double(max(position.exampleCount, 1)) : nil
  }

  /// η of the next step.
  private var learningRate: Double { learningRate(batch: position.stepInEpoch) }

  /// η of a step of the present epoch.
  private func learningRate(batch: Int) -> Double {
    settings.learningRate.value(
      epoch: position.epoch, stepInEpoch: batch, stepsPerEpoch: loader.batchCount)
  }

  /// Writes a batch of the present epoch and the hyperparameters of its step. Returns how many of the
  /// batch's examples are real.
  private func prepareStep(_ target: any Executable, batch: Int, step number: Int) throws -> Int {
    try step.writeHyperparameters(
      learningRate: learningRate(batch: batch), step: number, to: target)
    return try loader.load(batch, into: target)
  }

  private func trainStep() throws -> TrainingProgress {
    let rate = learningRate
    let (batch, number) = (position.stepInEpoch, position.step + 1)
    try replay.keepIfDue(executable, batch: batch, step: number)
    let count = try prepareStep(executable, batch: batch, step: number)
    try executable.run()
    let loss = Double(try executable.scalar(StepOutput.loss))
    guard loss.isFinite else {
      throw try replay.diagnose(
        executable, failedAt: number, epoch: position.epoch + 1, loss: loss, learningRate: rate,
        prepare: prepareStep)
    }
    position.stepInEpoch += 1
    position.step += 1
    position.exampleCount += count
    position.lossSum += loss * Double(count)
    if step.countsCorrect {
      position.correctCount += Int(try executable.scalar(StepOutput.correct).rounded())
    }
    return TrainingProgress(
      epoch: position.epoch + 1, epochCount: position.epoch + 1,
      stepInEpoch: position.stepInEpoch, stepsPerEpoch: loader.batchCount, step: position.step,
      stepLoss: loss, loss: position.lossSum / Double(position.exampleCount),
      accuracy: accuracy,
      examplesPerSecond: 0, learningRate: rate)
  }

  // MARK: Evaluation

  /// The least batch in evaluation. A small batch may help training, but takes more time.
  private static let evaluationBatch = 128

  /// Runs a data set through the network with the weights as they are now.
  public func evaluate(_ dataset: Dataset) throws -> Evaluation {
    let evaluator =
      try evaluator
      ?? Evaluator(
        network, loss: loss, batchSize: max(settings.batchSize, Self.evaluationBatch),
        execution: settings.execution)
    self.evaluator = evaluator
    try evaluator.load(from: executable)
    return try evaluator.evaluate(dataset)
  }
}
