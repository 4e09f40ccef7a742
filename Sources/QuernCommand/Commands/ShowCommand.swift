import ArgumentParser
import Quern

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print what a stage of the compiler made of a model.",
    discussion: """
      graph     the forward pass and the loss, op by op
      gradient  the backward pass that is derived from it
      passes    the compiler's passes: what each made, and how long it took
      kernels   the loop nests, with the ops each fuses
      plan      the arena: offsets and lifetimes
      schedule  how each loop nest is cut into tiles, blocks and work shares
      c         the generated C, as 'cc -c' accepts it
      dot       the graph of 'graph' in Graphviz's language

      'show graph MODEL --after PASS' prints the training step's graph (with --inference that of \
      inference), or what has become of it, after one of the passes; --changes prints what the pass \
      changed, or "unchanged".

      Nothing is run: --target may be one whose instructions this processor does not have.
      """)

  enum Stage: String, CaseIterable, ExpressibleByArgument {
    case graph, gradient, passes, kernels, plan, schedule, c, dot
  }

  @Argument(help: "graph, gradient, passes, kernels, plan, schedule, c or dot.")
  var stage: Stage

  @OptionGroup var model: ModelArguments

  @Flag(help: "The graph for inference instead of the training step.")
  var inference = false

  @Option(parsing: .unconditional, help: "Examples a step.")
  var batch = 128

  @Option(help: "What updates the parameters: sgd, momentum, nesterov, adam or adamw.")
  var optimizer: OptimizerName = .sgd

  @Option(help: "With graph: print what there is after this pass ('show passes' lists them).")
  var after: String?

  @Flag(help: "With --after: print what the pass changed.")
  var changes = false

  @Flag(help: "Verify what each pass makes.")
  var verify = false

  @OptionGroup var execution: ExecutionArguments

  func run() throws {
    guard batch > 0 else { throw Failure("--batch is \(batch); give at least 1") }
    guard after == nil || stage == .graph else {
      throw Failure("--after: it goes with 'show graph', not with 'show \(stage)'")
    }
    guard !changes || after != nil else { throw Failure("--changes: give --after PASS as well") }
    let network = try model.network()
    switch stage {
    case .graph:
      if let after {
        let views = try views(network)
        print(try changes ? views.changes(by: after) : views.form(after: after))
      } else {
        print(try forward(network))
      }
    case .dot: print(try forward(network).dot)
    case .gradient:
      guard !inference else { throw Failure("show gradient: there is none with --inference") }
      printGradient(try GradientStep(network, batchSize: batch))
    case .passes, .kernels, .plan, .schedule, .c: print(try views(network).text(stage))
    }
  }

  private func views(_ network: Network) throws -> CompilerViews {
    let graph =
      inference
      ? try EvaluationStep(network, batchSize: batch).graph
      : try TrainingStep(
        network, optimizer: optimizer.make(momentum: nil, weightDecay: nil), batchSize: batch
      ).graph
    return CompilerViews(
      graph: graph, options: try execution.printingOptions(), verifies: verify)
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
