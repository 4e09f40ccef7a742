import QuernErrors
import QuernGraph
import QuernLayers

/// One batch through the network and nothing else: the output ``StepOutput/logits``.
public struct InferenceStep: Sendable {
  public let graph: Graph
  public let batchSize: Int

  /// - Throws: `QuernError` where the network is unsound.
  public init(_ network: Network, batchSize: Int) throws(QuernError) {
    let builder = GraphBuilder()
    let built = try network.build(batch: batchSize, mode: .inference, in: builder)
    try builder.output(StepOutput.logits, built.output)
    graph = builder.graph
    self.batchSize = batchSize
  }
}
