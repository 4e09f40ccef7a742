/// η as training goes on: a base and the schedule that it is multiplied by.
///
/// A number alone is a rate that stays the same:
///
///     Trainer.Settings(learningRate: 0.05)
///     Trainer.Settings(learningRate: LearningRate(0.05, schedule: .cosine(epochs: 20)))
public struct LearningRate: Hashable, Sendable {
  /// η before the schedule.
  public var base: Double
  /// What ``base`` is multiplied by.
  public var schedule: LearningRateSchedule

  public init(_ base: Double, schedule: LearningRateSchedule = .constant) {
    self.base = base
    self.schedule = schedule
  }

  /// η of a step.
  ///
  /// - Parameters:
  ///   - epoch: counted from 0.
  ///   - stepInEpoch: counted from 0.
  ///   - stepsPerEpoch: at least 1.
  public func value(epoch: Int, stepInEpoch: Int, stepsPerEpoch: Int) -> Double {
    base
      * schedule.factor(epoch: epoch, stepInEpoch: stepInEpoch, stepsPerEpoch: stepsPerEpoch)
  }
}

extension LearningRate: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self.init(value) }
  public init(integerLiteral value: Int) { self.init(Double(value)) }
}
