import ArgumentParser
import Quern

extension WeightPictures.Scale: ExpressibleByArgument {}

struct LookFiltersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "filters",
    abstract: "Draw a layer's weights as pictures: what each neuron or filter looks for.",
    discussion: """
      A neuron of a fully connected layer on 28×28 pictures has 28×28 weights: they are drawn as a \
      picture, as are the filters of a convolution. Red is positive, blue negative, white zero. \
      Weights of three channels are drawn as one picture, red, green and blue around grey; of other \
      numbers of channels, a picture a channel.

      Examples:
        quern look filters lenet --weights lenet.safetensors -o filters.png
        quern look filters fc --weights fc.safetensors --count 100 --strongest -o neurons.png
        quern look filters fc --random
      """)

  @OptionGroup var model: ModelArguments

  @Option(help: "A checkpoint, or any safetensors file with the model's weights.")
  var weights: String?

  @Flag(help: "Draw the random weights that training starts from.")
  var random = false

  @Option(parsing: .unconditional, help: "Which random weights.")
  var seed: UInt64 = 1

  @Option(help: "The layer. (default: the first with weights)")
  var layer: String?

  @Option(name: [.customShort("o"), .long], help: "The PNG file to write.")
  var output: String?

  @Option(parsing: .unconditional, help: "How many neurons or filters.")
  var count = 64

  @Flag(help: "Those with the largest weights, ‖w‖, first. (default: in their order)")
  var strongest = false

  @Option(
    help: "Full colour is each one's largest weight (each), or the largest of all (common).")
  var scale: WeightPictures.Scale = .each

  @Option(
    parsing: .unconditional,
    help: "Pixels for the side of a weight. (default: as many as make pictures of about 64)")
  var magnification: Int?

  @Option(
    parsing: .unconditional, help: "Pictures in a row. (default: a sheet that is about square)")
  var columns: Int?

  @Flag(help: "Print JSON.")
  var json = false

  private struct Row: Encodable {
    var number: Int
    var norm: Double
    var least: Float
    var largest: Float
    var mean: Float
  }

  private struct Report: Encodable {
    var model: String
    var layer: String
    var kind: String
    /// Rows, columns, channels, neurons or filters.
    var shape: [Int]
    var weights: String?
    var filters: [Row]
    var output: String?
  }

  func validate() throws {
    guard (weights != nil) != random else {
      throw ValidationError(
        random
          ? "Give either --weights or --random."
          : "Give trained weights with --weights FILE, or --random for those training starts from.")
    }
  }

  func run() throws {
    guard count >= 1 else { throw Failure("--count is \(count); give at least 1") }
    for (name, value) in [("--magnification", magnification), ("--columns", columns)] {
      if let value, value < 1 { throw Failure("\(name) is \(value); give at least 1") }
    }
    if let output { try Files.checkWritable(output) }
    try Files.checkDistinct([("--weights", weights), ("--output", output)])
    let network = try model.network()
    let found = try WeightLayer.find(
      layer, in: network.build(batch: 1, mode: .inference, in: GraphBuilder()))
    let values = try LoadedWeights.load(weights, for: network, seed: seed)
      .values(found.parameter.name)
    let pictures = try WeightPictures(values, shape: found.shape)
    let numbers = chosen(pictures)

    if let output {
      let sheet = try Montage(
        columns: columns,
        magnification: magnification
          ?? Montage.magnification(height: pictures.height, width: pictures.width),
        gap: 4
      ).sheet(pictures.pictures(numbers, scale: scale))
      try sheet.writePNG(to: output)
    }
    let report = Report(
      model: model.model, layer: found.parameter.layer, kind: found.kind, shape: found.shape,
      weights: weights, filters: numbers.map { Self.row($0, pictures) }, output: output)
    if json { return try JSONOutput.print(report) }
    try print(report, of: pictures, numbers)
  }

  private func chosen(_ pictures: WeightPictures) -> [Int] {
    var numbers = Array(0..<pictures.count)
    if strongest {
      let norms = numbers.map(pictures.norm)
      numbers.sort { (-norms[$0], $0) < (-norms[$1], $1) }
    }
    return Array(numbers.prefix(count))
  }

  private static func row(_ number: Int, _ pictures: WeightPictures) -> Row {
    let weights = pictures.weights(number)
    return Row(
      number: number, norm: pictures.norm(number), least: weights.min() ?? 0,
      largest: weights.max() ?? 0, mean: weights.reduce(0, +) / Float(weights.count))
  }

  private func print(_ report: Report, of pictures: WeightPictures, _ numbers: [Int]) throws {
    let each = report.shape.prefix(3).map(String.init).joined(separator: "×")
    let what = report.shape[3] == 1 ? "one" : Numbers.grouped(report.shape[3])
    let kind = report.kind == "Dense" ? "neurons" : "filters"
    Swift.print(
      "\(report.model), \(report.layer) (\(report.kind)): \(what) \(kind) of \(each) weights; "
        + (report.weights.map { "weights of \($0)" } ?? "random weights, seed \(seed)"))
    if numbers.count < pictures.count {
      Swift.print(
        "\(numbers.count) of them; --count \(pictures.count) shows all"
          + (strongest ? "" : ", --strongest begins with the largest weights"))
    }
    Swift.print("")
    if Terminal.isInteractive {
      try draw(pictures, numbers)
    } else {
      var table = TextTable([
        ("number", .right), ("‖w‖", .right), ("least", .right), ("largest", .right),
        ("mean", .right),
      ])
      for row in report.filters {
        table.add(
          ["\(row.number)", Numbers.fixed(row.norm, 4)]
            + [row.least, row.largest, row.mean].map { Numbers.fixed(Double($0), 4) })
      }
      table.print()
    }
    if let output {
      Swift.print("\nwritten: \(output)")
    } else {
      Swift.print("\n-o FILE.png writes them as a picture.")
    }
  }

  /// As many as fit into the terminal's width and two dozen lines, at least one row.
  private func draw(_ pictures: WeightPictures, _ numbers: [Int]) throws {
    let perNumber = pictures.channels == 3 ? 1 : pictures.channels
    let columns = max((Terminal.width - 1) / (pictures.width + 1), 1)
    let rows = max(48 / (pictures.height + 1), 1)
    let shown = numbers.prefix(max(rows * columns / perNumber, 1))
    let sheet = try Montage(columns: columns, gap: 1).sheet(
      pictures.pictures(Array(shown), scale: scale))
    for line in TerminalPicture.lines(sheet) { Swift.print(line) }
    let list = shown.map(String.init).joined(separator: ", ")
    Swift.print("drawn, row by row: \(list)")
  }
}
