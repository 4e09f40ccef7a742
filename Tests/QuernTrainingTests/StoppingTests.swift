import QuernData
import QuernGraph
import QuernLayers
import QuernTestSupport
import QuernTraining
import Testing

/// The three rules in training.
@Suite struct StoppingTests {
  private func trainer(
    _ rule: StoppingRule? = nil, network: Network = Small.network, rate: Double = 0.1,
    optimizer: any Optimizer = Momentum()
  ) throws -> Trainer {
    let size = network.input.extents
    let trainer = try Trainer(
      network, training: Small.data(count: 30, size: size),
      evaluation: Small.data(count: 30, size: size, seed: 8),
      settings: Small.settings(rate: rate, optimizer: optimizer))
    if let rule { try trainer.stop(by: rule) }
    return trainer
  }

  private func norm(_ weights: Weights, less other: Weights? = nil) throws -> Double {
    var sum = 0.0
    for name in weights.tensors.keys {
      let zeros = [Float](repeating: 0, count: try weights.values(name).count)
      for (x, y) in zip(try weights.values(name), try other?.values(name) ?? zeros) {
        sum += (Double(x) - Double(y)) * (Double(x) - Double(y))
      }
    }
    return sum.squareRoot()
  }

  @Test func parametersRule() throws {
    // What an epoch changes, from a run that does not stop.
    let free = try trainer()
    var changes: [Double] = []
    var before = try free.weights()
    for epoch in 1...12 {
      try free.train(epochs: epoch)
      let after = try free.weights()
      changes.append(try norm(after, less: before))
      before = after
    }
    let epsilon = changes[7] * 1.0001
    let expected = try #require(changes.firstIndex { $0 < epsilon }) + 1

    let stopping = try trainer(.parameters(epsilon: epsilon))
    var measures: [Double] = []
    let outcome = try stopping.train(epochs: 12) { measures.append($0.stoppingMeasure ?? -1) }
    #expect(outcome == .stopped && stopping.position.epoch == expected)
    for (measure, change) in zip(measures, changes) { #expect(abs(measure - change) < 1e-9) }
    // It holds still.
    #expect(try stopping.train(epochs: 20) == .stopped && stopping.position.epoch == expected)
    try stopping.stop(by: .parameters(epsilon: epsilon * 1e-6))
    #expect(try stopping.train(epochs: expected + 1) == .finished)
  }

  /// One batch of everything and plain SGD: the step is η∇Q, so the norm of the next epoch's change is
  /// η times the norm measured.
  @Test func gradientRule() throws {
    let data = try Small.data(count: 8, size: [4])
    var settings = Small.settings(batch: 8, rate: 0.1, optimizer: SGD())
    settings.regularisation.l2 = 0.01
    let trainer = try Trainer(Small.network, training: data, settings: settings)
    try trainer.stop(by: .gradient(epsilon: 1e-9))
    var measure = 0.0
    try trainer.train(epochs: 3) { measure = $0.stoppingMeasure ?? -1 }
    let before = try trainer.weights()
    try trainer.train(epochs: 4)
    let change = try norm(trainer.weights(), less: before)
    #expect(abs(change / 0.1 - measure) < 1e-4 * measure)
    try trainer.stop(by: .gradient(epsilon: measure * 2))
    #expect(try trainer.train(epochs: 20) == .stopped)
    #expect(trainer.position.epoch == 5)
  }

  /// The gradient over batches of 8, the last of 6, is that of the whole set of 30.
  @Test func theGradientIsThatOfTheWholeSet() throws {
    func measure(batch: Int) throws -> Double {
      let trainer = try Trainer(
        Small.network, training: Small.data(count: 30, size: [4]),
        settings: Small.settings(batch: batch, rate: 1e-12, optimizer: SGD()))
      try trainer.stop(by: .gradient(epsilon: 1e-9))
      var measure = 0.0
      try trainer.train(epochs: 1) { measure = $0.stoppingMeasure ?? -1 }
      return measure
    }
    let (whole, parts) = (try measure(batch: 30), try measure(batch: 8))
    #expect(whole > 0 && abs(whole - parts) < 1e-5 * whole)
  }

  @Test func validationRuleKeepsTheBestWeights() throws {
    // A rate at which the error goes up and down.
    let run = try trainer(.validation(patience: 3), rate: 0.6)
    var errors: [Double] = []
    var best: [Weights] = []
    let outcome = try run.train(epochs: 60) { summary in
      errors.append(1 - (summary.evaluationAccuracy ?? 0))
      best.append(try run.weights())
    }
    let lowest = try #require(errors.min())
    let first = try #require(errors.firstIndex(of: lowest))
    #expect(outcome == .stopped && errors.count == first + 1 + 3)
    #expect(try run.weights() == best[first] && best[first] != best.last)
    #expect(try run.evaluate(Small.data(count: 30, size: [4], seed: 8)).errorRate == lowest)
    #expect(run.stopping?.bestEpoch == first + 1 && run.stopping?.error.best == lowest)
  }

  /// Stopped after any step, written, read and resumed: the same end, to the bit.
  @Test(
    arguments: [1, 4, 7, 12],
    [
      StoppingRule.validation(patience: 4), .parameters(epsilon: 1e-12), .gradient(epsilon: 1e-12),
    ])
  func resumedIsBitEqual(stop: Int, rule: StoppingRule) throws {
    let whole = try trainer(rule, network: Small.stateful, rate: 0.05)
    var measures: [Double?] = []
    let outcome = try whole.train(epochs: 5) { measures.append($0.stoppingMeasure) }
    try withTemporaryFolder { folder in
      let path = folder + "/run.safetensors"
      let first = try trainer(rule, network: Small.stateful, rate: 0.05)
      var steps = 0
      var resumed: [Double?] = []
      try first.train(
        epochs: 5, onEpoch: { resumed.append($0.stoppingMeasure) }, onStep: { _ in steps += 1 },
        shouldStop: { steps == stop })
      try first.checkpoint().write(to: path)
      let second = try trainer(network: Small.stateful, rate: 0.05)
      try second.restore(Checkpoint(contentsOf: path))
      #expect(second.stopping?.rule == rule)
      #expect(try second.train(epochs: 5) { resumed.append($0.stoppingMeasure) } == outcome)
      #expect(try second.checkpoint() == whole.checkpoint())
      #expect(resumed == measures)
    }
  }

  /// Without its rule a run goes on as if it had never had one.
  @Test func droppingTheRule() throws {
    let free = try trainer(rate: 0.6)
    try free.train(epochs: 12)
    let stopped = try trainer(.validation(patience: 1), rate: 0.6)
    #expect(try stopped.train(epochs: 12) == .stopped)
    try stopped.stop(by: nil)
    #expect(try stopped.train(epochs: 12) == .finished)
    #expect(try stopped.checkpoint() == free.checkpoint())
  }

  /// A run whose best weights were saved goes on from its last ones.
  @Test func goingOnAfterTheEnd() throws {
    let rule = StoppingRule.validation(patience: 50)
    let whole = try trainer(rule, rate: 0.6)
    try whole.train(epochs: 12)
    try withTemporaryFolder { folder in
      let path = folder + "/run.safetensors"
      let first = try trainer(rule, rate: 0.6)
      try first.train(epochs: 7)
      try first.checkpoint().write(to: path)
      let second = try trainer(rate: 0.6)
      try second.restore(Checkpoint(contentsOf: path))
      try second.stop(by: rule)
      try second.train(epochs: 12)
      #expect(try second.checkpoint() == whole.checkpoint())
      // The file's weights are a model's, whatever else is in it.
      _ = try Model(Small.network, contentsOf: path)
    }
  }

  @Test func rulesThatMakeNoSense() throws {
    let trainer = try trainer()
    #expect(message { try trainer.stop(by: .gradient(epsilon: -1)) }.contains("epsilon"))
    #expect(message { try trainer.stop(by: .validation(patience: -1)) }.contains("patience"))
    let blind = try Trainer(
      Small.network, training: Small.data(count: 8, size: [4]), settings: Small.settings())
    #expect(
      message { try blind.stop(by: .validation(patience: 1)) }.contains("evaluation set"))
  }

  @Test func damagedState() throws {
    let run = try trainer(.validation(patience: 9))
    try run.train(epochs: 2)
    try withTemporaryFolder { folder in
      let path = folder + "/bad.safetensors"
      try run.checkpoint().write(to: path)
      let sound = try Safetensors(contentsOf: path)
      for (key, value) in [
        ("quern.stop", "luck"), ("quern.stop.waited", "-1"), ("quern.stop.holds", "perhaps"),
      ] {
        var file = sound
        file.metadata[key] = value
        try file.write(to: path)
        #expect(message { _ = try Checkpoint(contentsOf: path) }.contains(value))
      }
      var file = sound
      file.tensors["stopping/last/dense1.weight"] = nil
      try file.write(to: path)
      #expect(
        message { try trainer().restore(Checkpoint(contentsOf: path)) }
          .contains("stopping/last/dense1.weight"))
    }
  }

  @Test func fallingErrors() {
    var error = FallingError()
    #expect(error.note(.infinity) == false && error.note(3) && error.note(2))
    #expect(!error.note(2) && !error.note(.nan) && error.waited == 2)
    #expect(!error.note(1.95, epsilon: 0.1) && error.note(1.8, epsilon: 0.1))
    #expect(error.best == 1.8 && error.waited == 0)
  }
}
