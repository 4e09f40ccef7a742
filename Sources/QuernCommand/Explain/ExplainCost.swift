import ArgumentParser
import Quern
import QuernDrawing
import QuernExplain

struct ExplainCost: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cost",
    abstract: "Count paths against backpropagation's operations, over depth.",
    discussion: """
      For a fully connected network of scalars with as many inputs as neurons a layer and one \
      output, all derivatives by weights are counted on its graph:

        paths            from one weight, and from all, to the output
        along paths      multiplications and additions, if every path is a product of its own; the \
      partials are taken as known
        forward, backprop  nodes of the network's graph, and those its gradient adds to it, after \
      simplification; here the partials are counted too

        quern explain cost --depth 10 --width 4
        quern explain cost --depth 64 --width 8 --svg cost.svg
      """)

  @Option(parsing: .unconditional, help: "The largest number of layers of neurons.")
  var depth = 10

  @Option(parsing: .unconditional, help: "Neurons a layer, and inputs.")
  var width = 4

  @Option(help: "f: sigmoid, tanh, relu or linear.")
  var activation: ScalarActivation = .sigmoid

  @Option(help: "Plot operations over depth as SVG.")
  var svg: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    if let svg { try Files.checkWritable(svg) }
    // The largest first: it says whether all can be counted.
    let largest = try BackpropCost(depth: depth, width: width, activation: activation)
    let rows =
      try Self.depths(depth).dropLast().map {
        try BackpropCost(depth: $0, width: width, activation: activation)
      } + [largest]
    if let svg { try Self.plot(rows).write(to: svg) }
    if json { return try JSONOutput.print(rows) }
    var table = TextTable([
      ("depth", .right), ("weights", .right), ("paths of w₁₁", .right), ("of all weights", .right),
      ("along paths", .right), ("forward", .right), ("backprop", .right),
      ("backprop / forward", .right),
    ])
    for row in rows {
      table.add([
        "\(row.depth)", Numbers.grouped(row.weights), row.pathsOfOneWeight.description,
        row.paths.description, row.pathOperations.description,
        Numbers.grouped(row.forwardOperations), Numbers.grouped(row.backpropOperations),
        Numbers.fixed(Double(row.backpropOperations) / Double(row.forwardOperations), 2),
      ])
    }
    table.print()
    print(Self.verdict(rows))
  }

  /// Up to 16 depths, evenly spaced, the largest among them.
  private static func depths(_ largest: Int) -> [Int] {
    let count = min(largest, 16)
    return (1...max(count, 1)).map { Int((Double($0) * Double(largest) / Double(count)).rounded()) }
  }

  private static func verdict(_ rows: [BackpropCost]) -> String {
    guard rows.count > 1 else {
      return "each partial is computed once; give more --depth to see it"
    }
    let (before, last) = (rows[rows.count - 2], rows[rows.count - 1])
    let steps = Double(last.depth - before.depth)
    let added = Double(last.backpropOperations - before.backpropOperations) / steps
    return "each further layer multiplies the paths of w₁₁ by \(last.width), and adds "
      + "\(Numbers.fixed(added, 0)) operations to backpropagation, which computes each partial once"
  }

  private static func plot(_ rows: [BackpropCost]) -> Drawing {
    var plot = Plot(
      "All derivatives by weights", subtitle: "width \(rows[0].width); counted on graphs",
      x: PlotAxis("depth", isIntegral: true), y: PlotAxis("operations", .logarithmic))
    func line(_ name: String, _ color: Color, _ value: (BackpropCost) -> Double) {
      plot.add(
        LineMark(
          rows.map { Point(Double($0.depth), value($0)) }, name: name, color: color,
          symbol: .circle))
    }
    line("along every path", .vermilion) { max($0.pathOperations.approximate, 1) }
    line("backpropagation", .blue) { Double(max($0.backpropOperations, 1)) }
    line("forward pass", .gray) { Double($0.forwardOperations) }
    return plot.drawing()
  }
}
