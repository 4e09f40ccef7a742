import QuernErrors
import QuernGraph

// Training that stops by itself. Each rule is measured after each epoch:
//
// - parameters: the norm of the change of all parameters together over the epoch;
// - gradient: the norm of the gradient of the mean loss over the whole training set, with the
//   epoch's final weights;
// - validation: the share of the evaluation set that is classified wrongly, or its loss where there
//   is no right and wrong.

extension Trainer {
  /// From now on training also ends after an epoch in which a rule holds.
  ///
  /// With ``StoppingRule/validation(patience:epsilon:)`` the weights of the best epoch are in place
  /// when training ends; a later call of `train` goes on from the last ones nevertheless. An epoch
  /// that was begun without the rule ``StoppingRule/parameters(epsilon:)`` is not measured by it.
  ///
  /// - Parameter rule: nil drops the rule there is; training then goes on from the last weights.
  /// - Throws: `QuernError` for a rule that makes no sense, or for validation where no data are
  ///   evaluated.
  public func stop(by rule: StoppingRule?) throws {
    guard let rule else {
      try stopping?.last?.copy(to: executable)
      stopping = nil
      return
    }
    try rule.validate()
    guard rule.kind != .validation || evaluation != nil else {
      throw QuernError(
        "the stopping rule validation", "there is no evaluation set",
        remedy: "give one, or a validation fraction")
    }
    if var state = stopping, state.rule.kind == rule.kind {
      if let patience = rule.patience {
        state.holds = state.error.waited >= patience
      } else if state.rule != rule {
        state.holds = false
      }
      state.rule = rule
      stopping = state
    } else {
      var state = StoppingState(rule)
      state.last = stopping?.last
      stopping = state
    }
  }

  /// Before training goes on: whether the rule holds already.
  func beginTraining() throws -> Bool {
    guard let state = stopping else { return false }
    if state.holds { return true }
    if let last = state.last {
      // What is in place now are the best weights.
      if state.rule.kind == .validation { stopping?.reference = try weights() }
      try last.copy(to: executable)
      stopping?.last = nil
    }
    return false
  }

  /// Before the first step of an epoch.
  func beginEpoch() throws {
    if stopping?.rule.kind == .parameters { stopping?.reference = try parameters() }
  }

  /// After an epoch: measures it, and tells whether the rule holds.
  func endEpoch(_ summary: inout EpochSummary) throws -> Bool {
    guard var state = stopping else { return false }
    switch state.rule {
    case .parameters(let epsilon):
      guard let before = state.reference else { break }
      let change = try Self.distance(parameters(), before)
      summary.stoppingMeasure = change
      state.holds = change < epsilon
      // The next epoch begins with the weights that the checkpoint holds anyway.
      state.reference = nil
    case .gradient(let epsilon):
      let meter = try fullGradient ?? FullGradient(self)
      fullGradient = meter
      let norm = try meter.norm(at: weights())
      summary.stoppingMeasure = norm
      state.holds = norm < epsilon
    case .validation(let patience, let epsilon):
      guard let loss = summary.evaluationLoss else { break }
      let error = step.countsCorrect ? summary.evaluationAccuracy.map { 1 - $0 } ?? loss : loss
      summary.stoppingMeasure = error
      if state.error.note(error, epsilon: epsilon) {
        state.bestEpoch = summary.epoch
        state.reference = try weights()
      }
      state.holds = state.error.waited >= patience
    }
    stopping = state
    return state.holds
  }

  /// When training ends: the best weights take the last ones' place.
  func endTraining() throws {
    guard let state = stopping, state.rule.kind == .validation, let best = state.reference else {
      return
    }
    let last = try weights()
    stopping?.reference = nil
    stopping?.last = last
    try best.copy(to: executable)
  }

  private func parameters() throws -> Weights { try Weights(step.parameterNames, of: executable) }

  private static func distance(_ a: Weights, _ b: Weights) throws -> Double {
    var squares = 0.0
    // In an order, so that equal runs give equal sums.
    for name in a.tensors.keys.sorted() {
      for (x, y) in zip(try a.values(name), try b.values(name)) {
        let difference = Double(x) - Double(y)
        squares += difference * difference
      }
    }
    return squares.squareRoot()
  }
}
