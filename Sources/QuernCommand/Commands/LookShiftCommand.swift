import ArgumentParser
import Quern
import QuernDrawing

extension ShiftExperiment.Direction: ExpressibleByArgument {}

struct LookShiftCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shift",
    abstract: "Shift a picture: a fully connected neuron loses it, a convolution goes along.",
    discussion: """
      A picture is used as the weights of a fully connected neuron, and as the filter of a \
      convolution: both have the value 1 for the picture itself. Then the picture is moved. The \
      neuron has its weights in one place; the convolution tries every place, and the table shows \
      its largest value and where it lies.

      With a trained model, its first layer takes the place of the neuron or of the filter, and the \
      class that the network sees is shown as well.

      Examples:
        quern look shift
        quern look shift --data mnist --picture 3 --direction diagonal -o shift.png
        quern look shift lenet --weights lenet.safetensors --data mnist
      """)

  @Argument(help: "A built-in model whose first layer is to be looked at.")
  var model: String?

  @Option(help: "A checkpoint, or any safetensors file with the model's weights.")
  var weights: String?

  @OptionGroup var activation: ActivationArguments

  @OptionGroup var data: DataArguments

  @Option(parsing: .unconditional, help: "Which picture of the test set.")
  var picture = 0

  @Option(parsing: .unconditional, help: "The largest shift in pixels.")
  var reach = 6

  @Option(help: "Where to: horizontal, vertical or diagonal.")
  var direction: ShiftExperiment.Direction = .horizontal

  @Option(
    parsing: .unconditional,
    help: "The model's neuron or filter. (default: the one that responds most)")
  var unit: Int?

  @Option(
    name: [.customShort("o"), .long],
    help: "A PNG file to write: the shifted pictures, and the filter's responses below.")
  var output: String?

  @Option(help: "An SVG file to write: both responses over the shift.")
  var svg: String?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var execution: ExecutionArguments

  private struct Row: Encodable {
    var shift: Int
    var neuron: Float
    var filter: Float
    var row: Int
    var column: Int
    /// Against where it lies at no shift.
    var movedRows: Int
    var movedColumns: Int
    var predicted: Int?
    var probability: Double?
  }

  private struct Report: Encodable {
    var data: String
    var picture: Int
    var label: Int
    var frame: [Int]
    var direction: ShiftExperiment.Direction
    var neuron: String
    var filter: String
    var rows: [Row]
  }

  func validate() throws {
    guard (model == nil) == (weights == nil) else {
      throw ValidationError(
        model == nil
          ? "Name the model that the weights are of."
          : "Give the model's trained weights with --weights FILE, or leave the model out.")
    }
    guard unit == nil || model != nil else {
      throw ValidationError("--unit chooses among a model's neurons or filters: name a model.")
    }
  }

  func run() throws {
    guard 1...64 ~= reach else { throw Failure("--reach is \(reach); give 1 … 64") }
    for path in [output, svg] { if let path { try Files.checkWritable(path) } }
    try Files.checkDistinct([("--weights", weights), ("--output", output), ("--svg", svg)])
    let options = try execution.options()
    let builtIn = try model.map { try BuiltInModel(named: $0) }
    let network = try builtIn.map(activation.network)
    let recipe = Recipe(builtIn ?? .digitsConv)
    let weights = try network.map { try LoadedWeights.load(self.weights, for: $0) }
    let original = try data.source(recipe).testSet()

    let experiment = try experiment(original, network, recipe)
    var (neuron, filter) = try experiment.template(options)
    var predictions: [(label: Int, probability: Double)]?
    if let network, let weights {
      let trained = try experiment.trained(network, weights, unit: unit, options)
      if trained.isConvolution { filter = trained.response } else { neuron = trained.response }
      predictions = trained.predictions
    }
    if let output {
      let magnification = max(96 / max(experiment.height, experiment.width), 2)
      try experiment.sheet(
        filter, shown: Array(experiment.shifts.indices), magnification: magnification, gap: 2
      ).writePNG(to: output)
    }

    let start = filter.places[experiment.origin]
    let rows = experiment.shifts.enumerated().map { number, shift in
      let place = filter.places[number]
      return Row(
        shift: shift, neuron: neuron.values[number], filter: filter.values[number],
        row: place.row, column: place.column, movedRows: place.row - start.row,
        movedColumns: place.column - start.column, predicted: predictions?[number].label,
        probability: predictions?[number].probability)
    }
    let report = Report(
      data: "\(try data.source(recipe))", picture: picture, label: Int(original.labels[picture]),
      frame: [experiment.height, experiment.width], direction: direction, neuron: neuron.title,
      filter: filter.title, rows: rows)
    if let svg { try atomicWrite(Array(plot(report).drawing().svg.utf8), to: svg) }
    if json { return try JSONOutput.print(report) }
    print(report, names: original.classNames)
    if Terminal.isInteractive { try draw(experiment, filter) }
    let written = [output, svg].compactMap { $0 }
    if !written.isEmpty { Swift.print("\nwritten: \(written.joined(separator: ", "))") }
  }

  /// The picture in a frame: the model's input, or so large that nothing leaves it.
  private func experiment(
    _ original: Dataset, _ network: Network?, _ recipe: Recipe
  ) throws -> ShiftExperiment {
    guard (0..<original.count).contains(picture) else {
      throw Failure(
        "--picture \(picture): the test set has \(original.count); give 0 … \(original.count - 1)")
    }
    let one = try original.subset([picture])
    let framed: Dataset
    let extents: [Int]
    if let network {
      framed = try DataArguments.fit(one, to: network, recipe)
      extents = [framed.height, framed.width, framed.channels]
    } else {
      framed = try one.padded(
        toHeight: one.height + 2 * reach, width: one.width + 2 * reach)
      extents = [framed.height, framed.width, framed.channels]
    }
    guard extents[0] > 1 else {
      throw Failure("\(original.name): its pictures are \(extents[1]) values in a row, no pictures")
    }
    return ShiftExperiment(
      try framed.picture(0), height: extents[0], width: extents[1], channels: extents[2],
      background: network == nil ? 0 : recipe.pixels.lowerBound, reach: reach,
      direction: direction)
  }

  private func print(_ report: Report, names: [String]?) {
    let name = names.map { "\(report.label) \($0[report.label])" } ?? "\(report.label)"
    Swift.print(
      "picture \(report.picture) of the test set \(report.data), a \(name), in a frame of "
        + "\(report.frame[0])×\(report.frame[1])")
    Swift.print("neuron: \(report.neuron)")
    Swift.print("filter: \(report.filter)\n")
    let isTrained = report.rows.first?.predicted != nil
    var table = TextTable(
      [
        ("shift", .right), ("neuron", .right), ("filter", .right), ("at row", .right),
        ("column", .right), ("moved", .right),
      ] + (isTrained ? [("taken for", .right), ("", .right)] : []))
    for row in report.rows {
      let moved = direction == .horizontal ? [row.movedColumns] : [row.movedRows]
      let other = direction == .horizontal ? row.movedRows : row.movedColumns
      let expected = direction == .diagonal ? row.movedRows : 0
      let both = moved + (other == expected ? [] : [other])
      var cells = [
        Self.signed(row.shift), Numbers.fixed(Double(row.neuron), 3),
        Numbers.fixed(Double(row.filter), 3), "\(row.row)", "\(row.column)",
        both.map(Self.signed).joined(separator: ", "),
      ]
      if isTrained {
        cells += [
          row.predicted.map { names?[$0] ?? "\($0)" } ?? "",
          row.probability.map { Numbers.percent($0) } ?? "",
        ]
      }
      table.add(cells)
    }
    table.print()
    Swift.print("\n" + conclusion(report.rows))
  }

  /// Both responses, each as a share of what it is at no shift where that is above zero.
  private func plot(_ report: Report) -> Plot {
    let origin = report.rows[report.rows.count / 2]
    var plot = Plot(
      "A shifted picture: fully connected neuron and convolution",
      subtitle:
        "\(report.data), picture \(report.picture), class \(report.label); \(direction.rawValue)",
      x: PlotAxis("shift (pixels)", isIntegral: true),
      y: PlotAxis("response, relative to no shift", includesZero: true))
    func points(_ value: KeyPath<Row, Float>) -> [Point] {
      let whole = origin[keyPath: value] > 0 ? origin[keyPath: value] : 1
      return report.rows.map { Point(Double($0.shift), Double($0[keyPath: value] / whole)) }
    }
    plot.add(
      LineMark(
        points(\.filter), name: "convolution, largest value", color: .blue, symbol: .circle))
    plot.add(
      LineMark(
        points(\.neuron), name: "fully connected neuron", color: .vermilion, symbol: .square))
    return plot
  }

  private static func signed(_ value: Int) -> String {
    value == 0 ? "0" : (value < 0 ? "−" : "+") + "\(value.magnitude)"
  }

  /// What the numbers say, whatever they are.
  private func conclusion(_ rows: [Row]) -> String {
    let origin = rows[rows.count / 2]
    let faint = rows.filter { $0.neuron < origin.neuron / 2 }
      .min { $0.shift.magnitude < $1.shift.magnitude }
    let neuron =
      faint.map { "The neuron is below half at a shift of \(Self.signed($0.shift))" }
      ?? "The neuron stays above half"
    let (least, most) = rows.reduce((origin.filter, origin.filter)) {
      (min($0.0, $1.filter), max($0.1, $1.filter))
    }
    let step = direction.step
    let followed = rows.count {
      $0.movedRows == $0.shift * step.rows && $0.movedColumns == $0.shift * step.columns
    }
    let value =
      least == most
      ? "the filter's largest value does not change"
      : "the filter's largest value is \(Numbers.fixed(Double(least), 3)) … "
        + Numbers.fixed(Double(most), 3)
    return "\(neuron); \(value), and moves with the picture at \(followed) of \(rows.count) shifts."
  }

  /// As many shifts as fit into the terminal.
  private func draw(_ experiment: ShiftExperiment, _ filter: ShiftExperiment.Response) throws {
    let fitting = max((Terminal.width - 2) / (experiment.width + 1), 1)
    let step = max((experiment.shifts.count + fitting - 1) / fitting, 1)
    let reach = experiment.origin / step * step
    let shown = stride(
      from: experiment.origin - reach, through: experiment.origin + reach, by: step)
    let sheet = try experiment.sheet(
      filter, shown: Array(Array(shown).prefix(fitting)), magnification: 1, gap: 1)
    Swift.print("")
    for line in TerminalPicture.lines(sheet) { Swift.print(line) }
  }
}
