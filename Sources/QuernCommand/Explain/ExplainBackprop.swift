import ArgumentParser
import Quern
import QuernExplain

struct ExplainBackprop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backprop",
    abstract: "Derive the lecture's network by its weights: paths, formulas, dependence.",
    discussion: """
      The network is x₁, x₂ → z → h → a with the weights w, v and p; two neurons a layer:

        zⱼ = f(w₁ⱼx₁ + w₂ⱼx₂)   hⱼ = f(v₁ⱼz₁ + v₂ⱼz₂)   a = p₁₁h₁ + p₂₁h₂

      Derivatives are nodes of its gradient's graph, written out as formulas; paths are those of \
      the graph; numbers come from compiled kernels.

        quern explain backprop                          all of it
        quern explain backprop --by w11                 one derivative, and what it depends on
        quern explain backprop --by w11 --activation linear
        quern explain backprop --by z1 --at x1=1,w11=-0.5 --svg network.svg
      """)

  @Option(help: "The weight, neuron or input to derive by, such as w11, v21 or z1.")
  var by: String?

  @Option(help: "f: sigmoid, tanh, relu or linear.")
  var activation: ScalarActivation = .sigmoid

  @Option(
    help: "Values of inputs and weights, such as x1=1,w11=-0.5. (default: random ones)")
  var at: String?

  @Option(parsing: .unconditional, help: "Decides random values.")
  var seed: UInt64 = 1

  @Option(help: "Draw the network as SVG; with --by, its paths.")
  var svg: String?

  @OptionGroup var execution: ExecutionArguments

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    if let svg { try Files.checkWritable(svg) }
    let options = try execution.options()
    let network = try ScalarNetwork.lecture(activation: activation)
    let chosen = try by.map { try network.variable(named: $0) }
    let backprop = try Backprop(network)
    let report = try BackpropReport(
      backprop, point: point(network), chosen: chosen, seed: seed, options)
    if let svg {
      try NetworkDrawing.drawing(
        network, paths: chosen.map { backprop.paths(by: $0).map(\.variables) } ?? [],
        title: chosen.map { "\(backprop.symbol(by: $0)): its paths" } ?? "x → z → h → a"
      ).write(to: svg)
    }
    if json { return try JSONOutput.print(report) }
    for line in report.lines { print(line) }
  }

  /// Every input and weight: random tenths from −1 to 1, but 0, and what `--at` says. With ReLU they
  /// are positive, so that all neurons are on.
  private func point(_ network: ScalarNetwork) throws -> [String: Float] {
    var random = SeededGenerator(seed: seed)
    var point: [String: Float] = [:]
    for variable in network.variables where variable.kind != .neuron {
      let tenths = random.nextIndex(below: 10) + 1
      let isNegative = random.nextIndex(below: 2) == 1 && activation != .relu
      point[variable.name] = Float(isNegative ? -tenths : tenths) / 10
    }
    let names = network.variables.filter { point[$0.name] != nil }.map(\.name)
    for word in (at ?? "").split(separator: ",") {
      let parts = word.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let value = Float(parts[1]), value.isFinite else {
        throw Failure("--at: \"\(word)\" cannot be read; write x1=1,w11=-0.5")
      }
      let name = Symbols.typed(String(parts[0]))
      guard point[name] != nil else {
        throw Failure(
          "--at: there is no input or weight \(parts[0]); use one of "
            + names.joined(separator: ", "))
      }
      point[name] = value
    }
    return point
  }
}
