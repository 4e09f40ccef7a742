import QuernData
import QuernExecution
import QuernLayers
import QuernTestSupport
import QuernTraining
import Testing

/// Checkpoints that version 0.1.0 wrote. They are read, and written again to the same byte.
@Suite struct CheckpointFormatTests {
  private static let network = Network(
    "pictures", input: .picture(height: 2, width: 2, channels: 1)
  ) {
    Flatten()
    Dense(3)
  }

  private static let momentumHeader = """
    {"__metadata__":{"quern.batchSize":"4",\
    "quern.bestByTest":"1 0.7 1.0976793766021729 0.8333333333333334",\
    "quern.bestByValidation":"2 0.6 0.9987776875495911 0.8333333333333334",\
    "quern.correctCount":"1","quern.data":"digits","quern.dataFingerprint":"a0d932547ff7e08b",\
    "quern.deformation":"elastic:5.0-6.0:36.0-38.0,rotation:15.0,shear:15.0,scale:15.0-20.0,\
    limit:7.5:1+7","quern.epoch":"2","quern.epochCount":"4","quern.epochExampleCount":"4",\
    "quern.exampleCount":"10","quern.fingerprint":"5f94fe5de375307e",\
    "quern.gradientNormLimit":"2.5","quern.l1":"0.0001","quern.l2":"0.001",\
    "quern.learningRate":"0.05","quern.lossSum":"4.164266586303711","quern.model":"pictures",\
    "quern.numerics":"1","quern.optimizer":"momentum","quern.optimizer.momentum":"0.9",\
    "quern.optimizer.weightDecay":"0.01","quern.schedule":"warm-up:3,cosine:4:0.1",\
    "quern.seed":"42","quern.shuffleState":"2298681937012504996","quern.step":"7",\
    "quern.stepInEpoch":"1","quern.stop":"validation","quern.stop.bestEpoch":"2",\
    "quern.stop.epsilon":"0.01","quern.stop.holds":"false","quern.stop.lowestError":"0.6",\
    "quern.stop.patience":"3","quern.stop.waited":"0","quern.validatesOnTrainingSet":"true",\
    "quern.version":"1"},"dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},\
    "dense1.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[12,60]},\
    "optimizer/velocity/dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[60,72]},\
    "optimizer/velocity/dense1.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[72,120]},\
    "stopping/reference/dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[120,132]},\
    "stopping/reference/dense1.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[132,180]}}
    """

  private static let adamHeader = """
    {"__metadata__":{"quern.batchSize":"4","quern.correctCount":"1","quern.data":"small data",\
    "quern.dataFingerprint":"71f4da725f0f87d7","quern.epoch":"1","quern.epochCount":"4",\
    "quern.epochExampleCount":"4","quern.exampleCount":"8",\
    "quern.fingerprint":"5f94fe5de375307e","quern.learningRate":"0.05",\
    "quern.lossSum":"5.4849853515625","quern.model":"pictures","quern.numerics":"1",\
    "quern.optimizer":"adam","quern.optimizer.beta1":"0.9","quern.optimizer.beta2":"0.999",\
    "quern.optimizer.epsilon":"1e-08","quern.optimizer.weightDecay":"0.0",\
    "quern.schedule":"warm-up:3,cosine:4:0.1","quern.seed":"1",\
    "quern.shuffleState":"6018027440424182932","quern.step":"3","quern.stepInEpoch":"1",\
    "quern.validationFraction":"0.2","quern.version":"1"},\
    "dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},\
    "dense1.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[12,60]},\
    "optimizer/firstMoment/dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[60,72]},\
    "optimizer/firstMoment/dense1.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[72,120]},\
    "optimizer/secondMoment/dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[120,132]},\
    "optimizer/secondMoment/dense1.weight":{"dtype":"F32","shape":[4,3],\
    "data_offsets":[132,180]}}
    """

  /// A file with a header, and 1/64, 2/64, … for the 45 elements of its tensors.
  private static func file(_ header: String) -> [UInt8] {
    var header = Array(header.utf8)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    return (1...45).reduce(into: length + header) { bytes, number in
      withUnsafeBytes(of: (Float(number) / 64).bitPattern.littleEndian) { bytes += $0 }
    }
  }

  /// Reads the file; expects that it is written again as it was.
  private static func checkpoint(_ header: String) throws -> Checkpoint {
    try withTemporaryFolder { folder in
      try atomicWrite(file(header), to: folder + "/old")
      let checkpoint = try Checkpoint(contentsOf: folder + "/old")
      try checkpoint.write(to: folder + "/new")
      #expect(try SystemFile.contents(of: folder + "/new") == file(header))
      return checkpoint
    }
  }

  @Test func allThatARunCanHave() throws {
    let checkpoint = try Self.checkpoint(Self.momentumHeader)
    #expect(checkpoint.model == "pictures")
    #expect(try checkpoint.weights.values("dense1.bias") == [1, 2, 3].map { $0 / 64 })
    let state = try #require(checkpoint.training)

    var position = TrainingPosition(seed: 2_298_681_937_012_504_996)
    position.epoch = 2
    position.stepInEpoch = 1
    position.step = 7
    position.lossSum = 4.164266586303711
    position.correctCount = 1
    position.exampleCount = 4
    #expect(state.position == position)

    #expect(state.optimizer.name == "momentum")
    #expect(state.optimizer.settings == ["momentum": 0.9, "weightDecay": 0.01])
    let velocity = try #require(state.optimizer.tensors["optimizer/velocity/dense1.bias"])
    #expect(try velocity.values(of: Float.self) == [16, 17, 18].map { $0 / 64 })
    #expect(state.optimizer.tensors.count == 2)

    #expect(state.settings.batchSize == 4)
    #expect(
      state.settings.learningRate
        == LearningRate(0.05, schedule: .warmUp(steps: 3, then: .cosine(epochs: 4, floor: 0.1))))
    #expect(state.settings.gradientNormLimit == 2.5)
    #expect(state.settings.regularisation == Regularisation(l1: 1e-4, l2: 1e-3))
    #expect(state.settings.validation == .trainingSet)
    #expect(state.settings.deformation == .paper)
    #expect(state.settings.seed == 42)

    #expect(state.dataset.name == "digits")
    #expect(state.dataset.fingerprint == "a0d932547ff7e08b")
    #expect(state.dataset.exampleCount == 10)
    #expect(state.epochCount == 4)
    #expect(state.bestEpochs?.byValidation.epoch == 2 && state.bestEpochs?.byTest.epoch == 1)
    #expect(state.stopping?.rule == .validation(patience: 3, epsilon: 0.01))
    #expect(state.stopping?.bestEpoch == 2 && state.stopping?.error.best == 0.6)
    #expect(state.numericsVersion == 1)
  }

  /// In the middle of an epoch the examples and the batch size have to be the same: they still are.
  @Test func aRunGoesOn() throws {
    let checkpoint = try Self.checkpoint(Self.adamHeader)
    #expect(checkpoint.training?.settings.validation == .share(0.2))
    func makeTrainer(_ count: Int) throws -> Trainer {
      let trainer = try Trainer(
        Self.network, training: Small.data(count: count, size: [2, 2, 1]),
        settings: Trainer.Settings(
          batchSize: 4, learningRate: 0.05, optimizer: Adam(), validation: .share(0.2),
          execution: ExecutionOptions(backend: .interpreter)))
      trainer.dataName = "renamed"
      return trainer
    }
    let trainer = try makeTrainer(10)
    try trainer.restore(checkpoint)
    #expect(trainer.position == checkpoint.training?.position)
    #expect(try trainer.train(epochs: 2) == .finished)
    #expect(trainer.position.step == 4)
    #expect(try trainer.checkpoint().training?.dataset.name == "renamed")
    let other = message { try makeTrainer(11).restore(checkpoint) }
    #expect(other.contains("8 examples in batches of 4") && other.contains("9 examples"))
  }

  /// The first files did not say what data they were of, how sums were added, or when to end.
  @Test func withoutWhatCameLater() throws {
    var header = Self.adamHeader
    for part in [
      #""quern.data":"small data","#, #""quern.dataFingerprint":"71f4da725f0f87d7","#,
      #""quern.epochCount":"4","#, #""quern.numerics":"1","#, #""quern.validationFraction":"0.2","#,
    ] {
      let range = try #require(header.firstRange(of: part))
      header.removeSubrange(range)
    }
    let state = try #require(try Self.checkpoint(header).training)
    #expect(state.dataset.name == nil && state.dataset.fingerprint == nil)
    #expect(state.epochCount == nil && state.numericsVersion == nil)
    #expect(state.settings.validation == .evaluationSet)
    #expect(state.settings.regularisation == .none)
    #expect(state.settings.gradientNormLimit == nil && state.settings.deformation == nil)
    #expect(state.bestEpochs == nil && state.stopping == nil)
  }
}
