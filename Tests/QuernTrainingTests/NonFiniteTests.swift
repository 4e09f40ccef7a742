import QuernData
import QuernErrors
import QuernGraph
import QuernLayers
import QuernTraining
import Testing

/// √x²: finite everywhere, but its slope at 0 is 0/0.
private struct Root: Layer {
  func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try (input * input).squareRoot()
  }
}

@Suite struct NonFiniteTests {
  private func failure(_ trainer: Trainer, epochs: Int) throws -> NonFiniteLoss {
    let error = #expect(throws: NonFiniteLoss.self) { try trainer.train(epochs: epochs) }
    return try #require(error)
  }

  @Test func aRateThatIsTooLarge() throws {
    let network = Network("linear", input: .features(4)) {
      Dense(6)
      Dense(3)
    }
    let trainer = try Trainer(
      network, training: Small.data(count: 24, size: [4]),
      settings: Small.settings(rate: 1e30, optimizer: SGD()))
    let error = try failure(trainer, epochs: 20)
    #expect(error.step > 1 && error.originStep <= error.step)
    let layer = try #require(error.layer)
    #expect(layer.contains("dense") || layer.contains("loss"))
    #expect(error.description.contains("step \(error.step)"))
    #expect(error.description.contains("learning rate (now 1e+30)"))
  }

  @Test func badData() throws {
    var values = [Float](repeating: 0.5, count: 24 * 4)
    values[4 * 10] = .nan
    let data = try Dataset(
      images: values, shape: [24, 4], labels: [Int](repeating: 1, count: 24), classCount: 3)
    let trainer = try Trainer(Small.network, training: data, settings: Small.settings())
    let error = try failure(trainer, epochs: 1)
    #expect(error.layer == "the input \(Network.inputName)")
    #expect(error.originStep == error.step)
  }

  /// The loss is finite in the step that spoils the weights, and only the next one shows it.
  @Test func theOriginIsTheStepBefore() throws {
    let network = Network("root", input: .features(4)) {
      Dense(4, weightInitialiser: .zeros)
      Root()
      Dense(3)
    }
    let trainer = try Trainer(
      network, training: Small.data(count: 24, size: [4]),
      settings: Small.settings(optimizer: SGD()))
    let error = try failure(trainer, epochs: 1)
    #expect(error.step == 2)
    #expect(error.originStep == 1)
    #expect(error.layer?.contains("root1") == true, "\(error)")
  }

  /// Further on than the copies that are kept for finding out.
  @Test func longAfterTheFirstCopy() throws {
    let calm = try Small.data(count: 400, size: [4])
    var values = try calm.batch(Array(0..<400)).images
    values[4 * 399] = .infinity
    let data = try Dataset(images: values, shape: [400, 4], labels: calm.labels, classCount: 3)
    var settings = Small.settings(batch: 1, rate: 0.01, optimizer: SGD())
    settings.seed = 5
    let trainer = try Trainer(Small.network, training: data, settings: settings)
    let error = try failure(trainer, epochs: 1)
    #expect(error.step > StepReplay.interval)
    #expect(error.layer == "the input \(Network.inputName)")
  }
}
