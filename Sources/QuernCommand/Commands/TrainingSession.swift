import Quern

/// A training run in the terminal: a progress bar, a line an epoch, a log.
final class TrainingSession {
  private let trainer: Trainer
  private let epochs: Int
  private let evaluationName: String
  private var log: TrainingLog?
  private let writer: CheckpointWriter?
  private var recorder: RunRecorder?
  /// Whether all files beside the run could be written; it goes on without those that could not.
  private(set) var isComplete = true

  init(
    _ trainer: Trainer, epochs: Int, evaluationName: String, log: TrainingLog? = nil,
    writer: CheckpointWriter? = nil, recorder: RunRecorder? = nil
  ) {
    self.trainer = trainer
    self.epochs = epochs
    self.evaluationName = evaluationName
    self.log = log
    self.recorder = recorder
    self.writer = writer
  }

  func run() throws -> Trainer.Outcome {
    var bar = ProgressBar()
    defer { bar.clear() }
    return try trainer.train(
      epochs: epochs,
      onEpoch: { summary in
        bar.clear()
        print(line(summary))
        Terminal.flush()
        record(in: &log, &bar) { try $0.record(summary) }
        record(in: &recorder, &bar) { try $0.record(summary) }
      },
      onStep: { progress in
        bar.update(progress)
        record(in: &log, &bar) { try $0.record(progress) }
        record(in: &recorder, &bar) { try $0.record(progress) }
        try writer?.writeIfDue()
      }, shouldStop: { Interrupt.isRequested })
  }

  /// Goes on without a file that cannot be written.
  private func record<File>(
    in file: inout File?, _ bar: inout ProgressBar, _ write: (File) throws -> Void
  ) {
    guard let open = file else { return }
    do { try write(open) } catch {
      file = nil
      isComplete = false
      bar.clear()
      Terminal.complain("quern: \(error); training goes on without it")
    }
  }

  private func line(_ summary: EpochSummary) -> String {
    let width = String(summary.epochCount).count
    let number = String(summary.epoch)
    var text =
      "epoch " + String(repeating: " ", count: max(width - number.count, 0))
      + "\(number)/\(summary.epochCount)  loss \(Numbers.fixed(summary.loss, 4))"
    if let accuracy = summary.accuracy { text += "  accuracy \(Numbers.percent(accuracy, 2))" }
    if let loss = summary.evaluationLoss, let accuracy = summary.evaluationAccuracy {
      text +=
        "  \(evaluationName) loss \(Numbers.fixed(loss, 4))"
        + "  \(evaluationName) error \(Numbers.percent(1 - accuracy, 2))"
    }
    if let accuracy = summary.testAccuracy {
      text += "  test error \(Numbers.percent(1 - accuracy, 2))"
    }
    if let stopping = TrainingStop.measure(summary, trainer.stopping?.rule) {
      text += "  " + stopping
    }
    return text + "  \(Numbers.fixed(summary.examplesPerSecond, 0)) examples/s"
      + "  \(Numbers.seconds(summary.seconds))"
  }
  /// What a run comes to, as the table of Cireşan et al. has it.
  static func line(_ best: BestEpochs) -> String {
    let (validation, test) = (best.byValidation, best.byTest)
    return "test error for best validation \(Numbers.percent(validation.testError, 2)) (epoch "
      + "\(validation.epoch), validation error \(Numbers.percent(validation.validationError, 3))); "
      + "best test error \(Numbers.percent(test.testError, 2)) (epoch \(test.epoch))"
  }
}
