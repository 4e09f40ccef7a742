import ArgumentParser
import Quern
import QuernExplain

struct ExplainReceptiveField: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receptive-field",
    abstract: "Show what outputs see of the picture: composed from index maps, and measured.",
    discussion: """
      Composed: the index maps of the ops between an output and the picture, for any strides, \
      dilation, pooling and branches. Measured: the pixels by which the output has a gradient that \
      is not zero, computed by compiled kernels. So that nothing cancels and no ReLU is off, \
      weights and pixels are positive random numbers; since max-pooling passes one position on, \
      pixels are united over several draws, in half of which a few pixels outweigh all others.

        quern explain receptive-field                        the lecture's stacks, and how deep \
      a network has to be for a picture of --size
        quern explain receptive-field resnet8 --svg field.svg
        quern explain receptive-field lenet --layer conv2 --at 0,0
        quern explain receptive-field --stack conv3,conv3/2,pool2,2*conv3:2 --size 64

      A stack's items: conv3 (3×3), conv3/2 (stride 2), conv3:2 (dilation 2), pool2 and avg2 \
      (windows of 2×2), 3*conv3 (three of them).
      """)

  @Argument(help: "A built-in model; 'quern models' lists them.")
  var model: String?

  @Option(help: "Convolutions and poolings instead of a model.")
  var stack: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Height and width of the picture: for a stack, or to be seen as a whole.",
      discussion: "(default: 28 for a stack, else 512)"))
  var size: Int?

  @Option(help: "The layer whose output looks. (default: the last that makes pictures)")
  var layer: String?

  @Option(help: "Row and column of the output, such as 0,0. (default: the middle)")
  var at: String?

  @Option(parsing: .unconditional, help: "Decides weights and pixels.")
  var seed: UInt64 = 1

  @Option(help: "Draw what the output sees as SVG.")
  var svg: String?

  @OptionGroup var execution: ExecutionArguments

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    struct Layer: Encodable {
      var name: String
      var kind: String
      var outputShape: [Int]
      /// Along height and width.
      var receptiveField: [ReceptiveField]
    }
    var network: String
    var inputShape: [Int]
    var layers: [Layer]
    var field: MeasuredField
    var agrees: Bool
    var warnings: [String]
  }

  func run() throws {
    if let svg { try Files.checkWritable(svg) }
    if let size, !(1...4096 ~= size) {
      throw Failure("--size is \(size); give a number from 1 to 4096")
    }
    guard let network = try network() else { return try explainDepth() }
    let position = try position()
    let summary = try network.summary()
    let field = try MeasuredField(
      network, layer: layer, position: position, seed: seed, execution.options())
    if let svg { try FieldDrawing.drawing(field, network: network.name).write(to: svg) }
    if json {
      try JSONOutput.print(
        Report(
          network: network.name, inputShape: summary.inputShape,
          layers: summary.layers.compactMap { row in
            row.receptiveField.map {
              .init(
                name: row.name, kind: row.kind, outputShape: row.outputShape, receptiveField: $0)
            }
          }, field: field, agrees: field.agrees, warnings: summary.warnings))
    } else {
      Self.table(summary).print()
      print()
      for line in FieldDrawing.lines(field, width: min(Terminal.width, 120)) { print(line) }
      for warning in summary.warnings { print("warning: \(warning)") }
    }
    guard field.agrees else {
      let isInside =
        Set(field.measuredRows).isSubset(of: field.composedRows)
        && Set(field.measuredColumns).isSubset(of: field.composedColumns)
      throw Failure(
        "\(field.layer): index maps and gradients do not agree; "
          + (isInside
            ? "the gradient of some pixels is smaller than single precision holds, or no draw's "
              + "max-pooling passed them on: name a layer that is less deep"
            : "report this as a defect"))
    }
  }

  /// Height and width of a picture that can be measured in a few hundred megabytes.
  private static let largestPicture = 1024

  private func network() throws -> Network? {
    switch (model, stack) {
    case (nil, nil):
      guard layer == nil, at == nil, svg == nil else {
        throw Failure("--layer, --at and --svg need a network; name a model or give --stack")
      }
      return nil
    case (let model?, nil):
      guard size == nil else {
        throw Failure("--size is that of a stack's picture; \(model) has its own")
      }
      return try BuiltInModel(named: model).network()
    case (nil, let stack?):
      guard size ?? 28 <= Self.largestPicture else {
        throw Failure(
          "--size is \(size ?? 28); a stack is measured on pictures of at most "
            + "\(Self.largestPicture)")
      }
      return try LayerStack(parsing: stack).network(size: size ?? 28)
    case (let model?, _?):
      throw Failure("a model (\(model)) and --stack are given; give one of them")
    }
  }

  private func position() throws -> (y: Int, x: Int)? {
    guard let at else { return nil }
    let numbers = at.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let y = numbers[0], let x = numbers[1] else {
      throw Failure("--at is \"\(at)\"; give a row and a column, such as 3,3")
    }
    return (y, x)
  }

  private static func table(_ summary: NetworkSummary) -> TextTable {
    func product(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: "×") }
    var table = TextTable([
      ("layer", .left), ("kind", .left), ("output", .left), ("sees", .right),
      ("moves by", .right), ("of the picture", .right),
    ])
    table.add(["input", "", product(summary.inputShape), "", "", ""])
    for row in summary.layers {
      guard let field = row.receptiveField else { continue }
      let share = zip(field, summary.inputShape).map { min(Double($0.size) / Double($1), 1) }
      table.add([
        row.name, row.kind, product(row.outputShape), product(field.map(\.size)),
        product(field.map(\.jump)), Numbers.percent(share.reduce(1, *), 0),
      ])
    }
    return table
  }

  // MARK: How deep

  private struct Depth: Encodable {
    var layers: String
    /// Sizes of the field, layer by layer.
    var sizes: [Int]
    var count: Int
  }

  /// The lecture's stacks, and how many layers see a whole picture.
  private func explainDepth() throws {
    let size = size ?? 512
    typealias Item = LayerStack.Item
    let patterns: [(name: String, item: (Int) -> Item)] = [
      ("3×3", { _ in Item(.conv, 3) }),
      ("5×5", { _ in Item(.conv, 5) }),
      ("3×3, stride 2", { _ in Item(.conv, 3, stride: 2) }),
      ("3×3 twice, then 2×2 pooling", { $0 % 3 == 2 ? Item(.pool, 2) : Item(.conv, 3) }),
      // Beyond 2¹⁰ the last dilation stays: it sees more than any picture.
      ("3×3, dilations 1, 2, 4, …", { Item(.conv, 3, dilation: 1 << min($0, 10)) }),
    ]
    let rows = try patterns.map { pattern in
      let growth = try FieldGrowth(toSee: size, pattern.item)
      return Depth(
        layers: pattern.name, sizes: growth.fields.map(\.size), count: growth.layers)
    }
    if json { return try JSONOutput.print(rows) }
    var table = TextTable([
      ("layers", .left), ("an output sees", .left), ("to see \(size)×\(size)", .right),
    ])
    for row in rows {
      let shown = row.sizes.prefix(6).map(String.init).joined(separator: " → ")
      let rest = row.sizes.count > 6 ? " → … → \(row.sizes[row.sizes.count - 1])" : ""
      table.add([row.layers, shown + rest, "\(row.count) layers"])
    }
    table.print()
  }
}
