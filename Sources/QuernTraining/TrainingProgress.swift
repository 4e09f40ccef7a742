/// Where a training run stands: what a progress bar shows.
public struct TrainingProgress: Sendable {
  /// Counted from 1.
  public var epoch: Int
  public var epochCount: Int
  /// Steps done in this epoch.
  public var stepInEpoch: Int
  public var stepsPerEpoch: Int
  /// Steps done since the run began.
  public var step: Int
  /// Mean loss of this step's examples.
  public var stepLoss: Double
  /// Mean loss of this epoch's examples so far.
  public var loss: Double
  /// Share of this epoch's examples so far that were classified correctly; nil where the loss has no
  /// notion of that.
  public var accuracy: Double?
  /// Since this process began the epoch, evaluation not counted.
  public var examplesPerSecond: Double
  /// η of the last step, after the schedule.
  public var learningRate: Double
}

/// What an epoch came to.
public struct EpochSummary: Hashable, Sendable {
  /// Counted from 1.
  public var epoch: Int
  public var epochCount: Int
  /// Steps done since the run began.
  public var step: Int
  /// Mean loss over the epoch, each example at the time of its step.
  public var loss: Double
  /// Nil where the loss has no notion of a correct answer.
  public var accuracy: Double?
  /// On the validation set, or else the test set, after the epoch; nil where there is neither.
  public var evaluationLoss: Double?
  public var evaluationAccuracy: Double?
  /// On the test set, where it is evaluated besides; nil where it is not.
  public var testLoss: Double?
  public var testAccuracy: Double?
  public var examplesPerSecond: Double
  /// Training and evaluation.
  public var seconds: Double
  public var learningRate: Double
  /// What the stopping rule compares: ‖Δw‖ over the epoch, ‖∇Q‖ after it, or the validation error;
  /// nil where there is no rule.
  public var stoppingMeasure: Double?
}

extension EpochSummary: CustomStringConvertible {
  /// `epoch 3 of 20: loss 0.1234, accuracy 96.5 %, on the evaluation set 97.2 %`.
  public var description: String {
    var text = "epoch \(epoch) of \(epochCount): loss \(Self.short(loss))"
    if let accuracy { text += ", accuracy \(Self.percent(accuracy))" }
    if let evaluationAccuracy {
      text += ", on the evaluation set \(Self.percent(evaluationAccuracy))"
    }
    return text
  }

  private static func short(_ value: Double) -> String {
    value.isFinite && abs(value) < 1e9 ? "\((value * 1e4).rounded() / 1e4)" : "\(value)"
  }

  private static func percent(_ share: Double) -> String {
    "\((share * 1000).rounded() / 10) %"
  }
}
