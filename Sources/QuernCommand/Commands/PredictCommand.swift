import ArgumentParser
import Quern

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Classify a test set: accuracy, confusion matrix, the wrong pictures drawn.")

  @OptionGroup var model: ModelArguments

  @Option(help: "A checkpoint, or any safetensors file with the model's weights.")
  var weights: String

  @OptionGroup var data: DataArguments

  @Option(parsing: .unconditional, help: "How many wrongly classified pictures to draw.")
  var wrong = 4

  @Option(parsing: .unconditional, help: "Examples a step.")
  var batch = 128

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var execution: ExecutionArguments

  private struct Result: Encodable {
    var model: String
    var count: Int
    var loss: Double
    var accuracy: Double
    /// A row for each actual class, a column for each prediction.
    var confusion: [[Int]]
    var mistakes: [Mistake]

    struct Mistake: Encodable {
      var index: Int
      var label: Int
      var prediction: Int
      var probability: Float
    }
  }

  func run() throws {
    guard batch > 0 else { throw Failure("--batch is \(batch); give at least 1") }
    let network = try model.network()
    let recipe = Recipe(try model.builtIn())
    let options = try execution.options()
    let checkpoint = try Checkpoint(contentsOf: weights)
    let predictor = try Model(
      network, checkpoint: checkpoint, batchSize: batch, execution: options)
    let original = try data.source(recipe, past: checkpoint.training).testSet()
    let dataset = try DataArguments.fit(original, to: network, recipe)
    let evaluation = try predictor.evaluate(dataset)
    if json { return try JSONOutput.print(result(evaluation)) }

    print(
      "accuracy \(Numbers.percent(evaluation.accuracy, 2)): "
        + "\(Numbers.grouped(evaluation.confusion.correct)) of "
        + "\(Numbers.grouped(evaluation.count)); loss \(Numbers.fixed(evaluation.loss, 4))")
    print("\nconfusion (rows: actual, columns: predicted)")
    for line in Self.lines(evaluation.confusion, names: original.classNames) { print(line) }
    try draw(evaluation.mistakes.prefix(max(wrong, 0)), from: original)
  }

  private func result(_ evaluation: Evaluation) -> Result {
    let classes = 0..<evaluation.confusion.classCount
    return Result(
      model: model.model, count: evaluation.count, loss: evaluation.loss,
      accuracy: evaluation.accuracy,
      confusion: classes.map { actual in
        classes.map { evaluation.confusion[actual: actual, predicted: $0] }
      },
      mistakes: evaluation.mistakes.map {
        .init(
          index: $0.index, label: $0.label, prediction: $0.prediction, probability: $0.probability)
      })
  }

  private static func lines(_ confusion: ConfusionMatrix, names: [String]?) -> [String] {
    let classes = 0..<confusion.classCount
    var table = TextTable(
      [("", .left)] + classes.map { ("\($0)", .right) } + [("recall", .right)])
    for actual in classes {
      let name = names.map { "\(actual) \($0[actual])" } ?? "\(actual)"
      let cells = classes.map { predicted in
        let count = confusion[actual: actual, predicted: predicted]
        return count == 0 ? "·" : "\(count)"
      }
      table.add([name] + cells + [confusion.recall(actual).map { Numbers.percent($0) } ?? "–"])
    }
    return table.lines
  }

  private func draw(_ mistakes: ArraySlice<Evaluation.Mistake>, from dataset: Dataset) throws {
    func name(_ label: Int) -> String { dataset.classNames?[label] ?? "\(label)" }
    for mistake in mistakes {
      print(
        "\npicture \(mistake.index): \(name(mistake.label)), taken for "
          + "\(name(mistake.prediction)) (\(Numbers.percent(Double(mistake.probability))))")
      let picture = try dataset.picture(mistake.index)
      let grey = stride(from: 0, to: picture.count, by: dataset.channels).map { start in
        picture[start..<start + dataset.channels].reduce(0, +) / Float(dataset.channels)
      }
      let lines = TerminalPicture.lines(
        grey, height: dataset.height, width: dataset.width, range: 0...1)
      for line in lines { print(line) }
    }
  }
}
