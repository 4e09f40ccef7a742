import Quern

/// What a training run's stopping rule comes to, as text.
enum TrainingStop {
  /// The measure of an epoch, where the line about it does not hold it anyway.
  static func measure(_ summary: EpochSummary, _ rule: StoppingRule?) -> String? {
    guard let measure = summary.stoppingMeasure else { return nil }
    return switch rule?.kind {
    case .parameters: "‖Δw‖ \(DescentReport.number(measure))"
    case .gradient: "‖∇Q‖ \(DescentReport.number(measure))"
    case .validation, nil: nil
    }
  }

  /// Why training ended, and which weights are kept; nil where no rule has a part in it.
  static func line(_ trainer: Trainer, _ outcome: Trainer.Outcome) -> String? {
    guard let state = trainer.stopping else { return nil }
    let epoch = trainer.position.epoch
    var text = ""
    if outcome == .stopped {
      text = "stopped after epoch \(epoch): "
      switch state.rule {
      case .parameters(let epsilon): text += "‖Δw‖ over the epoch is below \(epsilon)"
      case .gradient(let epsilon): text += "‖∇Q‖ is below \(epsilon)"
      case .validation(let patience, _):
        text += "the error has not fallen for \(patience) epoch\(patience == 1 ? "" : "s")"
      }
    }
    guard state.rule.kind == .validation, state.bestEpoch > 0 else {
      return text.isEmpty ? nil : text
    }
    let error =
      trainer.step.countsCorrect
      ? "error \(Numbers.percent(state.error.best, 2))"
      : "loss \(Numbers.fixed(state.error.best, 4))"
    return (text.isEmpty ? "" : text + "; ")
      + "the weights of epoch \(state.bestEpoch) are kept (\(error))"
  }
}
