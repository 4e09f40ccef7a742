import QuernData
import QuernErrors

extension Trainer {
  /// All that is needed to go on later, or elsewhere.
  public func checkpoint() throws -> Checkpoint {
    let optimizer = try Weights(step.optimizerTensors.map(\.name), of: executable)
    var state = TrainingState(
      position: position, optimizerName: settings.optimizer.name,
      optimizerSettings: settings.optimizer.settings, learningRate: settings.learningRate,
      schedule: settings.schedule, gradientNormLimit: settings.gradientNormLimit,
      regularisation: settings.regularisation,
      validationFraction: settings.validationFraction,
      validatesOnTrainingSet: settings.validatesOnTrainingSet,
      deformation: settings.deformation, batchSize: settings.batchSize, seed: settings.seed,
      exampleCount: training.count, epochCount: epochCount, bestEpochs: bestEpochs,
      optimizerTensors: optimizer.tensors)
    state.stopping = stopping
    state.dataName = settings.dataName ?? training.name
    state.dataFingerprint = dataFingerprint
    return Checkpoint(
      model: network.name, fingerprint: try network.fingerprint(), weights: try weights(),
      training: state)
  }

  /// Takes over the weights of a checkpoint, and, if it holds a training run, goes on with that.
  ///
  /// The settings stay this trainer's. Where they are those of the run, it ends with the bits of one
  /// that was never stopped; other numbers, such as another learning rate, hold from here on.
  ///
  /// - Throws: `QuernError` for a checkpoint of another model, of another optimiser, or in the middle
  ///   of an epoch over another data set or with another batch size.
  public func restore(_ checkpoint: Checkpoint) throws {
    // A file with weights alone may leave out state, which then starts afresh.
    let parameters = Set(step.parameterNames)
    try checkpoint.check(
      against: network,
      required: step.weights.filter {
        checkpoint.training != nil || parameters.contains($0.name)
      }, known: step.weights)
    if let state = checkpoint.training {
      try check(state, from: checkpoint.source)
      try Weights(state.optimizerTensors).copy(to: executable)
      position = state.position
      epochCount = state.epochCount
      bestEpochs = state.bestEpochs
      stopping = state.stopping
    }
    try checkpoint.weights.copy(to: executable)
  }

  private func check(_ state: TrainingState, from source: String) throws {
    guard state.optimizerName == settings.optimizer.name else {
      throw QuernError(
        .mislabelled, in: source, found: "a run with the optimizer \(state.optimizerName)",
        expected: settings.optimizer.name, remedy: "Go on with \(state.optimizerName).")
    }
    try state.stopping?.check(step.weights, parameterNames: step.parameterNames, from: source)
    let names = Set(step.optimizerTensors.map(\.name))
    for signature in step.optimizerTensors {
      guard let tensor = state.optimizerTensors[signature.name],
        tensor.shape == signature.type.shape.extents, tensor.elementType == .float32
      else {
        throw QuernError(
          .countMismatch, in: source,
          found: "no state \(signature.name) of shape \(signature.type.shape)",
          expected: "one tensor for each parameter", remedy: "Use another copy of the file.")
      }
    }
    if let surplus = state.optimizerTensors.keys.filter({ !names.contains($0) }).min() {
      throw QuernError(
        .countMismatch, in: source, found: "a tensor \(surplus)",
        expected: "the state of \(state.optimizerName) alone",
        remedy: "Use another copy of the file.")
    }
    guard
      state.position.stepInEpoch == 0
        || (state.batchSize == settings.batchSize && state.exampleCount == training.count)
    else {
      throw QuernError(
        .countMismatch, in: source,
        found: "a run that stopped in the middle of an epoch of \(state.exampleCount) examples in "
          + "batches of \(state.batchSize)",
        expected: "\(training.count) examples in batches of \(settings.batchSize)",
        remedy: "Go on with the same data set and batch size.")
    }
    if state.position.stepInEpoch != 0, let known = state.dataFingerprint,
      known != dataFingerprint
    {
      throw QuernError(
        .mislabelled, in: source,
        found: "a run that stopped in the middle of an epoch over "
          + (state.dataName ?? "another data set"),
        expected: "the same pictures, not those of \(training.name)",
        remedy: "Go on with the same data set.")
    }
  }
}
