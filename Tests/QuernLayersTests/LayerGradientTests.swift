import QuernGradient
import QuernGraph
import QuernInterpreter
import QuernLayers
import Testing

/// Gradients through each layer and loss, in double precision, against finite differences.
@Suite struct LayerGradientTests {
  private static let picture = InputShape.picture(height: 5, width: 4, channels: 2)

  /// A network, and the loss it is trained with.
  static let cases: [(network: Network, loss: any Loss)] = {
    let pictures: [(String, [any Layer])] = [
      ("conv", [Conv2D(3, kernel: 3, stride: 2, padding: .same)]),
      ("groups", [Conv2D(4, kernel: 2, dilation: 2, groups: 2)]),
      ("depthwise", [DepthwiseConv2D(kernel: 3, multiplier: 2, padding: .explicit(1))]),
      ("pools", [MaxPool(2, stride: 1), AveragePool(2, padding: .explicit(1))]),
      ("batchNorm", [Conv2D(3, kernel: 2, useBias: false), BatchNorm()]),
      ("layerNorm", [LayerNorm(), GELU()]),
      ("dropout", [Dropout(0.4), Conv2D(3, kernel: 2)]),
      ("residual", [Residual { Conv2D(2, kernel: 3, padding: .same) }, ReLU()]),
      (
        "concat",
        [
          Concat {
            Conv2D(2, kernel: 1)
            Sequential { Tanh() }
          }
        ]
      ),
    ]
    let features: [(String, [any Layer])] = [
      ("leakyReLU", [Dense(4), LeakyReLU(slope: 0.3)]), ("sigmoid", [Dense(4), Sigmoid()]),
      ("scaledTanh", [Dense(4), ScaledTanh()]), ("softmax", [Dense(4), Softmax()]),
      ("relu", [Dense(4), ReLU()]), ("gelu", [Dense(4, useBias: false), GELU()]),
    ]
    return pictures.map { name, layers in
      let network = Network(name, input: picture) {
        layers
        Flatten()
        Dense(3, biasInitialiser: .normal(1))
      }
      return (network, .softmaxCrossEntropy(labelSmoothing: name == "conv" ? 0.2 : 0))
    }
      + features.map { name, layers in
        (Network(name, input: .features(3), layers: layers), .meanSquaredError)
      }
  }()

  @Test(arguments: cases.indices)
  func agreesWithFiniteDifferences(number: Int) throws {
    let (network, loss) = Self.cases[number]
    let batch = 4
    let builder = GraphBuilder()
    let built = try network.build(batch: batch, mode: .training, in: builder)
    let objective = try built.objective(loss, regularisation: .init(l1: 0.01, l2: 0.1))
    try builder.output("loss", objective.loss)
    let tensors = built.parameters.map { built.tensor(of: $0) } + [built.input]
    let names = built.parameters.map(\.name) + [Network.inputName]
    for (name, gradient) in zip(names, try gradient(of: objective.loss, withRespectTo: tensors)) {
      try builder.output("d \(name)", gradient)
    }
    // Without updates, so that every run is the same step.
    var graph = builder.graph
    graph.updates = []
    let interpreter = try Interpreter<Double>(graph)
    for (place, tensor) in tensors.enumerated() {
      try interpreter.setValues(
        names[place], Harness.noise(tensor.shape.elementCount, seed: UInt64(100 + place)))
    }
    if objective.target.element == .int32 {
      try interpreter.write(loss.targetName, [2, 0, 1, 1] as [Int32])
    } else {
      let count = objective.target.shape.elementCount
      try interpreter.setValues(loss.targetName, Harness.noise(count, seed: 7))
    }
    // The last example only fills the batch.
    try interpreter.setValues(Network.exampleWeightName, [1, 1, 1, 0])
    try interpreter.run()
    let found = try names.map { try interpreter.values("d \($0)") }
    let step = 1e-6
    for (name, gradient) in zip(names, found) {
      let values = try interpreter.values(name)
      let largest = gradient.map { abs($0) }.max() ?? 0
      for place in values.indices {
        var losses: [Double] = []
        for sign in [1.0, -1] {
          var moved = values
          moved[place] += sign * step
          try interpreter.setValues(name, moved)
          try interpreter.run()
          losses.append(try interpreter.values("loss")[0])
        }
        try interpreter.setValues(name, values)
        let difference = (losses[0] - losses[1]) / (2 * step)
        #expect(
          abs(gradient[place] - difference) <= 1e-7 * max(1, largest),
          "\(network.name): \(name)[\(place)] is \(gradient[place]), not \(difference)")
      }
    }
    let fillers = found[found.count - 1].suffix(network.input.elementCount)
    #expect(fillers.allSatisfy { $0 == 0 })
  }
}
