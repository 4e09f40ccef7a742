import ArgumentParser
import Quern

/// What a training run leaves for people to look at.
struct ReportArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write a page about the run here, DIR/index.html, at the end or when interrupted.",
      discussion: """
        Learning curves, confusion matrix, wrong pictures, filters, network, time by kernel, settings: \
        one file without scripts. DIR/curves.json keeps the curves for a run that is resumed.
        """, valueName: "dir"))
  var report: String?

  @Option(
    help: ArgumentHelp(
      "Write an event file for TensorBoard here, scalars and filters, as training goes on.",
      discussion: "Then: tensorboard --logdir DIR. A resumed run adds a file.", valueName: "dir"))
  var tensorboard: String?

  /// Files that are written over.
  var files: [String] {
    report.map { folder in
      [RunRecorder.pageName, RunRecorder.curvesName].map { "\(Folders.plain(folder))/\($0)" }
    } ?? []
  }

  /// Makes the folders, before anything long begins.
  ///
  /// - Throws: ``Failure`` where one cannot be made or written to.
  func prepare() throws {
    if let report {
      try Folders.make(report, option: "--report")
      for file in [RunRecorder.pageName, RunRecorder.curvesName] {
        try Files.checkWritable("\(report)/\(file)")
      }
    }
    if let tensorboard { try Folders.make(tensorboard, option: "--tensorboard") }
  }

  /// What records a run; nil where nothing is asked for.
  ///
  /// - Parameters:
  ///   - trainer: stands where the run begins or goes on.
  ///   - evaluationName: what each epoch is evaluated on, "test" or "validation".
  /// - Throws: `QuernError` where a file cannot be made, or that of an earlier part of the run is
  ///   damaged.
  func recorder(_ trainer: Trainer, evaluationName: String) throws -> RunRecorder? {
    guard report != nil || tensorboard != nil else { return nil }
    return try RunRecorder(
      trainer, evaluationName: evaluationName, reportFolder: report.map(Folders.plain),
      eventFolder: tensorboard.map(Folders.plain))
  }
}
