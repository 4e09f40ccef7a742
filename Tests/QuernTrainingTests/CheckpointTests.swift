import QuernData
import QuernExecution
import QuernGraph
import QuernLayers
import QuernTestSupport
import QuernTraining
import Testing

@Suite struct CheckpointTests {
  private func trainer(
    _ network: Network = Small.stateful, optimizer: any Optimizer = Adam(), batch: Int = 8
  ) throws -> Trainer {
    let data = try Small.data(count: 27, size: network.input.extents)
    var settings = Small.settings(batch: batch, rate: 0.02, optimizer: optimizer)
    settings.learningRate.schedule = .warmUp(steps: 5, then: .cosine(epochs: 3))
    return try Trainer(network, training: data, settings: settings)
  }

  /// A run that is stopped after any step, written, and resumed by another trainer ends with the
  /// bits of one that was not.
  @Test(arguments: [1, 4, 6, 8], [SGD(), Nesterov(), Adam()] as [any Optimizer])
  func resumedIsBitEqual(stop: Int, optimizer: any Optimizer) throws {
    let whole = try trainer(optimizer: optimizer)
    var wholeSummaries: [EpochSummary] = []
    try whole.train(epochs: 3) { wholeSummaries.append($0) }

    try withTemporaryFolder { folder in
      let path = folder + "/run.safetensors"
      let first = try trainer(optimizer: optimizer)
      var steps = 0
      _ = try first.train(epochs: 3, onStep: { _ in steps += 1 }, shouldStop: { steps == stop })
      try first.checkpoint().write(to: path)

      let second = try trainer(optimizer: optimizer)
      // Whatever it did before must not matter.
      try second.train(epochs: 1)
      try second.restore(Checkpoint(contentsOf: path))
      var last: EpochSummary?
      try second.train(epochs: 3) { last = $0 }
      #expect(try second.checkpoint() == whole.checkpoint())
      #expect(last?.loss == wholeSummaries[2].loss)
      #expect(last?.accuracy == wholeSummaries[2].accuracy)
    }
  }

  @Test func contentsReadBack() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a.safetensors"
      let trainer = try trainer()
      try trainer.train(epochs: 1)
      let checkpoint = try trainer.checkpoint()
      try checkpoint.write(to: path)
      #expect(try Checkpoint(contentsOf: path) == checkpoint)
      #expect(checkpoint.training?.position.step == 4)
    }
  }

  @Test func modelPredictsAsTheTrainerDid() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model.safetensors"
      let data = try Small.data(count: 27, size: [4, 4, 1])
      let trainer = try trainer()
      try trainer.train(epochs: 2)
      let expected = try trainer.evaluate(data)
      try trainer.model().save(to: path)
      let model = try Model(
        Small.stateful, contentsOf: path, batchSize: 5,
        execution: ExecutionOptions(backend: .interpreter))
      #expect(try model.evaluate(data).confusion == expected.confusion)
      let pictures = try data.batch(Array(0..<7)).images
      let rows = try model.outputs(pictures)
      #expect(rows.count == 7 && rows.allSatisfy { $0.count == 3 })
      #expect(message { _ = try model.outputs([1, 2, 3]) }.contains("multiple of 16"))
    }
  }

  @Test func anotherModelsCheckpoint() throws {
    let other = Network("other", input: .picture(height: 4, width: 4, channels: 1)) {
      Conv2D(5, kernel: 3, padding: .same)
      BatchNorm()
      MaxPool(2)
      Flatten()
      Dense(3)
    }
    let checkpoint = try trainer(other).checkpoint()
    let found = message { try trainer().restore(checkpoint) }
    #expect(found.contains("\"other\"") && found.contains("\"stateful\""))
    #expect(found.contains("[3, 3, 1, 5]") && found.contains("[3, 3, 1, 3]"))

    let fewer = Network("fewer", input: .features(4)) { Dense(3) }
    let missing = message { try trainer().restore(trainer(fewer).checkpoint()) }
    #expect(missing.contains("conv1.weight") && missing.contains("dense1.weight"))

    let more = message { try trainer(fewer).restore(trainer(Small.network).checkpoint()) }
    #expect(more.contains("dense1.bias") || more.contains("dense1.weight"))
  }

  @Test func sameShapesButAnotherStructure() throws {
    let tanh = Network("small", input: .features(4)) {
      Dense(6)
      Tanh()
      Dense(3)
    }
    let found = message { try trainer(tanh).restore(trainer(Small.network).checkpoint()) }
    #expect(found.contains("structure"))
    // A name alone is no structure.
    var renamed = Small.network
    renamed.name = "renamed"
    try trainer(renamed).restore(trainer(Small.network).checkpoint())
  }

  @Test("Layers of the same shapes that compute something else are another structure")
  func settings() throws {
    func fingerprint(_ layer: any Layer) throws -> String {
      try Network("x", input: .picture(height: 12, width: 12, channels: 2)) { layer }
        .fingerprint()
    }
    func same(_ dilation: Extent2D) -> Conv2D {
      Conv2D(4, kernel: 3, padding: .same, dilation: dilation)
    }
    let pairs: [(any Layer, any Layer)] = [
      (same(1), same(2)), (LeakyReLU(), LeakyReLU(slope: 0.2)),
      (BatchNorm(), BatchNorm(epsilon: 1e-3)), (LayerNorm(), LayerNorm(epsilon: 1e-3)),
      (MaxPool(2), MaxPool(3, stride: 2, padding: .explicit(1))),
      (AveragePool(2), AveragePool(3, stride: 2, padding: .explicit(1))),
      (
        Conv2D(4, kernel: 3, stride: 2, padding: .same),
        Conv2D(4, kernel: 3, stride: 2, padding: .explicit(1))
      ),
      (
        DepthwiseConv2D(kernel: 3, padding: .same),
        DepthwiseConv2D(kernel: 3, padding: .same, dilation: 3)
      ),
      (same(1).named("a"), same(2).named("a")),
    ]
    for (a, b) in pairs { #expect(try fingerprint(a) != fingerprint(b), "\(a), \(b)") }
    // What computes the same, and what is as usual, stays what it was.
    #expect(
      try fingerprint(Conv2D(4, kernel: 3, padding: .same))
        == fingerprint(Conv2D(4, kernel: 3, padding: .explicit(1))))
    #expect(try fingerprint(BatchNorm(momentum: 0.5)) == fingerprint(BatchNorm()))
  }

  @Test func weightsThatAreNoNumbers() throws {
    var checkpoint = try trainer().checkpoint()
    let bias = try #require(checkpoint.weights.tensors["conv1.bias"])
    var values = try checkpoint.weights.values("conv1.bias")
    values[1] = .infinity
    checkpoint.weights.tensors["conv1.bias"] = try .init(values, shape: bias.shape)
    try trainer().restore(checkpoint)
    values[0] = .nan
    checkpoint.weights.tensors["conv1.bias"] = try .init(values, shape: bias.shape)
    let found = message { try trainer().restore(checkpoint) }
    #expect(found.contains("conv1.bias") && found.contains("NaN in 1 of \(values.count)"))
  }

  @Test func weightsAloneStartANewRun() throws {
    let source = try trainer()
    try source.train(epochs: 1)
    var weights = try source.weights()
    weights.tensors[Network.randomCounterName] = nil
    let target = try trainer()
    try target.restore(Checkpoint(model: nil, fingerprint: nil, weights: weights))
    #expect(target.position.step == 0)
    #expect(
      try target.weights().values("conv1.weight") == source.weights().values("conv1.weight"))
  }

  @Test func whatDoesNotFitTheRun() throws {
    let checkpoint = try trainer().checkpoint()
    let optimizer = message { try trainer(optimizer: SGD()).restore(checkpoint) }
    #expect(optimizer.contains("adam") && optimizer.contains("sgd"))

    let running = try trainer()
    _ = try running.train(epochs: 1, shouldStop: { true })
    let middle = try running.checkpoint()
    #expect(middle.training?.position.stepInEpoch == 1)
    #expect(message { try trainer(batch: 4).restore(middle) }.contains("batches of 8"))
    // Between epochs the batch size may change.
    try trainer(batch: 4).restore(checkpoint)

    var incomplete = checkpoint
    incomplete.training?.optimizer.tensors["optimizer/firstMoment/conv1.bias"] = nil
    #expect(
      message { try trainer().restore(incomplete) }.contains("optimizer/firstMoment/conv1.bias"))
  }

  @Test func damagedMetadata() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/bad.safetensors"
      for (key, value) in [
        ("quern.step", "-1"), ("quern.epoch", "x"), ("quern.schedule", "?"),
        ("quern.version", "99"), ("quern.optimizer.beta1", "fast"),
      ] {
        try trainer().checkpoint().write(to: path)
        var file = try Safetensors(contentsOf: path)
        file.metadata[key] = value
        try file.write(to: path)
        let found = message { _ = try Checkpoint(contentsOf: path) }
        #expect(found.contains(value) && found.contains(path), "\(key): \(found)")
      }
    }
  }
}
