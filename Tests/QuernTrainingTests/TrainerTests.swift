import QuernData
import QuernExecution
import QuernGraph
import QuernLayers
import QuernTraining
import Testing

@Suite struct TrainerTests {
  @Test func learnsASimpleTask() throws {
    let trainer = try Trainer(
      Small.network, training: Small.data(count: 60, size: [4]),
      evaluation: Small.data(count: 30, size: [4], seed: 8), settings: Small.settings())
    var summaries: [EpochSummary] = []
    #expect(try trainer.train(epochs: 12) { summaries.append($0) } == .finished)
    #expect(summaries.map(\.epoch) == Array(1...12))
    #expect(summaries[11].loss < summaries[0].loss / 3)
    #expect(summaries[11].evaluationAccuracy ?? 0 >= 0.95)
    let evaluation = try trainer.evaluate(Small.data(count: 30, size: [4], seed: 8))
    #expect(evaluation.accuracy == summaries[11].evaluationAccuracy)
    #expect(evaluation.mistakes.count == 30 - evaluation.confusion.correct)
  }

  @Test func progressCountsEveryExample() throws {
    let trainer = try Trainer(
      Small.network, training: Small.data(count: 21, size: [4]), settings: Small.settings())
    var seen: [(epoch: Int, step: Int, inEpoch: Int)] = []
    try trainer.train(
      epochs: 2, onStep: { seen.append(($0.epoch, $0.step, $0.stepInEpoch)) })
    // 21 examples are two batches of 8 and one of 5.
    #expect(seen.map(\.epoch) == [1, 1, 1, 2, 2, 2])
    #expect(seen.map(\.step) == Array(1...6))
    #expect(seen.map(\.inEpoch) == [1, 2, 3, 1, 2, 3])
  }

  /// A last batch of 5 in a graph for 8 must move the weights as a graph for 5 does.
  @Test func theLastBatchCountsOnlyItsExamples() throws {
    let data = try Small.data(count: 5, size: [4, 4, 1])
    let network = Network("plain", input: .picture(height: 4, width: 4, channels: 1)) {
      Conv2D(2, kernel: 3)
      BatchNorm()
      Flatten()
      Dense(3)
    }
    func weights(batch: Int) throws -> (Weights, EpochSummary?) {
      let trainer = try Trainer(
        network, training: data, settings: Small.settings(batch: batch, optimizer: SGD()))
      var last: EpochSummary?
      try trainer.train(epochs: 1) { last = $0 }
      return (try trainer.weights(), last)
    }
    let (filled, filledSummary) = try weights(batch: 8)
    let (exact, exactSummary) = try weights(batch: 5)
    for name in exact.tensors.keys {
      for (a, b) in zip(try filled.values(name), try exact.values(name)) {
        #expect(abs(a - b) <= 1e-5 * max(abs(b), 1), "\(name)")
      }
    }
    #expect(abs((filledSummary?.loss ?? 0) - (exactSummary?.loss ?? 1)) < 1e-5)
    #expect(filledSummary?.accuracy == exactSummary?.accuracy)
  }

  @Test func everyExampleIsTakenOncePerEpoch() throws {
    let data = try Small.data(count: 21, size: [4])
    let step = try TrainingStep(Small.network, batchSize: 8)
    let loader = try BatchLoader(
      data, batchSize: 8, targetName: step.targetName, in: step.graph)
    #expect(loader.batchCount == 3)
    #expect((0..<3).flatMap { loader.examples(of: $0) }.sorted() == Array(0..<21))
    let executable = try ExecutionOptions(backend: .interpreter).makeExecutable(step.graph)
    #expect(try (0..<3).map { try loader.load($0, into: executable) } == [8, 8, 5])
    #expect(
      try executable.floats(Network.exampleWeightName) == [1, 1, 1, 1, 1, 0, 0, 0])
    // Filled up with examples from the front.
    #expect(try executable.integers("labels")[5...7] == data.labels[0..<3])
  }

  @Test func seedsDecide() throws {
    func weights(_ seed: UInt64) throws -> Weights {
      var settings = Small.settings()
      settings.seed = seed
      let trainer = try Trainer(
        Small.stateful, training: Small.data(count: 20, size: [4, 4, 1]), settings: settings)
      try trainer.train(epochs: 1)
      return try trainer.weights()
    }
    #expect(try weights(1) == weights(1))
    #expect(try weights(1) != weights(2))
  }

  @Test func meanSquaredErrorLearnsFromOneHotTargets() throws {
    let data = try Small.data(count: 40, size: [4])
    let network = Network("linear", input: .features(4)) { Dense(3) }
    let trainer = try Trainer(
      network, loss: MeanSquaredError(), training: data, settings: Small.settings())
    var losses: [Double] = []
    try trainer.train(epochs: 30) { losses.append($0.loss) }
    #expect(losses[29] < losses[0] / 2)
    #expect(try trainer.evaluate(data).accuracy > 0.9, "\(losses)")
  }

  @Test func stopsWhenAsked() throws {
    let trainer = try Trainer(
      Small.network, training: Small.data(count: 24, size: [4]), settings: Small.settings())
    var steps = 0
    let outcome = try trainer.train(
      epochs: 5, onStep: { _ in steps += 1 }, shouldStop: { steps == 4 })
    #expect(outcome == .interrupted)
    #expect(trainer.position.epoch == 1 && trainer.position.stepInEpoch == 1)
    #expect(try trainer.train(epochs: 5, stopAfter: { $0.epoch == 3 }) == .stopped)
    #expect(trainer.position.epoch == 3)
  }

  @Test func settingsThatMakeNoSense() throws {
    let data = try Small.data(count: 8, size: [4])
    func problem(_ change: (inout Trainer.Settings) -> Void) -> String {
      message {
        var settings = Small.settings()
        change(&settings)
        _ = try Trainer(Small.network, training: data, settings: settings)
      }
    }
    #expect(problem { $0.batchSize = 0 }.contains("batch size"))
    #expect(problem { $0.learningRate.base = .nan }.contains("learning rate"))
    #expect(problem { $0.optimizer = Momentum(-1) }.contains("momentum"))
    #expect(problem { $0.gradientNormLimit = 0 }.contains("norm"))
    #expect(problem { $0.regularisation.l2 = .infinity }.contains("l2"))
    #expect(problem { $0.validation = .share(1) }.contains("validation fraction"))
    #expect(problem { $0.validation = .share(0.01) }.contains("for validation"))
    #expect(problem { $0.execution.threads = 0 }.contains("threads"))
    #expect(problem { _ in } == "no error")
  }

  @Test func picturesOfAnotherSize() throws {
    let found = message {
      _ = try Trainer(
        Small.stateful, training: Small.data(count: 8, size: [5, 5, 1]),
        settings: Small.settings())
    }
    #expect(found.contains("5×5×1") && found.contains("4×4×1"))
  }
}
