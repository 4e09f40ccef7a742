import QuernData
import QuernErrors

extension Trainer {
  /// The weights and the state of the run, from which it can go on later or in another process.
  public func checkpoint() throws -> Checkpoint {
    let state = TrainingState(
      position: position,
      optimizer: .init(
        name: settings.optimizer.name, settings: settings.optimizer.settings,
        tensors: try Weights(step.optimizerTensors.map(\.name), of: executable).tensors),
      settings: .init(settings),
      dataset: .init(
        name: dataName, fingerprint: dataFingerprint, exampleCount: training.count),
      epochCount: epochCount, bestEpochs: bestEpochs, stopping: stopping)
    return Checkpoint(
      model: network.name, fingerprint: try network.fingerprint(), weights: try weights(),
      training: state)
  }

  /// Takes the weights of a checkpoint. If the checkpoint holds a training run, training goes on from
  /// there.
  ///
  /// The settings stay this trainer's. Where they equal those of the run, it ends with the same bits
  /// as a run that was never stopped. Where they differ, as with another learning rate, they hold from
  /// here on.
  ///
  /// - Throws: `QuernError` for a checkpoint of another model, of another optimiser, or in the middle
  ///   of an epoch over another data set or with another batch size.
  public func restore(_ checkpoint: Checkpoint) throws {
    // A file without a run may lack the network's state, which then keeps its initial values.
    let parameters = Set(step.parameterNames)
    try checkpoint.check(
      against: network,
      required: step.weights.filter {
        checkpoint.training != nil || parameters.contains($0.name)
      }, known: step.weights)
    if let state = checkpoint.training {
      try check(state, from: checkpoint.source)
      try Weights(state.optimizer.tensors).copy(to: executable)
      position = state.position
      epochCount = state.epochCount
      bestEpochs = state.bestEpochs
      stopping = state.stopping
    }
    try checkpoint.weights.copy(to: executable)
  }

  private func check(_ state: TrainingState, from source: String) throws {
    guard state.optimizer.name == settings.optimizer.name else {
      throw QuernError(
        .mislabelled, in: source, found: "a run with the optimizer \(state.optimizer.name)",
        expected: settings.optimizer.name, remedy: "Go on with \(state.optimizer.name).")
    }
    try state.stopping?.check(step.weights, parameterNames: step.parameterNames, from: source)
    let names = Set(step.optimizerTensors.map(\.name))
    for signature in step.optimizerTensors {
      guard let tensor = state.optimizer.tensors[signature.name],
        tensor.shape == signature.type.shape.extents, tensor.elementType == .float32
      else {
        throw QuernError(
          .countMismatch, in: source,
          found: "no state \(signature.name) of shape \(signature.type.shape)",
          expected: "one tensor for each parameter", remedy: "Use another copy of the file.")
      }
    }
    if let surplus = state.optimizer.tensors.keys.filter({ !names.contains($0) }).min() {
      throw QuernError(
        .countMismatch, in: source, found: "a tensor \(surplus)",
        expected: "the state of \(state.optimizer.name) alone",
        remedy: "Use another copy of the file.")
    }
    guard
      state.position.stepInEpoch == 0
        || (state.settings.batchSize == settings.batchSize
          && state.dataset.exampleCount == training.count)
    else {
      throw QuernError(
        .countMismatch, in: source,
        found: "a run that stopped in the middle of an epoch of \(state.dataset.exampleCount) "
          + "examples in batches of \(state.settings.batchSize)",
        expected: "\(training.count) examples in batches of \(settings.batchSize)",
        remedy: "Go on with the same data set and batch size.")
    }
    if state.position.stepInEpoch != 0, let known = state.dataset.fingerprint,
      known != dataFingerprint
    {
      throw QuernError(
        .mislabelled, in: source,
        found: "a run that stopped in the middle of an epoch over "
          + (state.dataset.name ?? "another data set"),
        expected: "the same pictures, not those of \(training.name)",
        remedy: "Go on with the same data set.")
    }
  }
}
