#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the learning rate is multiplied by as training goes on.
///
/// A schedule is a function of the position alone, so a resumed run needs nothing but its position.
public indirect enum LearningRateSchedule: Hashable, Sendable, Codable {
  /// 1 throughout.
  case constant
  /// `factor` once more after every `epochs` epochs.
  case step(epochs: Int, factor: Double)
  /// `factor` once more after every epoch, the paper's "falling by a constant factor".
  case exponential(factor: Double)
  /// From 1 to `floor` along half a cosine, over `epochs` epochs, by the step; `floor` afterwards.
  case cosine(epochs: Int, floor: Double = 0)
  /// From 1/`steps` up to 1 in equal steps; the other schedule, from its own beginning, multiplies.
  case warmUp(steps: Int, then: LearningRateSchedule = .constant)

  /// The factor for a step.
  ///
  /// - Parameters:
  ///   - epoch: counted from 0.
  ///   - stepInEpoch: counted from 0.
  ///   - stepsPerEpoch: at least 1.
  public func factor(epoch: Int, stepInEpoch: Int, stepsPerEpoch: Int) -> Double {
    switch self {
    case .constant: return 1
    case .step(let epochs, let factor): return pow(factor, Double(epoch / max(epochs, 1)))
    case .exponential(let factor): return pow(factor, Double(epoch))
    case .cosine(let epochs, let floor):
      let position = Double(epoch) + Double(stepInEpoch) / Double(max(stepsPerEpoch, 1))
      let share = min(position / Double(max(epochs, 1)), 1)
      return floor + (1 - floor) * (1 + cos(share * .pi)) / 2
    case .warmUp(let steps, let then):
      let step = epoch * stepsPerEpoch + stepInEpoch
      let ramp = min(Double(step + 1) / Double(max(steps, 1)), 1)
      return ramp
        * then.factor(epoch: epoch, stepInEpoch: stepInEpoch, stepsPerEpoch: stepsPerEpoch)
    }
  }
}

extension LearningRateSchedule {
  /// For a run of `epochs` epochs instead of `past`: a cosine that was to end with the run still does.
  public func stretched(from past: Int, to epochs: Int) -> Self {
    switch self {
    case .cosine(past, let floor): .cosine(epochs: epochs, floor: floor)
    case .warmUp(let steps, let then):
      .warmUp(steps: steps, then: then.stretched(from: past, to: epochs))
    case .constant, .step, .exponential, .cosine: self
    }
  }
}

extension LearningRateSchedule: CustomStringConvertible {
  /// The form ``init(_:)`` reads: `constant`, `step:10:0.5`, `exponential:0.95`, `cosine:20:0.01`,
  /// and `warm-up:100,` before another.
  public var description: String {
    switch self {
    case .constant: "constant"
    case .step(let epochs, let factor): "step:\(epochs):\(factor)"
    case .exponential(let factor): "exponential:\(factor)"
    case .cosine(let epochs, let floor): "cosine:\(epochs):\(floor)"
    case .warmUp(let steps, let then): "warm-up:\(steps),\(then)"
    }
  }

  /// Reads a schedule as ``description`` writes it; nil where it is none.
  public init?(_ text: String) {
    let parts = text.split(separator: ",", maxSplits: 1)
    guard let first = parts.first else { return nil }
    let fields = first.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let count = fields.count > 1 ? Int(fields[1]) : nil
    if fields[0] == "warm-up" {
      guard fields.count == 2, let count, count > 0 else { return nil }
      guard parts.count == 2 else {
        self = .warmUp(steps: count)
        return
      }
      guard let rest = Self(String(parts[1])) else { return nil }
      self = .warmUp(steps: count, then: rest)
      return
    }
    guard parts.count == 1 else { return nil }
    func factor(_ position: Int) -> Double? {
      guard fields.indices.contains(position), let value = Double(fields[position]), value >= 0,
        value.isFinite
      else { return nil }
      return value
    }
    switch (fields[0], fields.count) {
    case ("constant", 1): self = .constant
    case ("step", 3):
      guard let count, count > 0, let factor = factor(2) else { return nil }
      self = .step(epochs: count, factor: factor)
    case ("exponential", 2):
      guard let factor = factor(1) else { return nil }
      self = .exponential(factor: factor)
    case ("cosine", 2):
      guard let count, count > 0 else { return nil }
      self = .cosine(epochs: count)
    case ("cosine", 3):
      guard let count, count > 0, let floor = factor(2) else { return nil }
      self = .cosine(epochs: count, floor: floor)
    default: return nil
    }
  }
}
