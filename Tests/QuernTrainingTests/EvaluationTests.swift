import QuernData
import QuernExecution
import QuernLayers
import QuernTraining
import Testing

@Suite struct EvaluationTests {
  @Test func confusionMatrix() {
    var matrix = ConfusionMatrix(classCount: 3)
    for (actual, predicted) in [(0, 0), (0, 1), (1, 1), (1, 1)] {
      matrix.add(actual: actual, predicted: predicted)
    }
    #expect(matrix[actual: 0, predicted: 1] == 1)
    #expect(matrix[actual: 1, predicted: 1] == 2)
    #expect(matrix.total == 4 && matrix.correct == 3 && matrix.accuracy == 0.75)
    #expect(matrix.recall(0) == 0.5)
    #expect(matrix.recall(2) == nil)
    #expect(ConfusionMatrix(classCount: 3).accuracy == 0)
  }

  /// A network whose logits are its inputs, so that every number is known.
  @Test func knownLogits() throws {
    let network = Network("identity", input: .features(3)) { Dense(3, useBias: false) }
    var weights = Weights()
    weights.tensors["dense1.weight"] = try .init(
      [1, 0, 0, 0, 1, 0, 0, 0, 1] as [Float], shape: [3, 3])
    let data = try Dataset(
      images: [2, 0, 0, 0, 2, 0, 0, 2, 0, 0, 0, 0], shape: [4, 3], labels: [0, 1, 2, 1])
    let model = try Model(
      network, weights: weights, batchSize: 3,
      execution: ExecutionOptions(backend: .interpreter))
    let evaluation = try model.evaluate(data)
    #expect(evaluation.count == 4 && evaluation.accuracy == 0.5)
    #expect(evaluation.mistakes.map(\.index) == [2, 3])
    // Ties go to the first class.
    #expect(evaluation.mistakes.map(\.prediction) == [1, 0])
    #expect(abs(evaluation.mistakes[1].probability - 1 / 3) < 1e-6)
    // −log(e²/(e² + 2)) = 0.2395; with a wrong label 2 more; ln 3 for equal logits.
    let right = 0.239_547_6
    #expect(abs(evaluation.loss - (2 * right + (right + 2) + 1.098_612_3) / 4) < 1e-5)
    #expect(try model.predict([0, 0, 1, 5, 4, 3]) == [2, 0])
  }

  @Test func labelsBeyondTheOutputs() throws {
    let network = Network("two", input: .features(4)) { Dense(2) }
    let evaluator = try Evaluator(network, execution: ExecutionOptions(backend: .interpreter))
    try evaluator.load(network.initialWeights(seed: 1))
    let found = message { _ = try evaluator.evaluate(Small.data(count: 9, size: [4])) }
    #expect(found.contains("label 2") && found.contains("0 … 1"))
  }

  @Test func trainingLabelsBeyondTheOutputs() throws {
    let network = Network("two", input: .features(4)) { Dense(2) }
    let found = message {
      _ = try Trainer(
        network, training: Small.data(count: 9, size: [4]), settings: Small.settings())
    }
    #expect(found.contains("label 2") && found.contains("0 … 1"))
  }
}
