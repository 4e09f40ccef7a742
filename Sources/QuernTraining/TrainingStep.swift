import QuernErrors
import QuernGradient
import QuernGraph
import QuernLayers

/// Names of the outputs of a step's graph.
public enum StepOutput {
  /// The mean loss over the batch, weighted by the examples' weights: a scalar. In training it
  /// includes the regularisation.
  public static let loss = "loss"
  /// How many of the batch's examples are classified correctly: a scalar. It is missing for a loss
  /// without the notion of a correct answer.
  public static let correct = "correct"
  /// The output of the network's last layer, (N, K): N examples, K classes. Only in evaluation.
  public static let logits = "logits"
}

/// One step of training as one graph: forward, loss, gradients and updates.
///
/// Parameters, the network's state and the optimiser's are inputs with updates; the batch
/// (`Network.inputName`, the loss's target, `Network.exampleWeightName`) and the optimiser's
/// hyperparameters are inputs without.
public struct TrainingStep: Sendable {
  public let graph: Graph
  public let optimizer: any Optimizer
  /// N, examples a step.
  public let batchSize: Int
  /// The name of the target's input: `labels`.
  public let targetName: String
  /// Names of the trained tensors.
  public let parameterNames: [String]
  /// The tensors that the network keeps: parameters, then state.
  let weights: [TensorSignature]
  /// The tensors that the optimiser keeps, such as `optimizer/velocity/conv1.weight`.
  let optimizerTensors: [TensorSignature]
  /// Whether the graph has the output ``StepOutput/correct``.
  public let countsCorrect: Bool

  /// - Parameters:
  ///   - network: what is trained.
  ///   - loss: what is minimised.
  ///   - optimizer: how parameters move along their gradients.
  ///   - batchSize: N, examples a step.
  ///   - regularisation: terms added to the loss.
  ///   - gradientNormLimit: where √Σ‖g‖² over all parameters is larger, all gradients are scaled
  ///     down to it. All gradients must then be known before the first update, so no update is fused
  ///     with what computes its gradient.
  /// - Throws: `QuernError` where the network is unsound, or does not go with the loss.
  public init(
    _ network: Network, loss: any Loss = SoftmaxCrossEntropy(), optimizer: any Optimizer = SGD(),
    batchSize: Int, regularisation: Regularisation = .none, gradientNormLimit: Double? = nil
  ) throws(QuernError) {
    let builder = GraphBuilder()
    let built = try network.build(batch: batchSize, mode: .training, in: builder)
    let objective = try built.objective(loss, regularisation: regularisation)
    let parameters = built.parameters.map { built.tensor(of: $0) }
    var gradients = try gradient(of: objective.loss, withRespectTo: parameters)
    if let gradientNormLimit {
      gradients = try builder.labelled("gradient norm") { () throws(QuernError) -> [Tensor] in
        try Self.limited(gradients, to: gradientNormLimit, in: builder)
      }
    }
    var hyperparameters: [Tensor] = []
    for name in optimizer.hyperparameters {
      hyperparameters.append(try builder.input(name, [], role: .hyperparameter))
    }
    var optimizerTensors: [TensorSignature] = []
    for (info, gradient) in zip(built.parameters, gradients) {
      try builder.labelled("update of \(info.layer)") { () throws(QuernError) in
        var state: [Tensor] = []
        for name in optimizer.stateNames {
          let tensor = try builder.input(
            Checkpoint.optimizerPrefix + "\(name)/\(info.name)", info.shape, role: .state)
          state.append(tensor)
        }
        let parameter = built.tensor(of: info)
        let updated = try optimizer.update(
          parameter, gradient: gradient, state: state, hyperparameters: hyperparameters,
          role: info.role)
        try builder.update(parameter, to: updated.weight)
        for (name, (old, new)) in zip(optimizer.stateNames, zip(state, updated.state)) {
          try builder.update(old, to: new)
          optimizerTensors.append(
            TensorSignature(
              name: Checkpoint.optimizerPrefix + "\(name)/\(info.name)", type: old.type))
        }
      }
    }
    try builder.output(StepOutput.loss, objective.loss)
    if let correct = objective.correct { try builder.output(StepOutput.correct, correct) }

    graph = builder.graph
    self.optimizer = optimizer
    self.batchSize = batchSize
    targetName = loss.targetName
    parameterNames = built.parameters.map(\.name)
    weights = built.weightSignatures
    self.optimizerTensors = optimizerTensors
    countsCorrect = objective.correct != nil
  }

  /// g · min(1, limit / √Σ‖g‖²).
  private static func limited(
    _ gradients: [Tensor], to limit: Double, in builder: GraphBuilder
  ) throws(QuernError) -> [Tensor] {
    var sum = builder.constant(0)
    for gradient in gradients { sum = try sum + (gradient * gradient).sum() }
    // Keeps a gradient that is zero throughout from 0/0.
    let norm = try sum.squareRoot() + 1e-12
    let scale = try builder.constant(limit).apply(.divide, norm).minimum(builder.constant(1))
    var result: [Tensor] = []
    for gradient in gradients { result.append(try gradient * scale) }
    return result
  }

  /// Sets the optimiser's state to zero, as before the first step.
  public func clearOptimizer(_ executable: any Executable) throws {
    for signature in optimizerTensors { try executable.clear(signature.name) }
  }

  /// Writes the scalars that change from step to step.
  ///
  /// - Parameter step: counted from 1.
  func writeHyperparameters(
    learningRate: Double, step: Int, to executable: any Executable
  ) throws {
    let values = optimizer.values(learningRate: learningRate, step: step)
    for (name, value) in zip(optimizer.hyperparameters, values) {
      try executable.writeScalar(name, Float(value))
    }
  }
}

/// One batch through the network in inference mode. Its outputs are ``StepOutput/logits``,
/// ``StepOutput/loss`` and, where the loss counts correct answers, ``StepOutput/correct``.
public struct EvaluationStep: Sendable {
  public let graph: Graph
  public let batchSize: Int
  public let targetName: String
  /// The shape of one example's input.
  public let inputShape: Shape
  /// The shape of one example's output.
  public let outputShape: Shape
  let weights: [TensorSignature]

  /// - Throws: `QuernError` where the network is unsound, or does not go with the loss.
  public init(
    _ network: Network, loss: any Loss = SoftmaxCrossEntropy(), batchSize: Int
  ) throws(QuernError) {
    let builder = GraphBuilder()
    let built = try network.build(batch: batchSize, mode: .inference, in: builder)
    let objective = try built.objective(loss)
    try builder.output(StepOutput.logits, built.output)
    try builder.output(StepOutput.loss, objective.dataLoss)
    if let correct = objective.correct { try builder.output(StepOutput.correct, correct) }
    graph = builder.graph
    self.batchSize = batchSize
    targetName = loss.targetName
    inputShape = Shape(Array(built.input.shape.extents.dropFirst()))
    outputShape = Shape(Array(built.output.shape.extents.dropFirst()))
    weights = built.weightSignatures
  }
}

extension BuiltNetwork {
  /// All tensors that the network keeps: parameters, then state.
  var weightSignatures: [TensorSignature] {
    parameters.map { TensorSignature(name: $0.name, type: TensorType(.float32, $0.shape)) }
      + state.map { TensorSignature(name: $0.name, type: $0.type) }
  }
}
