import QuernAugmentation
import QuernData
import QuernExecution
import QuernGraph
import QuernLayers
import QuernTestSupport
import QuernTraining
import Testing

@Suite struct DeformationTrainingTests {
  private static let network = Network(
    "pictures", input: .picture(height: 6, width: 6, channels: 1)
  ) {
    Flatten()
    Dense(3)
  }

  private func trainer(
    threads: Int = 1, batch: Int = 8, count: Int = 27,
    _ change: (inout Trainer.Settings) -> Void = { _ in }
  ) throws -> Trainer {
    var settings = Small.settings(batch: batch, optimizer: SGD())
    settings.deformation = .paper
    settings.execution = ExecutionOptions(backend: .tinycc, target: .best, threads: threads)
    change(&settings)
    return try Trainer(
      Self.network, training: Small.data(count: count, size: [6, 6, 1]),
      evaluation: Small.data(count: 20, size: [6, 6, 1], seed: 8), settings: settings)
  }

  @Test func sameBitsForAnyNumberOfThreads() throws {
    func weights(_ threads: Int) throws -> Weights {
      let trainer = try trainer(threads: threads)
      try trainer.train(epochs: 3)
      return try trainer.weights()
    }
    let one = try weights(1)
    #expect(try weights(2) == one)
    #expect(try weights(3) == one)
    let plain = try trainer { $0.deformation = nil }
    try plain.train(epochs: 3)
    #expect(try plain.weights() != one)
  }

  @Test(arguments: [1, 4, 6])
  func resumedIsBitEqual(_ stop: Int) throws {
    let whole = try trainer()
    try whole.train(epochs: 3)
    try withTemporaryFolder { folder in
      let first = try trainer()
      var steps = 0
      _ = try first.train(epochs: 3, onStep: { _ in steps += 1 }, shouldStop: { steps == stop })
      try first.checkpoint().write(to: folder + "/run")
      let second = try trainer(threads: 2)
      try second.restore(Checkpoint(contentsOf: folder + "/run"))
      try second.train(epochs: 3)
      #expect(try second.checkpoint() == whole.checkpoint())
    }
  }

  /// What a step reads is the deformed picture.
  @Test func stepsReadDeformedPictures() throws {
    // The interpreter keeps inputs; kernels may use their room for something else.
    let trainer = try trainer(batch: 27) { $0.execution.backend = .interpreter }
    _ = try trainer.train(epochs: 1)
    let read = try trainer.executable.floats(Network.inputName)
    let deformer = try PictureDeformer(trainer.training, .paper, seed: trainer.settings.seed)
    var shuffler = Shuffler(count: 27, seed: trainer.settings.seed)
    for (place, index) in shuffler.nextEpoch().enumerated() {
      let expected = deformer.picture(index, epoch: 0)
      #expect(Array(read[place * 36..<(place + 1) * 36]) == expected)
    }
  }

  @Test func theTrainingSetAsItIsValidates() throws {
    let trainer = try trainer { $0.validation = .trainingSet }
    var summaries: [EpochSummary] = []
    try trainer.train(epochs: 6) { summaries.append($0) }
    let last = try #require(summaries.last)
    #expect(last.evaluationAccuracy == (try trainer.evaluate(trainer.training)).accuracy)
    let test = try #require(trainer.test)
    #expect(test.count == 20)
    #expect(last.testAccuracy == (try trainer.evaluate(test)).accuracy)

    let best = try #require(trainer.bestEpochs)
    let errors = summaries.map { 1 - ($0.evaluationAccuracy ?? 0) }
    #expect(best.byValidation.validationError == errors.min())
    #expect(
      best.byValidation.testError == 1 - (summaries[best.byValidation.epoch - 1].testAccuracy ?? 2))
    let testErrors = summaries.map { 1 - ($0.testAccuracy ?? 0) }
    #expect(best.byTest.testError == testErrors.min())
    #expect(best.byTest.epoch == (testErrors.firstIndex(of: best.byTest.testError) ?? -2) + 1)
  }

  /// The validation rule compares the error on the training set as it is; what it keeps and the best
  /// epochs are in one file.
  @Test(arguments: [3, 6, 8])
  func stoppingWhereTheTrainingSetValidates(_ stop: Int) throws {
    func stopping() throws -> Trainer {
      let trainer = try trainer { $0.validation = .trainingSet }
      try trainer.stop(by: .validation(patience: 2))
      return trainer
    }
    let whole = try stopping()
    var measures: [Double?] = []
    let outcome = try whole.train(epochs: 40) {
      #expect($0.stoppingMeasure == 1 - ($0.evaluationAccuracy ?? 2))
      measures.append($0.stoppingMeasure)
    }
    #expect(outcome == .stopped)
    #expect(whole.stopping?.error.best == whole.bestEpochs?.byValidation.validationError)
    try withTemporaryFolder { folder in
      let first = try stopping()
      var steps = 0
      var resumed: [Double?] = []
      try first.train(
        epochs: 40, onEpoch: { resumed.append($0.stoppingMeasure) }, onStep: { _ in steps += 1 },
        shouldStop: { steps == stop })
      try first.checkpoint().write(to: folder + "/run")
      let second = try trainer(threads: 2) { $0.validation = .trainingSet }
      try second.restore(Checkpoint(contentsOf: folder + "/run"))
      #expect(try second.train(epochs: 40) { resumed.append($0.stoppingMeasure) } == outcome)
      #expect(try second.checkpoint() == whole.checkpoint())
      #expect(resumed == measures)
    }
  }

  @Test func bestEpochs() throws {
    func result(_ epoch: Int, _ error: Double, _ loss: Double, _ test: Double) -> BestEpochs.Result
    {
      .init(epoch: epoch, validationError: error, validationLoss: loss, testError: test)
    }
    var best = BestEpochs(result(1, 0.2, 1, 0.3))
    best = best.adding(result(2, 0.1, 0.5, 0.3))
    best = best.adding(result(3, 0.1, 0.4, 0.1))
    best = best.adding(result(4, 0.1, 0.4, 0.2))
    best = best.adding(result(5, 0.3, 0.1, 0.1))
    #expect(best.byValidation == result(3, 0.1, 0.4, 0.1))
    #expect(best.byTest == result(3, 0.1, 0.4, 0.1))
    #expect(BestEpochs.Result("\(best.byTest)") == best.byTest)
    for text in ["", "1 2 3", "0 1 2 3", "1 2 3 x", "1 2 3 4 5"] {
      #expect(BestEpochs.Result(text) == nil)
    }
  }

  @Test func settingsAndBestEpochsAreKept() throws {
    try withTemporaryFolder { folder in
      let trainer = try trainer { $0.validation = .trainingSet }
      try trainer.train(epochs: 2)
      try trainer.checkpoint().write(to: folder + "/run")
      let checkpoint = try Checkpoint(contentsOf: folder + "/run")
      #expect(try checkpoint == trainer.checkpoint())
      #expect(checkpoint.training?.settings.deformation == .paper)
      #expect(checkpoint.training?.settings.validation == .trainingSet)
      #expect(checkpoint.training?.epochCount == 2)
      #expect(checkpoint.training?.bestEpochs == trainer.bestEpochs)
      for (key, value) in [
        ("quern.deformation", "blur:3"), ("quern.bestByTest", "1 2"), ("quern.epochCount", "-1"),
        ("quern.validatesOnTrainingSet", "perhaps"),
      ] {
        var file = try Safetensors(contentsOf: folder + "/run")
        file.metadata[key] = value
        try file.write(to: folder + "/bad")
        let found = message { _ = try Checkpoint(contentsOf: folder + "/bad") }
        #expect(found.contains(value) && found.contains(key), "\(found)")
      }
    }
  }

  @Test func whatDoesNotGoTogether() throws {
    let backwards = message { _ = try trainer { $0.deformation?.rotation = -3 } }
    #expect(backwards.contains("rotation of -3"))
    let colour = Network("colour", input: .picture(height: 4, width: 4, channels: 2)) {
      Flatten()
      Dense(3)
    }
    var settings = Small.settings()
    settings.deformation = .paper
    let found = message {
      _ = try Trainer(
        colour, training: Small.data(count: 9, size: [4, 4, 2]), settings: settings)
    }
    #expect(found.contains("4×4×2") && found.contains("one channel"))
  }
}
