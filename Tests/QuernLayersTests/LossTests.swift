import Foundation
import QuernErrors
import QuernGraph
import QuernLayers
import Testing

@Suite struct LossTests {
  /// Passes its input on, so that tests choose the output.
  private static let identity = Network("net", input: .features(3)) { Sequential {} }

  private func crossEntropy(
    _ logits: ArraySlice<Double>, _ label: Int, _ smoothing: Double = 0
  ) -> Double {
    let top = logits.max() ?? 0
    let logSum = top + log(logits.reduce(0) { $0 + exp($1 - top) })
    let own = logSum - logits[logits.startIndex + label]
    let all = logits.reduce(0) { $0 + logSum - $1 } / Double(logits.count)
    return (1 - smoothing) * own + smoothing * all
  }

  @Test(arguments: [0, 0.1, 1])
  func softmaxCrossEntropy(smoothing: Double) throws {
    let harness = try Harness(
      Self.identity, batch: 4, mode: .inference,
      loss: .softmaxCrossEntropy(labelSmoothing: smoothing))
    // The last two would overflow or vanish without a shift.
    let logits = [1, 2, 3, 0.5, -0.5, 0, 900.3, 901, 890, -950, -949.9, -960]
    let labels = [0, 2, 1, 2]
    try harness.interpreter.write("labels", labels.map(Int32.init))
    _ = try harness.output(logits)
    let expected = (0..<4).map { crossEntropy(logits[$0 * 3..<$0 * 3 + 3], labels[$0], smoothing) }
    let found = try harness.interpreter.values("losses")
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-10 * max(1, abs(b))) }
    let mean = try harness.interpreter.values("loss")[0]
    #expect(abs(mean - expected.reduce(0, +) / 4) < 1e-10)
    // Only the third example's largest logit is its label's.
    #expect(try harness.interpreter.values("correct") == [1])
  }

  @Test func meanSquaredError() throws {
    let harness = try Harness(Self.identity, batch: 2, mode: .inference, loss: .meanSquaredError)
    try harness.interpreter.setValues("targets", [0, 0, 0, 1, 1, 1])
    _ = try harness.output([1, 2, 3, 1, 0, 3])
    let losses = try harness.interpreter.values("losses")
    #expect(abs(losses[0] - 14.0 / 3) < 1e-12)
    #expect(abs(losses[1] - 5.0 / 3) < 1e-12)
    #expect(abs(try harness.interpreter.values("loss")[0] - 19.0 / 6) < 1e-12)
  }

  @Test func regularisationLooksAtWeightsOnly() throws {
    let network = Network("net", input: .features(2)) {
      Dense(1, biasInitialiser: .constant(100))
      BatchNorm()
    }
    let harness = try Harness(
      network, batch: 1, mode: .inference, loss: .meanSquaredError,
      regularisation: .init(l1: 0.5, l2: 0.1))
    try harness.interpreter.setValues("dense1.weight", [3, -4])
    let output = try harness.output([0, 0])
    try harness.interpreter.setValues("targets", output)
    _ = try harness.output([0, 0])
    // 0.5 · (3 + 4) + 0.1 / 2 · (9 + 16).
    #expect(abs(try harness.interpreter.values("loss")[0] - 4.75) < 1e-12)
  }

  /// A batch with fillers gives the loss, counts and running statistics of one without.
  @Test func fillersCountForNothing() throws {
    let network = Network("net", input: .picture(height: 3, width: 3, channels: 2)) {
      Conv2D(4, kernel: 2)
      BatchNorm()
      ReLU()
      Flatten()
      Dense(3)
    }
    let input = Harness.noise(5 * 18, seed: 12)
    let labels: [Int32] = [0, 2, 1, 0, 2]
    let full = try Harness(network, batch: 5, mode: .training, loss: .softmaxCrossEntropy())
    let small = try Harness(network, batch: 3, mode: .training, loss: .softmaxCrossEntropy())
    try full.interpreter.write("labels", labels)
    try full.interpreter.setValues(Network.exampleWeightName, [1, 1, 1, 0, 0])
    try small.interpreter.write("labels", Array(labels.prefix(3)))
    _ = try full.output(input)
    _ = try small.output(Array(input.prefix(3 * 18)))
    for name in ["loss", "correct", "batchNorm1.runningMean", "batchNorm1.runningVariance"] {
      let (a, b) = (try full.interpreter.values(name), try small.interpreter.values(name))
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-12, "\(name): \(x), not \(y)") }
    }
  }

  @Test func ownLoss() throws {
    struct Absolute: Loss {
      var targetName: String { "truth" }
      func targetType(output: Shape) throws(QuernError) -> TensorType {
        TensorType(.float32, output)
      }
      func losses(output: Tensor, target: Tensor) throws(QuernError) -> Tensor {
        try (output - target).absolute().sum(over: [1])
      }
    }
    let harness = try Harness(Self.identity, batch: 2, mode: .inference, loss: Absolute())
    try harness.interpreter.setValues("truth", [0, 0, 0, 0, 0, 1])
    _ = try harness.output([1, -2, 3, 0, 0, 0])
    #expect(try harness.interpreter.values("loss") == [3.5])
    #expect(harness.built.builder.graph.output(named: "correct") == nil)
  }

  @Test func lossOfTheWrongShapeIsAnError() throws {
    struct Scalar: Loss {
      var targetName: String { "truth" }
      func targetType(output: Shape) throws(QuernError) -> TensorType {
        TensorType(.float32, output)
      }
      func losses(output: Tensor, target: Tensor) throws(QuernError) -> Tensor {
        try (output - target).sum()
      }
    }
    let error = #expect(throws: QuernError.self) {
      try Harness(Self.identity, batch: 2, mode: .inference, loss: Scalar())
    }
    #expect(error?.remedy == "make one number for each example")
  }
}
