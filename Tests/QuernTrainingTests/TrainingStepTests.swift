import QuernGraph
import QuernInterpreter
import QuernLayers
import QuernTraining
import Testing

@Suite struct TrainingStepTests {
  private let picture: [Double] = [0.5, -1, 2, 0.25, 1, 0.5, -0.5, 0.75]

  private func write(_ interpreter: Interpreter<Double>, _ network: Network) throws {
    let weights = try network.initialWeights(seed: 3)
    for name in weights.tensors.keys {
      try interpreter.setValues(name, weights.values(name).map(Double.init))
    }
    try interpreter.setValues(Network.inputName, picture)
    try interpreter.setValues("labels", [2, 0])
    try interpreter.setValues(Network.exampleWeightName, [1, 1])
  }

  /// Gradients by their own graph, by parameter.
  private func gradients(_ network: Network) throws -> [String: [Double]] {
    let step = try GradientStep(network, batchSize: 2)
    let interpreter = try Interpreter<Double>(step.graph)
    try write(interpreter, network)
    try interpreter.run()
    return try Dictionary(
      uniqueKeysWithValues: step.parameters.map {
        ($0.name, try interpreter.values(GradientStep.output(of: $0.name)))
      })
  }

  private func trained(
    _ network: Network, _ optimizer: any Optimizer = SGD(), limit: Double? = nil,
    regularisation: Regularisation = .none
  ) throws -> Interpreter<Double> {
    let step = try TrainingStep(
      network, optimizer: optimizer, batchSize: 2, regularisation: regularisation,
      gradientNormLimit: limit)
    let interpreter = try Interpreter<Double>(step.graph)
    try write(interpreter, network)
    try interpreter.setValues("learningRate", [0.5])
    try interpreter.run()
    return interpreter
  }

  @Test func aStepIsTheGradientTimesTheRate() throws {
    let network = Small.network
    let gradients = try gradients(network)
    let interpreter = try trained(network)
    let before = try network.initialWeights(seed: 3)
    #expect(gradients.count == 4)
    for (name, gradient) in gradients {
      #expect(gradient.contains { $0 != 0 })
      let old = try before.values(name)
      for (place, value) in try interpreter.values(name).enumerated() {
        #expect(abs(value - (Double(old[place]) - 0.5 * gradient[place])) < 1e-12)
      }
    }
  }

  @Test func aLargeGradientIsScaledDownToTheLimit() throws {
    let network = Small.network
    let gradients = try gradients(network)
    let norm = gradients.values.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
    let before = try network.initialWeights(seed: 3)
    for (limit, scale) in [(norm / 4, 0.25), (norm * 4, 1)] {
      let interpreter = try trained(network, limit: limit)
      for (name, gradient) in gradients {
        let old = try before.values(name)
        for (place, value) in try interpreter.values(name).enumerated() {
          #expect(abs(value - (Double(old[place]) - 0.5 * scale * gradient[place])) < 1e-9)
        }
      }
    }
  }

  @Test func decayIsRegularisationAndLeavesBiasesAlone() throws {
    let network = Small.network
    let decayed = try trained(network, SGD(weightDecay: 0.1))
    let regularised = try trained(network, regularisation: Regularisation(l2: 0.1))
    let plain = try trained(network)
    for name in ["dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"] {
      let values = try decayed.values(name)
      for (value, wanted) in zip(values, try regularised.values(name)) {
        #expect(abs(value - wanted) < 1e-12)
      }
      #expect((values == (try plain.values(name))) == name.hasSuffix("bias"))
    }
  }

  @Test func theGraphVerifiesAndNamesItsState() throws {
    let step = try TrainingStep(Small.stateful, optimizer: Adam(), batchSize: 4)
    try step.graph.verify()
    let names = step.graph.inputs.filter { $0.input.role == .state }.map(\.input.name)
    #expect(names.contains("optimizer/firstMoment/conv1.weight"))
    #expect(names.contains("optimizer/secondMoment/dense1.bias"))
    #expect(names.contains("batchNorm1.runningMean"))
    #expect(names.contains(Network.randomCounterName))
    // Everything that is kept has an update.
    let kept = step.graph.inputs.filter { $0.input.role == .parameter || $0.input.role == .state }
    #expect(Set(step.graph.updates.map(\.input)) == Set(kept.map(\.id)))
  }

  @Test func errorsNameTheLayer() {
    let network = Network("wrong", input: .features(4)) { Conv2D(2, kernel: 3) }
    #expect(message { _ = try TrainingStep(network, batchSize: 2) }.contains("conv1"))
  }
}
