import QuernAugmentation
import QuernData
import QuernErrors
import QuernLayers

// A training run as the metadata of a safetensors file. The page "File formats" lists the keys.

extension TrainingState {
  static let version = "1"

  /// All of it but the tensors.
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
      "quern.optimizer": optimizer.name,
      "quern.exampleCount": "\(dataset.exampleCount)",
    ]
    for (name, value) in optimizer.settings { result["quern.optimizer.\(name)"] = "\(value)" }
    result.merge(settings.metadata) { _, new in new }
    if let numericsVersion { result["quern.numerics"] = "\(numericsVersion)" }
    if let name = dataset.name { result["quern.data"] = name }
    if let fingerprint = dataset.fingerprint { result["quern.dataFingerprint"] = fingerprint }
    if let epochCount { result["quern.epochCount"] = "\(epochCount)" }
    if let bestEpochs {
      result["quern.bestByValidation"] = "\(bestEpochs.byValidation)"
      result["quern.bestByTest"] = "\(bestEpochs.byTest)"
    }
    if let stopping { result.merge(stopping.metadata) { _, new in new } }
    return result
  }

  /// Reads a run; nil where the metadata hold none.
  ///
  /// - Parameters:
  ///   - metadata: the file's.
  ///   - tensors: those of the optimiser and of the stopping rule.
  ///   - file: for messages.
  /// - Throws: `QuernError` where the metadata make no sense.
  init?(
    metadata: [String: String], tensors: [String: Safetensors.Tensor], file: String
  ) throws {
    guard let version = metadata["quern.version"] else { return nil }
    guard version == Self.version else {
      throw QuernError(
        .unsupported, in: file, found: "a checkpoint of version \(version)",
        expected: "version \(Self.version)", remedy: "Read it with the Quern that wrote it.")
    }
    let values = StateMetadata(metadata: metadata, file: file)
    dataset = DatasetIdentity(
      name: metadata["quern.data"], fingerprint: metadata["quern.dataFingerprint"],
      exampleCount: try values.read("exampleCount", StateMetadata.positiveCount))
    settings = try values.settings()
    numericsVersion = try values.readIfThere("numerics", StateMetadata.count)
    position = try values.position(
      stepsPerEpoch: (dataset.exampleCount + settings.batchSize - 1) / settings.batchSize)
    optimizer = OptimizerState(
      name: try values.read("optimizer") { $0 }, settings: try values.optimizerSettings(),
      tensors: tensors.filter { !$0.key.hasPrefix(StoppingState.prefix) })
    epochCount = try values.readIfThere("epochCount", StateMetadata.count)
    bestEpochs = try values.readIfThere("bestByValidation") { BestEpochs.Result($0) }.map {
      BestEpochs(byValidation: $0, byTest: try values.read("bestByTest") { BestEpochs.Result($0) })
    }
    stopping = try StoppingState(metadata: metadata, tensors: tensors, file: file)
  }
}

extension TrainingState.Settings {
  fileprivate var metadata: [String: String] {
    var result = [
      "quern.batchSize": "\(batchSize)",
      "quern.learningRate": "\(learningRate.base)",
      "quern.schedule": "\(learningRate.schedule)",
      "quern.seed": "\(seed)",
    ]
    if let gradientNormLimit { result["quern.gradientNormLimit"] = "\(gradientNormLimit)" }
    if regularisation.l1 != 0 { result["quern.l1"] = "\(regularisation.l1)" }
    if regularisation.l2 != 0 { result["quern.l2"] = "\(regularisation.l2)" }
    switch validation {
    case .evaluationSet: break
    case .share(let fraction): result["quern.validationFraction"] = "\(fraction)"
    case .trainingSet: result["quern.validatesOnTrainingSet"] = "true"
    }
    if let deformation { result["quern.deformation"] = "\(deformation)" }
    return result
  }
}

/// Reads values from a checkpoint's metadata.
private struct StateMetadata {
  let metadata: [String: String]
  /// For messages.
  let file: String

  static func count(_ text: String) -> Int? { Int(text).flatMap { 0..<1 << 53 ~= $0 ? $0 : nil } }
  static func positiveCount(_ text: String) -> Int? { count(text).flatMap { $0 > 0 ? $0 : nil } }
  /// A finite number that is not negative.
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

  /// Nil where the value is missing.
  ///
  /// - Throws: `QuernError` where it cannot be converted.
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

  /// The optimiser's settings by their names, which stand after the prefix in the keys.
  func optimizerSettings() throws -> [String: Double] {
    var settings: [String: Double] = [:]
    let prefix = "quern.optimizer."
    for key in metadata.keys where key.hasPrefix(prefix) {
      let name = String(key.dropFirst(prefix.count))
      settings[name] = try read("optimizer." + name, Self.size)
    }
    return settings
  }

  func settings() throws -> TrainingState.Settings {
    TrainingState.Settings(
      batchSize: try read("batchSize", Self.positiveCount),
      learningRate: LearningRate(
        try read("learningRate") {
          Double($0).flatMap { 0 < $0 && $0 < .infinity ? $0 : nil }
        },
        schedule: try read("schedule") { LearningRateSchedule($0) }),
      gradientNormLimit: try readIfThere("gradientNormLimit", Self.size),
      regularisation: Regularisation(
        l1: try readIfThere("l1", Self.size) ?? 0, l2: try readIfThere("l2", Self.size) ?? 0),
      validation: try validation(),
      deformation: try readIfThere("deformation") { try? Deformation($0) },
      seed: try read("seed") { UInt64($0) })
  }

  private func validation() throws -> Trainer.Validation {
    let usesTrainingSet = try readIfThere("validatesOnTrainingSet") { Bool($0) } ?? false
    if let fraction = try readIfThere("validationFraction", Self.size) { return .share(fraction) }
    return usesTrainingSet ? .trainingSet : .evaluationSet
  }
}
