import QuernErrors
import QuernGradient
import QuernGraph
import QuernLayers

/// One batch forward and backward without an update: outputs ``StepOutput/loss`` and, for each
/// parameter, its gradient as `gradient/NAME`. What checks against other systems run.
public struct GradientStep: Sendable {
  /// Forward, loss and gradients; no updates of parameters.
  public let graph: Graph
  /// N, examples a step.
  public let batchSize: Int
  /// The name of the target's input: `labels`.
  public let targetName: String
  /// Parameters in the order of the layers.
  public let parameters: [ParameterInfo]
  /// Nodes of ``graph`` that belong to the forward pass; the gradient's come after them.
  public let forwardNodeCount: Int

  /// The name of the output with the gradient by a parameter.
  public static func output(of parameter: String) -> String { "gradient/" + parameter }

  /// - Throws: `QuernError` where the network is unsound, or does not go with the loss.
  public init(
    _ network: Network, loss: any Loss = SoftmaxCrossEntropy(),
    regularisation: Regularisation = .none, batchSize: Int
  ) throws(QuernError) {
    let builder = GraphBuilder()
    let built = try network.build(batch: batchSize, mode: .training, in: builder)
    let objective = try built.objective(loss, regularisation: regularisation)
    try builder.output(StepOutput.loss, objective.loss)
    forwardNodeCount = builder.graph.nodes.count
    let gradients = try gradient(
      of: objective.loss, withRespectTo: built.parameters.map { built.tensor(of: $0) })
    for (parameter, gradient) in zip(built.parameters, gradients) {
      try builder.output(Self.output(of: parameter.name), gradient)
    }
    graph = builder.graph
    self.batchSize = batchSize
    targetName = loss.targetName
    parameters = built.parameters
  }

  /// The forward pass and the loss alone; nodes keep their numbers.
  public var forward: Graph {
    var result = graph
    result.nodes.removeSubrange(forwardNodeCount...)
    result.outputs.removeAll { $0.name != StepOutput.loss }
    result.updates.removeAll { $0.value.index >= forwardNodeCount }
    return result
  }
}
