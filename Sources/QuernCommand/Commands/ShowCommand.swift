import ArgumentParser
import Quern

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print what a stage of the compiler made of a model.",
    discussion: """
      graph     the forward pass and the loss, op by op
      gradient  the backward pass that is derived from it
      kernels   the loop nests, with the ops each fuses
      plan      the arena: offsets and lifetimes
      c         the generated C, as 'cc -c' accepts it
      dot       the graph of 'graph' in Graphviz's language

      Nothing is run: --target may be one whose instructions this processor does not have.
      """)

  enum Stage: String, CaseIterable, ExpressibleByArgument {
    case graph, gradient, kernels, plan, c, dot
  }

  @Argument(help: "graph, gradient, kernels, plan, c or dot.")
  var stage: Stage

  @OptionGroup var model: ModelArguments

  @Flag(help: "The graph for inference instead of the training step.")
  var inference = false

  @Option(parsing: .unconditional, help: "Examples a step.")
  var batch = 128

  @Option(help: "What updates the parameters: sgd, momentum, nesterov, adam or adamw.")
  var optimizer: OptimizerName = .sgd

  @OptionGroup var execution: ExecutionArguments

  func run() throws {
    guard batch > 0 else { throw Failure("--batch is \(batch); give at least 1") }
    let network = try model.network()
    switch stage {
    case .graph: print(try forward(network))
    case .dot: print(try forward(network).dot)
    case .gradient:
      guard !inference else { throw Failure("show gradient: there is none with --inference") }
      printGradient(try GradientStep(network, batchSize: batch))
    case .kernels, .plan, .c:
      let graph =
        inference
        ? try EvaluationStep(network, batchSize: batch).graph
        : try TrainingStep(
          network, optimizer: optimizer.make(momentum: nil, weightDecay: nil), batchSize: batch
        ).graph
      print(try CompilerViews.text(stage, of: graph, execution.printingOptions()))
    }
  }

  private func forward(_ network: Network) throws -> Graph {
    if inference { return try EvaluationStep(network, batchSize: batch).graph }
    return try GradientStep(network, batchSize: batch).forward
  }

  private func printGradient(_ step: GradientStep) {
    let lines = step.graph.description.split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines[step.forwardNodeCount...] { print(line) }
  }
}
