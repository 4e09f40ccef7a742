import ArgumentParser
import Quern
import QuernExplain

struct ExplainParameters: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parameters",
    abstract: "Count parameters: convolutions against fully connected layers.",
    discussion: """
      All counts are those of layers that were built. A convolution of T filters over C channels \
      with 2d + 1 rows and columns has (2d + 1)²·C·T weights; the lecture's slide prints \
      (2d + 1)·C·T, without the square.

        quern explain parameters                 the lecture's network, and convolutions
        quern explain parameters vgg             each convolution against a layer in its place
        quern explain parameters --radius 2 --channels 3 --filters 64
      """)

  @Argument(help: "A built-in model; 'quern models' lists them.")
  var model = BuiltInModel.fc.name

  @Option(parsing: .unconditional, help: "d; a convolution's filters have 2d + 1 rows and columns.")
  var radius: Int?

  @Option(parsing: .unconditional, help: "C.")
  var channels: Int?

  @Option(parsing: .unconditional, help: "T.")
  var filters: Int?

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    var convolutions: [ConvolutionParameters]
    var model: String
    var tensors: [NetworkSummary.Tensor]
    var parameters: Int
    var comparisons: [FullyConnectedComparison]
  }

  func run() throws {
    let network = try BuiltInModel(named: model).network()
    let summary = try network.summary()
    var convolutions: [ConvolutionParameters] = []
    if radius == nil, channels == nil, filters == nil {
      for (d, c, t) in [(1, 1, 32), (1, 3, 64), (2, 1, 32), (2, 32, 64), (3, 3, 64)] {
        convolutions.append(try ConvolutionParameters(radius: d, channels: c, filters: t))
      }
    } else {
      convolutions.append(
        try ConvolutionParameters(
          radius: radius ?? 1, channels: channels ?? 1, filters: filters ?? 32))
    }
    let pictures =
      try FullyConnectedComparison.comparisons(of: network)
      + (network.input == BuiltInModel.fc.network().input ? Self.samePicture() : [])
    if json {
      return try JSONOutput.print(
        Report(
          convolutions: convolutions, model: network.name, tensors: summary.tensors,
          parameters: summary.parameters, comparisons: pictures))
    }
    Self.printConvolutions(convolutions)
    print()
    Self.printTensors(summary)
    if !pictures.isEmpty {
      print()
      Self.printComparisons(pictures)
    }
  }

  /// Convolutions of the lecture's 28×28 pictures.
  private static func samePicture() throws -> [FullyConnectedComparison] {
    try FullyConnectedComparison.comparisons(
      of: Network("picture", input: .picture(height: 28, width: 28, channels: 1)) {
        Conv2D(1, kernel: 3, padding: .same).named("conv3x3")
        Conv2D(32, kernel: 5, padding: .same).named("conv5x5")
      })
  }

  private static func printConvolutions(_ rows: [ConvolutionParameters]) {
    var table = TextTable([
      ("d", .right), ("C", .right), ("T", .right), ("weights of the layer", .right),
      ("(2d + 1)²·C·T", .right), ("the slide's (2d + 1)·C·T", .right),
    ])
    for row in rows {
      table.add([
        "\(row.radius)", "\(row.channels)", "\(row.filters)", Numbers.grouped(row.counted),
        Numbers.grouped(row.formula),
        Numbers.grouped(row.slide) + (row.slide == row.counted ? "  " : " ✗"),
      ])
    }
    print("A convolution's weights do not depend on the picture's size:")
    table.print()
    print(
      "The slide leaves out the square: a filter has 2d + 1 rows and as many columns. "
        + "T biases come on top.")
  }

  private static func printTensors(_ summary: NetworkSummary) {
    print("\(summary.name): every parameter")
    var table = TextTable([
      ("parameter", .left), ("shape", .left), ("elements", .right), ("its layer's", .right),
      ("", .left),
    ])
    for (number, tensor) in summary.tensors.enumerated() {
      let layer = tensor.name.lastIndex(of: ".").map { tensor.name[..<$0] } ?? ""
      let isLast =
        number + 1 == summary.tensors.count
        || !summary.tensors[number + 1].name.hasPrefix(layer + ".")
      let row = summary.layers.first { $0.name == layer }
      var formula = ""
      if isLast, row?.kind == "Dense", let weight = summary.tensors[..<number].last {
        formula = "= (\(weight.shape[0]) + 1) · \(weight.shape[1])"
      }
      table.add([
        tensor.name, tensor.shape.map(String.init).joined(separator: "×"),
        Numbers.grouped(tensor.elements),
        isLast ? Numbers.grouped(row?.parameters ?? tensor.elements) : "", formula,
      ])
    }
    table.rule()
    table.add(["total", "", Numbers.grouped(summary.parameters), "", ""])
    table.print()
  }

  private static func printComparisons(_ rows: [FullyConnectedComparison]) {
    print("A convolution, and a fully connected layer with as many inputs and outputs:")
    var table = TextTable([
      ("layer", .left), ("input", .left), ("output", .left), ("convolution", .right),
      ("fully connected", .right), ("times", .right),
    ])
    for row in rows {
      table.add([
        row.layer, row.inputShape.map(String.init).joined(separator: "×"),
        row.outputShape.map(String.init).joined(separator: "×"), Numbers.grouped(row.convolution),
        Numbers.grouped(row.fullyConnected),
        Numbers.grouped(row.fullyConnected / max(row.convolution, 1)),
      ])
    }
    table.print()
  }
}
