import ArgumentParser
import Quern

/// Which data set a command works on.
struct DataArguments: ParsableArguments {
  @Option(
    help: help("Pictures are padded to the network's size. (default: the model's own)"))
  var data: String?

  /// The names that a data set can have, as help text.
  ///
  /// - Parameter more: a sentence about what the command does with the data.
  static func help(_ more: String? = nil) -> ArgumentHelp {
    ArgumentHelp(
      "digits, fashion-mnist, mnist, or a folder with the four IDX files, plain or .gz.",
      discussion: """
        fashion-mnist and mnist are folders of these names in the folder that the environment \
        variable QUERN_DATA names, else in \(DataSource.systemFolder).\(more.map { " " + $0 } ?? "")
        """)
  }

  /// The data set of `--data`, else the one that the checkpoint was trained on, else the recipe's.
  ///
  /// - Throws: `QuernError` where there is no such data set.
  func source(_ recipe: Recipe, past: TrainingState? = nil) throws -> DataSource {
    if let data { return try DataSource.named(data) }
    // A name that no source has comes from a program other than this command.
    if let name = past?.dataset.name, let source = try? DataSource.named(name) { return source }
    return try DataSource.named(recipe.data)
  }

  /// What a checkpoint calls a data set. A folder has its whole path, since a later command may be run
  /// from another place.
  static func name(_ source: DataSource) -> String {
    if case .directory(let path) = source { Files.place(path) } else { source.description }
  }

  /// A data set with its pictures in the size, channels and range that the network takes.
  static func fit(_ dataset: Dataset, to network: Network, _ recipe: Recipe) throws -> Dataset {
    var result = dataset
    switch network.input {
    case .picture(let height, let width, let channels):
      if (dataset.height, dataset.width) != (height, width) {
        result = try result.padded(toHeight: height, width: width)
      }
      result = try result.repeatingChannel(channels)
    case .features(let count):
      let side = Int(Double(count).squareRoot())
      if dataset.pictureSize != count, side * side == count, dataset.channels == 1 {
        result = try result.padded(toHeight: side, width: side)
      }
    }
    if recipe.pixels != 0...1 { result = result.normalised(to: recipe.pixels) }
    try network.check(result)
    return result
  }
}
