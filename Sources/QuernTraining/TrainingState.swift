import QuernAugmentation
import QuernData
import QuernErrors
import QuernLayers
import QuernMachine

/// Where a training run stands between two steps: with the weights and the data set, all that
/// decides how it goes on.
public struct TrainingPosition: Hashable, Sendable {
  /// Epochs finished.
  public var epoch = 0
  /// Steps of the present epoch finished.
  public var stepInEpoch = 0
  /// Steps finished since the run began.
  public var step = 0
  /// The shuffler's generator as it was at the beginning of the present epoch.
  public var shuffleState: UInt64
  /// Σ of this epoch's losses, correct answers and examples so far.
  public var lossSum = 0.0
  public var correctCount = 0
  public var exampleCount = 0

  public init(seed: UInt64) { shuffleState = seed }
}

/// What is needed beside the weights to go on with a training run.
public struct TrainingState: Sendable, Equatable {
  public var position: TrainingPosition
  public var optimizerName: String
  /// The numbers the optimiser was made with.
  public var optimizerSettings: [String: Double]
  public var learningRate: Double
  public var schedule: LearningRateSchedule
  public var gradientNormLimit: Double?
  public var regularisation: Regularisation
  public var validationFraction: Double?
  public var validatesOnTrainingSet: Bool
  public var deformation: Deformation?
  public var batchSize: Int
  public var seed: UInt64
  /// Examples of the training set; with ``batchSize``, what a step within an epoch means.
  public var exampleCount: Int
  /// The rules by which the run's sums were added: see `Numerics.version`. Nil in files of
  /// older versions.
  public var numericsVersion: Int? = Numerics.version
  /// What it calls the training set, and ``/QuernData/Dataset/fingerprint`` of that; nil in files of
  /// older versions.
  public var dataName: String?
  public var dataFingerprint: String?
  /// Epochs the run is to have in all, if it was told.
  public var epochCount: Int?
  public var bestEpochs: BestEpochs?
  /// Names such as `optimizer/velocity/conv1.weight`.
  public var optimizerTensors: [String: Safetensors.Tensor]
  /// Nil where training does not end by itself.
  public var stopping: StoppingState?

  static let version = "1"

  /// All of it but the tensors, as a safetensors file's metadata.
  var metadata: [String: String] {
    var result = [
      "quern.version": Self.version,
      "quern.epoch": "\(position.epoch)",
      "quern.stepInEpoch": "\(position.stepInEpoch)",
      "quern.step": "\(position.step)",
      "quern.shuffleState": "\(position.shuffleState)",
      // Swift's decimal text of a Double reads back as the same Double.
      "quern.lossSum": "\(position.lossSum)",
      "quern.correctCount": "\(position.correctCount)",
      "quern.epochExampleCount": "\(position.exampleCount)",
      "quern.optimizer": optimizerName,
      "quern.learningRate": "\(learningRate)",
      "quern.schedule": "\(schedule)",
      "quern.batchSize": "\(batchSize)",
      "quern.seed": "\(seed)",
      "quern.exampleCount": "\(exampleCount)",
    ]
    if let numericsVersion { result["quern.numerics"] = "\(numericsVersion)" }
    if let gradientNormLimit { result["quern.gradientNormLimit"] = "\(gradientNormLimit)" }
    if regularisation.l1 != 0 { result["quern.l1"] = "\(regularisation.l1)" }
    if regularisation.l2 != 0 { result["quern.l2"] = "\(regularisation.l2)" }
    if let validationFraction { result["quern.validationFraction"] = "\(validationFraction)" }
    if validatesOnTrainingSet { result["quern.validatesOnTrainingSet"] = "true" }
    if let deformation { result["quern.deformation"] = "\(deformation)" }
    if let dataName { result["quern.data"] = dataName }
    if let dataFingerprint { result["quern.dataFingerprint"] = dataFingerprint }
    if let epochCount { result["quern.epochCount"] = "\(epochCount)" }
    if let bestEpochs {
      result["quern.bestByValidation"] = "\(bestEpochs.byValidation)"
      result["quern.bestByTest"] = "\(bestEpochs.byTest)"
    }
    for (name, value) in optimizerSettings { result["quern.optimizer.\(name)"] = "\(value)" }
    if let stopping { result.merge(stopping.metadata) { _, new in new } }
    return result
  }

  init(
    position: TrainingPosition, optimizerName: String, optimizerSettings: [String: Double],
    learningRate: Double, schedule: LearningRateSchedule, gradientNormLimit: Double?,
    regularisation: Regularisation, validationFraction: Double?, validatesOnTrainingSet: Bool,
    deformation: Deformation?, batchSize: Int, seed: UInt64, exampleCount: Int, epochCount: Int?,
    bestEpochs: BestEpochs?, optimizerTensors: [String: Safetensors.Tensor]
  ) {
    self.position = position
    self.optimizerName = optimizerName
    self.optimizerSettings = optimizerSettings
    self.learningRate = learningRate
    self.schedule = schedule
    self.gradientNormLimit = gradientNormLimit
    self.regularisation = regularisation
    self.validationFraction = validationFraction
    self.validatesOnTrainingSet = validatesOnTrainingSet
    self.deformation = deformation
    self.batchSize = batchSize
    self.seed = seed
    self.exampleCount = exampleCount
    self.epochCount = epochCount
    self.bestEpochs = bestEpochs
    self.optimizerTensors = optimizerTensors
  }

  /// Nil where the metadata hold no training run.
  init?(
    metadata: [String: String], optimizer: [String: Safetensors.Tensor], file: String
  ) throws {
    guard let version = metadata["quern.version"] else { return nil }
    guard version == Self.version else {
      throw QuernError(
        .unsupported, in: file, found: "a checkpoint of version \(version)",
        expected: "version \(Self.version)", remedy: "Read it with the Quern that wrote it.")
    }
    let values = StateMetadata(metadata: metadata, file: file)
    (exampleCount, batchSize) = (
      try values.read("exampleCount", StateMetadata.positiveCount),
      try values.read("batchSize", StateMetadata.positiveCount)
    )
    numericsVersion = try values.readIfThere("numerics", StateMetadata.count)
    position = try values.position(
      stepsPerEpoch: (exampleCount + batchSize - 1) / batchSize)
    optimizerName = try values.read("optimizer") { $0 }
    optimizerSettings = try values.optimizerSettings()
    optimizerTensors = optimizer.filter { !$0.key.hasPrefix(StoppingState.prefix) }
    learningRate = try values.read("learningRate") {
      Double($0).flatMap { 0 < $0 && $0 < .infinity ? $0 : nil }
    }
    schedule = try values.read("schedule") { LearningRateSchedule($0) }
    gradientNormLimit = try values.readIfThere("gradientNormLimit", StateMetadata.size)
    regularisation = try Regularisation(
      l1: values.readIfThere("l1", StateMetadata.size) ?? 0,
      l2: values.readIfThere("l2", StateMetadata.size) ?? 0)
    validationFraction = try values.readIfThere("validationFraction", StateMetadata.size)
    validatesOnTrainingSet = try values.readIfThere("validatesOnTrainingSet") { Bool($0) } ?? false
    deformation = try values.readIfThere("deformation") { try? Deformation($0) }
    dataName = metadata["quern.data"]
    dataFingerprint = metadata["quern.dataFingerprint"]
    seed = try values.read("seed") { UInt64($0) }
    epochCount = try values.readIfThere("epochCount", StateMetadata.count)
    bestEpochs = try values.readIfThere("bestByValidation") { BestEpochs.Result($0) }.map {
      BestEpochs(byValidation: $0, byTest: try values.read("bestByTest") { BestEpochs.Result($0) })
    }
    stopping = try StoppingState(metadata: metadata, tensors: optimizer, file: file)
  }
}

/// What a checkpoint's metadata say of a training run.
private struct StateMetadata {
  let metadata: [String: String]
  let file: String

  static func count(_ text: String) -> Int? { Int(text).flatMap { 0..<1 << 53 ~= $0 ? $0 : nil } }
  static func positiveCount(_ text: String) -> Int? { count(text).flatMap { $0 > 0 ? $0 : nil } }
  /// A number that is not negative.
  static func size(_ text: String) -> Double? {
    Double(text).flatMap { 0 <= $0 && $0 < .infinity ? $0 : nil }
  }

  /// - Throws: `QuernError` where the value is missing or cannot be converted.
  func read<Value>(_ key: String, _ convert: (String) -> Value?) throws -> Value {
    guard let text = metadata["quern." + key], let value = convert(text) else {
      throw QuernError(
        .corrupt, in: file,
        found: "metadata in which quern.\(key) is \(metadata["quern." + key] ?? "missing")",
        expected: "a checkpoint's metadata", remedy: "Use another copy of the file.")
    }
    return value
  }

  func readIfThere<Value>(_ key: String, _ convert: (String) -> Value?) throws -> Value? {
    try metadata["quern." + key] == nil ? nil : read(key, convert)
  }

  func position(stepsPerEpoch: Int) throws -> TrainingPosition {
    var position = TrainingPosition(seed: try read("shuffleState") { UInt64($0) })
    position.epoch = try read("epoch", Self.count)
    position.stepInEpoch = try read("stepInEpoch") { text in
      Self.count(text).flatMap { $0 <= stepsPerEpoch ? $0 : nil }
    }
    position.step = try read("step", Self.count)
    position.lossSum = try read("lossSum") { Double($0) }
    position.correctCount = try read("correctCount", Self.count)
    position.exampleCount = try read("epochExampleCount", Self.count)
    return position
  }

  /// By their names, without the prefix.
  func optimizerSettings() throws -> [String: Double] {
    var settings: [String: Double] = [:]
    let prefix = "quern.optimizer."
    for key in metadata.keys where key.hasPrefix(prefix) {
      let name = String(key.dropFirst(prefix.count))
      settings[name] = try read("optimizer." + name, Self.size)
    }
    return settings
  }
}
