import ArgumentParser
import Quern

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Tabulate a model's layers: shapes, parameters, multiply-adds, receptive fields.",
    discussion: "Shapes, multiply-adds and fields are those of one example, forward.")

  @OptionGroup var model: ModelArguments

  @Option(parsing: .unconditional, help: "Examples a training step, for the size of the arena.")
  var batch = 128

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    guard batch > 0 else { throw Failure("--batch is \(batch); give at least 1") }
    let network = try model.network()
    var summary = try network.summary()
    let step = try TrainingStep(network, batchSize: batch)
    summary.arenaBytes = try CompilerViews.arenaBytes(step.graph)
    if json { return try JSONOutput.print(summary) }
    print(summary)
  }
}
