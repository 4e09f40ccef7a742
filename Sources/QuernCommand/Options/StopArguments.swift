import ArgumentParser
import Quern

/// What `--stop` says: a rule, or that there is to be none, whatever a checkpoint says.
enum StopChoice: String, CaseIterable, ExpressibleByArgument {
  case parameters, gradient, validation, none

  var kind: StoppingRule.Kind? { StoppingRule.Kind(rawValue: rawValue) }
}

/// When an iteration stops by itself: the lecture's three rules.
struct StopArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "When to stop: parameters, gradient, validation, or none.",
      discussion: """
        parameters: ‖wᵗ − wᵗ⁻¹‖ < ε. gradient: ‖∇Q(wᵗ)‖ < ε. validation: the error on examples that \
        are not trained on has stopped falling; the best parameters are kept. none: a resumed run \
        drops its rule.
        """))
  var stop: StopChoice?

  @Option(
    parsing: .unconditional,
    help: "ε: a norm for parameters and gradient; for validation, how far the error has to fall.")
  var epsilon: Double?

  @Option(
    parsing: .unconditional,
    help: "Steps, or epochs of training, that validation waits for a lower error. (default: 5)")
  var patience: Int?

  /// The rule asked for, or nil.
  ///
  /// - Parameters:
  ///   - kind: the rule where `--stop` is not given.
  ///   - epsilon: ε for parameters and gradient where `--epsilon` is not given; nil where it must be.
  ///   - past: what a checkpoint says; its numbers are taken where the rule is the same.
  func rule(
    default kind: StoppingRule.Kind? = nil, epsilon standard: Double? = nil,
    past: StoppingRule? = nil
  ) throws -> StoppingRule? {
    guard let chosen = stop.map(\.kind) ?? past?.kind ?? kind else {
      for (option, isGiven) in [("--epsilon", epsilon != nil), ("--patience", patience != nil)]
      where isGiven {
        throw Failure(
          "\(option) is given without a rule; say which it is for: --stop parameters, gradient or "
            + "validation")
      }
      return nil
    }
    let past = past?.kind == chosen ? past : nil
    if patience != nil, chosen != .validation {
      throw Failure(
        "--patience is given with --stop \(chosen.rawValue), which waits for nothing; use "
          + "--stop validation, or leave it out")
    }
    let rule: StoppingRule
    switch chosen {
    case .validation:
      rule = .validation(
        patience: patience ?? past?.patience ?? 5, epsilon: epsilon ?? past?.epsilon ?? 0)
    case .parameters, .gradient:
      guard let epsilon = epsilon ?? past?.epsilon ?? standard else {
        throw Failure(
          "--stop \(chosen.rawValue) needs --epsilon, since norms differ from network to network; "
            + "give a number above 0, such as --epsilon 0.01")
      }
      rule = chosen == .parameters ? .parameters(epsilon: epsilon) : .gradient(epsilon: epsilon)
    }
    try rule.validate()
    return rule
  }
}
