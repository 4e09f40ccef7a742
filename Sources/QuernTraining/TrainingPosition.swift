/// Where a training run stands between two steps. Together with the weights, the optimiser's state,
/// the settings and the data set it decides how the run goes on.
public struct TrainingPosition: Hashable, Sendable {
  /// Epochs finished.
  public var epoch = 0
  /// Steps of the present epoch finished.
  public var stepInEpoch = 0
  /// Steps finished since the run began.
  public var step = 0
  /// The state of the shuffler's generator at the beginning of the present epoch.
  public var shuffleState: UInt64
  /// The sum of the losses of this epoch's examples so far.
  public var lossSum = 0.0
  /// This epoch's examples so far that were classified correctly.
  public var correctCount = 0
  /// This epoch's examples so far.
  public var exampleCount = 0

  /// The beginning of a run.
  public init(seed: UInt64) { shuffleState = seed }
}
