import Quern
import QuernReport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Dates as the report has them.
enum ReportDate {
  /// `2026-11-24T22:50:07Z`.
  static var now: String { Date().formatted(.iso8601) }
}

/// Makes the report of a run.
struct ReportContents {
  let trainer: Trainer
  let outcome: Trainer.Outcome
  let evaluationName: String
  let curves: LearningCurves
  let filters: FilterSheet?
  let start: String

  /// The most wrong pictures that are shown: those of which the network was surest.
  private static let mistakeLimit = 40

  func report(test: Dataset) throws -> TrainingReport {
    let sheet = try filters?.sheet(trainer)
    return TrainingReport(
      run: .init(
        model: trainer.network.name, outcome: outcomeText, evaluationName: evaluationName,
        curves: curves),
      network: .init(
        summary: try trainer.network.summary(),
        diagram: try NetworkDiagram(trainer.network).diagram),
      evaluation: try evaluation(test),
      filters: sheet.map { TrainingReport.Filters(sheet: $0.picture, caption: $0.caption) },
      kernels: try KernelProfile.measure(trainer).map {
        TrainingReport.Kernel(
          name: $0.kernel, milliseconds: $0.milliseconds, limitMilliseconds: $0.limitMilliseconds,
          gigaflops: $0.gigaflops, megabytes: $0.megabytes)
      }, settings: settings(test))
  }

  private var outcomeText: String {
    let position = trainer.position
    let epochs = "\(position.epoch) epoch\(position.epoch == 1 ? "" : "s")"
    switch outcome {
    case .finished: return "finished after \(epochs), \(Numbers.grouped(position.step)) steps"
    case .interrupted:
      return "interrupted after \(Numbers.grouped(position.step)) steps, in epoch "
        + "\(position.epoch + 1) after its step \(position.stepInEpoch)"
    case .stopped: return TrainingStop.line(trainer, outcome) ?? "stopped after \(epochs)"
    }
  }

  private func evaluation(_ test: Dataset) throws -> TrainingReport.Evaluation {
    let result = try trainer.evaluate(test)
    let classes = 0..<result.confusion.classCount
    let surest = result.mistakes.sorted {
      (-$0.probability, $0.index) < (-$1.probability, $1.index)
    }
    .prefix(Self.mistakeLimit)
    return TrainingReport.Evaluation(
      dataset: "test set", loss: result.loss,
      confusion: classes.map { actual in
        classes.map { result.confusion[actual: actual, predicted: $0] }
      },
      // The network may have more classes than the data set. Those have no name.
      classNames: test.classNames.map { names in
        classes.map { $0 < names.count ? names[$0] : "\($0)" }
      },
      mistakes: try surest.map { mistake in
        TrainingReport.Mistake(
          index: mistake.index, picture: try Self.picture(mistake.index, of: test),
          actual: mistake.label, predicted: mistake.prediction,
          probability: Double(mistake.probability))
      })
  }

  /// A picture of a data set. Its values may lie in −1 … 1, as some recipes have it.
  private static func picture(_ index: Int, of dataset: Dataset) throws -> Picture {
    let values = try dataset.picture(index)
    let low = min(values.min() ?? 0, 0)
    let high = max(values.max() ?? 1, low < 0 ? -low : 1)
    let channels = dataset.channels
    var levels = values.map { ($0 - low) / (high - low) }
    if channels != 1, channels != 3 {
      levels = stride(from: 0, to: levels.count, by: channels).map { start in
        levels[start..<start + channels].reduce(0, +) / Float(channels)
      }
    }
    return try Picture(
      height: dataset.height, width: dataset.width, channels: channels == 3 ? 3 : 1,
      values: levels)
  }

  private func settings(_ test: Dataset) -> [TrainingReport.Setting] {
    let settings = trainer.settings
    let optimizer = settings.optimizer.settings.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value)" }
    var rows: [(String, String)] = [
      ("Command", Self.commandLine),
      ("Begun", start), ("Ended", ReportDate.now),
      ("Training set", "\(trainer.training.name), \(Numbers.grouped(trainer.training.count))"),
      ("Test set", "\(test.name), \(Numbers.grouped(test.count))"),
      ("Optimizer", ([settings.optimizer.name] + optimizer).joined(separator: ", ")),
      ("Learning rate", "\(settings.learningRate.base)"),
      ("Schedule", "\(settings.learningRate.schedule)"),
      ("Batch", Numbers.grouped(settings.batchSize)), ("Seed", "\(settings.seed)"),
    ]
    if let limit = settings.gradientNormLimit { rows.append(("Gradient norm limit", "\(limit)")) }
    if settings.regularisation.l1 != 0 { rows.append(("L1", "\(settings.regularisation.l1)")) }
    if settings.regularisation.l2 != 0 { rows.append(("L2", "\(settings.regularisation.l2)")) }
    if case .share(let fraction) = settings.validation {
      rows.append(("Validation", "\(Numbers.percent(fraction)) of the training set"))
    }
    if let deformation = settings.deformation {
      rows.append(("Deformed anew each epoch", "\(deformation)"))
    }
    if let rule = trainer.stopping?.rule { rows.append(("Ends early when", "\(rule)")) }
    let execution = settings.execution
    rows.append(("Backend", execution.backend.rawValue))
    if execution.backend != .interpreter { rows.append(("Target", execution.target.name)) }
    rows.append(("Threads", "\(execution.threads)"))
    if let seconds = trainer.executable.compileSeconds {
      rows.append(("Compiled in", Numbers.seconds(seconds)))
    }
    rows.append(("Quern", QuernCommand.configuration.version))
    return rows.map { TrainingReport.Setting($0.0, $0.1) }
  }

  /// The command, quoted so that it can be typed again in a shell.
  private static var commandLine: String {
    let words = CommandLine.arguments.dropFirst().map { word in
      let isPlain =
        !word.isEmpty
        && word.unicodeScalars.allSatisfy {
          ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
            || "-_./:,=+@%".unicodeScalars.contains($0)
        }
      return isPlain
        ? word
        : "'"
          + word.split(separator: "'", omittingEmptySubsequences: false)
          .joined(separator: "'\\''") + "'"
    }
    return (["quern"] + words).joined(separator: " ")
  }
}
