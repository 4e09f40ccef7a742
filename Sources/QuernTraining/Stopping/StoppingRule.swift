import QuernErrors

/// When an iteration has gone far enough: the three rules of the lecture (E. Sokolov, "Deep
/// Learning", HSE 2020, lecture 2).
public enum StoppingRule: Hashable, Sendable {
  /// ‖wᵗ − wᵗ⁻¹‖ < ε: the parameters hardly move.
  case parameters(epsilon: Double)
  /// ‖∇Q(wᵗ)‖ < ε: the slope is almost level.
  case gradient(epsilon: Double)
  /// The error on examples that are not trained on has stopped falling: `patience` measurements
  /// after the best one, none was lower by more than ε. The best parameters are kept.
  case validation(patience: Int, epsilon: Double = 0)

  /// What the command calls the rules.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case parameters, gradient, validation
  }

  public var kind: Kind {
    switch self {
    case .parameters: .parameters
    case .gradient: .gradient
    case .validation: .validation
    }
  }

  /// ε.
  public var epsilon: Double {
    switch self {
    case .parameters(let epsilon), .gradient(let epsilon), .validation(_, let epsilon): epsilon
    }
  }

  /// Measurements that are waited for after the best; nil for the rules that wait for nothing.
  public var patience: Int? {
    if case .validation(let patience, _) = self { patience } else { nil }
  }

  /// - Throws: `QuernError` for an ε or a patience with which the rule would never hold, or
  ///   always.
  public func validate() throws(QuernError) {
    switch self {
    case .parameters, .gradient:
      guard epsilon > 0, epsilon.isFinite else {
        throw QuernError(
          "epsilon", "\(epsilon) found for the rule \(kind.rawValue)",
          remedy: "give a number above 0, such as 1e-4")
      }
    case .validation(let patience, _):
      guard epsilon >= 0, epsilon.isFinite else {
        throw QuernError(
          "epsilon", "\(epsilon) found for the rule validation",
          remedy: "give how far the error has to fall, 0 or more")
      }
      guard patience > 0 else {
        throw QuernError("patience", "\(patience) found", remedy: "give at least 1 measurement")
      }
    }
  }
}

extension StoppingRule: CustomStringConvertible {
  /// `‖Δw‖ < 0.001`.
  public var description: String {
    switch self {
    case .parameters(let epsilon): "‖Δw‖ < \(epsilon)"
    case .gradient(let epsilon): "‖∇Q‖ < \(epsilon)"
    case .validation(let patience, let epsilon):
      "validation error not lower" + (epsilon > 0 ? " by more than \(epsilon)" : "")
        + ", \(patience) time\(patience == 1 ? "" : "s") running"
    }
  }
}

/// Watches an error that should fall.
public struct FallingError: Hashable, Sendable {
  /// The lowest error so far; infinite before the first measurement.
  public internal(set) var best = Double.infinity
  /// Measurements since the lowest one.
  public internal(set) var waited = 0

  public init() {}

  init(best: Double, waited: Int) {
    self.best = best
    self.waited = waited
  }

  /// Takes note of a measurement.
  ///
  /// - Parameter epsilon: only what lies lower than the best by more than this counts as lower.
  /// - Returns: whether it is the best so far. What is not a number never is.
  public mutating func note(_ error: Double, epsilon: Double = 0) -> Bool {
    // Infinity less ε is infinity: the first measurement is the best, however large.
    if error < best - epsilon {
      best = error
      waited = 0
      return true
    }
    waited += 1
    return false
  }
}
