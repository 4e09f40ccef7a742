import Quern
import QuernReport
import QuernTensorBoard

/// Keeps what a run's page and event file need, step by step and epoch by epoch.
final class RunRecorder {
  static let pageName = "index.html"
  static let curvesName = "curves.json"

  private let trainer: Trainer
  private let evaluationName: String
  private let reportFolder: String?
  private let events: EventFile?
  private let filters: FilterSheet?
  private let start = ReportDate.now
  private(set) var curves: LearningCurves

  init(
    _ trainer: Trainer, evaluationName: String, reportFolder: String?, eventFolder: String?
  ) throws {
    self.trainer = trainer
    self.evaluationName = evaluationName
    self.reportFolder = reportFolder
    filters = try FilterSheet(trainer.network)
    let position = trainer.position
    curves = LearningCurves(model: trainer.network.name)
    if position.step > 0, let reportFolder, Folders.holds("\(reportFolder)/\(Self.curvesName)") {
      var past = try LearningCurves(contentsOf: "\(reportFolder)/\(Self.curvesName)")
      if past.model == curves.model {
        let batch = trainer.settings.batchSize
        let steps = (trainer.training.count + batch - 1) / batch
        past.cut(after: Double(position.epoch) + Double(position.stepInEpoch) / Double(steps))
        curves = past
      }
    }
    events = try eventFolder.map {
      try EventFile(folder: $0, resumingAfter: position.step)
    }
    if position.step == 0 { try writeFilters(step: 0) }
    try events?.flush()
  }

  func record(_ progress: TrainingProgress) throws {
    let share = Double(progress.stepInEpoch) / Double(max(progress.stepsPerEpoch, 1))
    curves.addStep(
      at: Double(progress.epoch - 1) + share, loss: progress.stepLoss,
      learningRate: progress.learningRate)
    try events?.write(
      [
        .scalar("loss/step", progress.stepLoss),
        .scalar("learning_rate", progress.learningRate),
      ], step: progress.step)
  }

  func record(_ summary: EpochSummary) throws {
    curves.add(
      LearningCurves.Epoch(
        epoch: summary.epoch, loss: summary.loss, accuracy: summary.accuracy,
        evaluationLoss: summary.evaluationLoss, evaluationAccuracy: summary.evaluationAccuracy,
        testAccuracy: summary.testAccuracy, learningRate: summary.learningRate,
        seconds: summary.seconds))
    // A run that is killed later can be resumed with these.
    if let reportFolder { try curves.write(to: "\(reportFolder)/\(Self.curvesName)") }
    var values: [SummaryValue] = [
      .scalar("loss/training", summary.loss),
      .scalar("examples_per_second", summary.examplesPerSecond),
    ]
    if let accuracy = summary.accuracy { values.append(.scalar("accuracy/training", accuracy)) }
    if let loss = summary.evaluationLoss {
      values.append(.scalar("loss/\(evaluationName)", loss))
    }
    if let accuracy = summary.evaluationAccuracy {
      values.append(.scalar("accuracy/\(evaluationName)", accuracy))
      values.append(.scalar("error/\(evaluationName)", 1 - accuracy))
    }
    if let accuracy = summary.testAccuracy {
      values.append(.scalar("accuracy/test", accuracy))
      values.append(.scalar("error/test", 1 - accuracy))
    }
    try events?.write(values, step: summary.step)
    try writeFilters(step: summary.step)
    try events?.flush()
  }

  private func writeFilters(step: Int) throws {
    guard let events, let filters else { return }
    let picture = try filters.sheet(trainer).picture
    try events.write(
      [
        SummaryValue(
          "filters/\(filters.layerName)",
          .image(
            height: picture.height, width: picture.width, channels: picture.channels,
            png: picture.png()))
      ], step: step)
  }

  /// Writes the page, and says where it is.
  ///
  /// - Parameter test: what the network is evaluated on.
  /// - Throws: `QuernError` where it cannot be written.
  func finish(_ outcome: Trainer.Outcome, test: Dataset) throws {
    try events?.flush()
    if let events { print("events for TensorBoard: \(events.path)") }
    guard let reportFolder else { return }
    try curves.write(to: "\(reportFolder)/\(Self.curvesName)")
    let contents = ReportContents(
      trainer: trainer, outcome: outcome, evaluationName: evaluationName, curves: curves,
      filters: filters, start: start)
    let path = "\(reportFolder)/\(Self.pageName)"
    try atomicWrite(Array(contents.report(test: test).html.utf8), to: path)
    print("report: \(path)")
    Terminal.flush()
  }
}
