import ArgumentParser
import Quern
import QuernExplain

struct ExplainConvolution: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convolution",
    abstract: "Compute the lecture's worked convolutions; show its formulas and their C.",
    discussion: """
      A filter on a part of a picture gives the larger a value the more of its pattern is there. \
      The values come from a compiled kernel. Then the lecture's three formulas (one channel, C \
      channels, T filters), each with the C that Quern makes of it.

        quern explain convolution
        quern explain convolution --picture 5,1/0,4 --filter 0,1/1,0
        quern explain convolution --radius 2 --channels 3 --filters 8 --size 28 --c
      """)

  @Option(help: "A picture of the filter's size instead of the lecture's: rows such as 1,2/3,0.")
  var picture: [String] = []

  @Option(help: "A filter instead of the lecture's: rows such as 1,0/0,1.")
  var filter: String?

  @Option(parsing: .unconditional, help: "For the formulas: height and width of the picture.")
  var size = 28

  @Option(
    parsing: .unconditional, help: "For the formulas: d; filters have 2d + 1 rows and columns.")
  var radius = 1

  @Option(parsing: .unconditional, help: "For the formulas: C.")
  var channels = 3

  @Option(parsing: .unconditional, help: "For the formulas: T.")
  var filters = 32

  @Flag(help: "Print the C in full, not its loops alone.")
  var c = false

  @OptionGroup var execution: ExecutionArguments

  @Flag(help: "Print JSON: the examples alone.")
  var json = false

  func run() throws {
    let options = try execution.options()
    let taps = try filter.map { try Self.rows($0, "--filter") } ?? ConvolutionExample.lectureFilter
    let pictures =
      picture.isEmpty
      ? ConvolutionExample.lecturePictures : try picture.map { try Self.rows($0, "--picture") }
    let examples = try ConvolutionExample.examples(pictures, filter: taps, options)
    if json { return try JSONOutput.print(examples) }
    // Refused before anything is printed.
    let formulas = try ConvolutionFormula.lecture(
      size: size, radius: radius, channels: channels, filters: filters)
    let sources = try formulas.map { try GeneratedKernel($0.graph, options) }
    for example in examples {
      for line in Self.lines(example) { print(line) }
      print()
    }
    print("The more of the filter's pattern there is, the larger the value.")
    for (formula, source) in zip(formulas, sources) {
      print("\n\(formula.title):  \(formula.formula)\n")
      for line in c ? source.lines : source.outline { print(line.isEmpty ? "" : "  " + line) }
    }
    if !c { print("\n'--c' prints the statements too; 'quern show c MODEL' a whole network's C.") }
  }

  private static func rows(_ text: String, _ option: String) throws -> [[Float]] {
    try text.split(separator: "/", omittingEmptySubsequences: false).map { row in
      try row.split(separator: ",", omittingEmptySubsequences: false).map { word in
        guard let value = Float(word.filter { $0 != " " }), value.isFinite else {
          throw Failure("\(option): \"\(word)\" is no number; write rows such as 1,0/0,1")
        }
        return value
      }
    }
  }

  /// Picture, star, filter, value, as the slide sets them; then the sum that it is.
  private static func lines(_ example: ConvolutionExample) -> [String] {
    let left = boxed(example.picture)
    let right = boxed(example.filter)
    let middle = left.count / 2
    let sum = zip(example.picture, example.filter).flatMap { zip($0, $1) }
      .map { "\(text($0))·\(text($1))" }.joined(separator: " + ")
    return left.indices.map { row in
      let star = row == middle ? " * " : "   "
      let result = row == middle ? " = \(text(example.value))    \(sum)" : ""
      return left[row] + star + right[row] + result
    }
  }

  private static func boxed(_ rows: [[Float]]) -> [String] {
    let width = rows.joined().map { text($0).count }.max() ?? 1
    func line(_ start: String, _ between: String, _ end: String) -> String {
      start
        + rows[0].map { _ in String(repeating: "─", count: width + 2) }.joined(separator: between)
        + end
    }
    let cells = rows.map { row in
      "│"
        + row.map { value in
          let text = text(value)
          return " " + String(repeating: " ", count: width - text.count) + text + " "
        }.joined(separator: "│") + "│"
    }
    return [line("┌", "┬", "┐")]
      + cells.enumerated().flatMap { $0 == 0 ? [$1] : [line("├", "┼", "┤"), $1] }
      + [line("└", "┴", "┘")]
  }

  private static func text(_ value: Float) -> String {
    Int(exactly: value).map(String.init) ?? "\(value)"
  }
}

/// The C of the kernels of one graph.
struct GeneratedKernel {
  /// Everything from the first function of a kernel on, and before the step that calls them.
  let lines: [String]
  /// The functions that loop over tiles, each with the formula before it, and the loops of the tiles,
  /// with `…` for their statements.
  let outline: [String]

  init(_ graph: Graph, _ options: ExecutionOptions) throws {
    // The definition's sums; a fast convolution's C shows other formulas.
    let (program, code) = try CompiledGraph.plan(
      graph, CompileOptions(target: options.target, threads: 1, convolution: .direct))
    let names = Set(program.kernels.map(\.name))
    let source = code.source.split(separator: "\n", omittingEmptySubsequences: false).map(
      String.init)
    var functions: [[String]] = []
    var current: [String] = []
    // A function begins after an empty line, with its comment, and ends with a brace at the margin.
    for line in source {
      if line.isEmpty { current = [] } else { current.append(line) }
      if line == "}" {
        functions.append(current)
        current = []
      }
    }
    func isKernel(_ function: [String]) -> Bool {
      function.contains { line in names.contains { line.hasPrefix("void \($0)(") } }
    }
    func isTile(_ function: [String]) -> Bool {
      function.contains { line in
        line.hasPrefix("static QUERN_KERNEL") && names.contains { line.contains(" \($0)_") }
      }
    }
    let tiles = functions.filter(isTile)
    let kernels = functions.filter(isKernel)
    lines = Array((tiles + kernels).joined(separator: [""]))
    outline = Array((tiles.map(Self.loops) + kernels).joined(separator: [""]))
  }

  /// A function without the statements in its loops.
  private static func loops(_ function: [String]) -> [String] {
    var result: [String] = []
    var isHead = true
    // The preprocessor's lines stand at the margin; they choose how a statement is written.
    for line in function where !line.hasPrefix("#") {
      let text = line.drop { $0 == " " }
      if isHead || text.hasPrefix("for (") || text == "}" {
        result.append(line)
        if text.hasSuffix("{") { isHead = false }
      } else if result.last?.hasSuffix("…") != true {
        result.append(String(repeating: " ", count: line.count - text.count) + "…")
      }
    }
    return result
  }
}
