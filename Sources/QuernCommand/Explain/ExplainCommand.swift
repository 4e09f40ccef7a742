import ArgumentParser
import Quern
import QuernDrawing
import QuernExplain

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Show how backpropagation and convolution work, on graphs and kernels.",
    discussion: """
      Formulas, counts and numbers are found in graphs that Quern builds, or computed by kernels \
      that it compiles; none are written by hand.

      Start with 'quern explain backprop', then 'quern explain convolution'.
      """,
    subcommands: [
      ExplainBackprop.self, ExplainCost.self, ExplainConvolution.self, ExplainParameters.self,
      ExplainReceptiveField.self,
    ])
}

extension ScalarActivation: ExpressibleByArgument {}

extension Drawing {
  /// Writes the drawing as an SVG file, whole or not at all.
  func write(to path: String) throws {
    try atomicWrite(Array(svg.utf8), to: path)
    Terminal.complain("\(path): \(Int(width))×\(Int(height)) SVG")
  }
}
