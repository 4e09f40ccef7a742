import Quern

/// a where 0 < a, slope(c) · a elsewhere (He et al. 2015): a ReLU that learns.
struct PReLU: Layer {
  var stem: String { "prelu" }

  func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    let channels = input.shape[input.shape.rank - 1]
    let slope = try context.parameter(
      "slope", [channels], role: .scale, initialiser: .constant(0.25))
    return try input.where(input.scalar(0).apply(.less, input), otherwise: input * slope)
  }
}

/// A convolution that does not share its filters: each position of the picture has its own.
///
/// out(n, y, x, t) = Σᵢ Σⱼ Σ_c in(n, y + i, x + j, c) · weight(y, x, i, j, c, t)
struct LocallyConnected: Layer {
  var filters: Int
  var kernel: Int

  func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    guard input.shape.rank == 4, kernel <= min(input.shape[1], input.shape[2]) else {
      throw context.error(
        "its input has shape \(input.shape), its kernel \(kernel)×\(kernel)",
        remedy: "give pictures (N, H, W, C) of at least the kernel's size")
    }
    let (height, width) = (input.shape[1] - kernel + 1, input.shape[2] - kernel + 1)
    let channels = input.shape[3]
    let weight = try context.parameter(
      "weight", [height, width, kernel, kernel, channels, filters], initialiser: .heNormal,
      fanIn: kernel * kernel * channels, fanOut: kernel * kernel * filters)
    // The output's axes are numbered first, then those that are summed over.
    let (n, y, x, t, i, j, c) = (0, 1, 2, 3, 4, 5, 6)
    return try context.builder.contraction(
      Contraction(
        axes: [
          Axis("n", input.shape[0]), Axis("y", height), Axis("x", width), Axis("t", filters),
          Axis("i", kernel), Axis("j", kernel), Axis("c", channels),
        ],
        outputRank: 4,
        factors: [
          .init([
            .axis(n), AffineExpression([(y, 1), (i, 1)]), AffineExpression([(x, 1), (j, 1)]),
            .axis(c),
          ]),
          .init([.axis(y), .axis(x), .axis(i), .axis(j), .axis(c), .axis(t)]),
        ]),
      [input, weight])
  }
}

/// Huber's loss (1964), the mean over an example's outputs: d²/2 up to |d| = 1, |d| − 1/2 beyond.
struct Huber: Loss {
  var targetName: String { "targets" }

  func targetType(output: Shape) throws(QuernError) -> TensorType {
    TensorType(.float32, output)
  }

  func losses(output: Tensor, target: Tensor) throws(QuernError) -> Tensor {
    let distance = try (output - target).absolute()
    let inner = try distance.minimum(distance.scalar(1))
    return try (inner * (distance - inner * 0.5)).mean(over: Array(1..<output.shape.rank))
  }
}

/// Fits 2·x₁ − x₂ + 1 to examples whose targets are numbers; the loss before each step.
func fitNumbers(_ optimizer: any Optimizer = Adam()) throws -> [Float] {
  let network = Network("plane", input: .features(2)) { Dense(1) }
  let step = try TrainingStep(
    network, loss: MeanSquaredError(), optimizer: optimizer, batchSize: 4)
  let executable = try ExecutionOptions().makeExecutable(step.graph)
  try network.initialWeights(seed: 1).copy(to: executable)
  try step.clearOptimizer(executable)

  var losses: [Float] = []
  for number in 1...200 {
    try executable.write(Network.inputName, [0, 0, 0, 1, 1, 0, 1, 1] as [Float])
    try executable.write(step.targetName, [1, 0, 3, 2] as [Float])
    try executable.write(Network.exampleWeightName, [1, 1, 1, 1] as [Float])
    let values = optimizer.values(learningRate: 0.1, step: number)
    for (name, value) in zip(optimizer.hyperparameters, values) {
      try executable.write(name, [Float(value)])
    }
    try executable.run()
    losses.append(try executable.floats(StepOutput.loss)[0])
  }
  return losses
}
