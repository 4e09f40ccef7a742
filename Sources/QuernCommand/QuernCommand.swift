import ArgumentParser
import Quern

/// `quern`: every stage of the way from a network to its kernels, as a command.
@main
struct QuernCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quern",
    abstract: "Neural networks as native kernels: describe, compile, train, measure, check.",
    discussion: """
      A network is kept as a static graph; its gradient is derived symbolically; both become fused \
      C loops that TinyCC compiles in memory, in milliseconds.

      Start with 'quern demo', then 'quern train lenet --data fashion-mnist'.
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Train and use",
        subcommands: [
          DemoCommand.self, ModelsCommand.self, SummaryCommand.self, TrainCommand.self,
          PredictCommand.self,
        ]),
      CommandGroup(
        name: "Look and learn",
        subcommands: [
          ExplainCommand.self, DescendCommand.self, FilterCommand.self, LookCommand.self,
          DeformCommand.self,
        ]),
      CommandGroup(
        name: "See and measure the compiler",
        subcommands: [
          ShowCommand.self, BenchCommand.self, ProfileCommand.self, GradientCommand.self,
          CheckCommand.self,
        ]),
    ])

  static func main() {
    Terminal.checkOutputAtExit()
    var command: any ParsableCommand
    do { command = try parseAsRoot() } catch { exit(withError: error) }
    do { try command.run() } catch {
      // Help and plain exit codes are the parser's; all else is one line.
      if error is ExitCode || exitCode(for: error) != .failure { exit(withError: error) }
      let message = String(describing: error).split(separator: "\n").joined(separator: " ")
      Terminal.complain("quern: " + message)
      exit(withError: ExitCode.failure)
    }
  }
}

/// A failure of the command itself: one line on standard error.
///
/// No `QuernError`: these lines are about options and files, in words of their own, and no program
/// takes them apart.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
