import Quern

/// What a descent came to, as a table and as JSON.
struct DescentReport {
  private let descent: GradientDescent
  private let result: GradientDescent.Result

  init(_ descent: GradientDescent, _ result: GradientDescent.Result) {
    self.descent = descent
    self.result = result
  }

  struct Summary: Encodable {
    var function: String
    var formula: String
    var stepRule: String
    var learningRate: Double
    var stop: String
    var epsilon: Double
    var patience: Int?
    var outcome: String
    var verdict: String
    var minimum: [Double]?
    var kept: GradientDescent.Step
    var steps: [GradientDescent.Step]
  }

  var summary: Summary {
    let stopping = descent.settings.stopping
    let outcome =
      switch result.outcome {
      case .stopped: "stopped"
      case .outOfSteps: "out of steps"
      case .diverged: "diverged"
      case .interrupted: "interrupted"
      }
    return Summary(
      function: descent.objective.name, formula: descent.objective.formula,
      stepRule: descent.settings.rule.rawValue, learningRate: descent.learningRate,
      stop: stopping.kind.rawValue, epsilon: stopping.epsilon, patience: stopping.patience,
      outcome: outcome, verdict: verdict, minimum: descent.objective.minimum, kept: result.best,
      steps: result.steps)
  }

  func print() {
    let objective = descent.objective
    Swift.print(objective.formula)
    Swift.print(
      "\(descent.settings.rule.formula), η = \(descent.learningRate), w⁰ = "
        + "\(Self.point(descent.start)); stop: \(descent.settings.stopping); "
        + descent.settings.execution.summary)
    table.print()
    if case .diverged = result.outcome { return }
    Swift.print(verdict)
    let kept = result.best
    var line =
      "kept w = \(Self.point(kept.parameters)), Q = \(Self.number(kept.value)), ‖∇Q‖ = "
      + Self.number(kept.gradientNorm)
    if let validation = kept.validation { line += ", validation \(Self.number(validation))" }
    Swift.print(line)
    if let minimum = objective.minimum {
      Swift.print(
        "minimum at \(Self.point(minimum)), "
          + "\(Self.number(Self.distance(kept.parameters, minimum))) away")
    }
    if let warning { Swift.print(warning) }
  }

  /// Why descent ended, as a sentence.
  var verdict: String {
    let last = result.steps[result.steps.count - 1]
    let count = Numbers.grouped(last.number) + (last.number == 1 ? " step" : " steps")
    let stopping = descent.settings.stopping
    switch result.outcome {
    case .stopped:
      switch stopping {
      case .parameters(let epsilon):
        return "stopped after \(count): ‖wᵗ − wᵗ⁻¹‖ = \(Self.number(last.change ?? 0)) < \(epsilon)"
      case .gradient(let epsilon):
        return "stopped after \(count): ‖∇Q(wᵗ)‖ = \(Self.number(last.gradientNorm)) < \(epsilon)"
      case .validation(let patience, _):
        return "stopped after \(count): the validation error has not fallen for \(patience) steps; "
          + "the parameters of step \(Numbers.grouped(result.kept)) are kept"
      }
    case .outOfSteps:
      return "not stopped by the rule: all \(count) are done, ‖wᵗ − wᵗ⁻¹‖ = "
        + "\(Self.number(last.change ?? 0)), ‖∇Q(wᵗ)‖ = \(Self.number(last.gradientNorm)); give more "
        + "--max-steps, a larger --epsilon or another --learning-rate"
    case .interrupted: return "interrupted after \(count)"
    case .diverged(let how): return "\(descent.objective.name): " + text(of: how, count, last)
    }
  }

  private func text(
    of divergence: GradientDescent.Divergence, _ count: String, _ last: GradientDescent.Step
  ) -> String {
    let first = Self.number(result.steps[0].value)
    let remedy =
      descent.settings.rule == .descent
      ? "give a smaller --learning-rate than \(descent.learningRate)"
      : "\(descent.settings.rule.formula) is not gradient descent: use --step-rule descent"
    return switch divergence {
    case .notFinite:
      "diverged at step \(Numbers.grouped(last.number)): Q, its gradient or w is no finite number "
        + "any more (Q was \(first) at the start); \(remedy)"
    case .outOfBounds:
      "diverged after \(count): w = \(Self.point(last.parameters)) is beyond all bounds, Q went from "
        + "\(first) to \(Self.number(last.value)); \(remedy)"
    case .higherThanAtStart:
      "diverged: after all \(count) Q is \(Self.number(last.value)), above the \(first) of the "
        + "start; \(remedy)"
    case .noSolution:
      "step \(Numbers.grouped(last.number + 1)) has no result: \(descent.settings.rule.formula) has wᵗ "
        + "on both sides, and fixed-point iteration finds no solution; give a smaller "
        + "--learning-rate than \(descent.learningRate), or --step-rule descent"
    }
  }

  /// Where the rule held, but not because a minimum was near.
  private var warning: String? {
    guard result.outcome == .stopped, case .parameters(let epsilon) = descent.settings.stopping
    else { return nil }
    let kept = result.best
    // By the right rule ‖Δw‖ = η‖∇Q‖; far more than that is no minimum.
    guard kept.gradientNorm > 10 * epsilon / min(descent.learningRate, 1) else { return nil }
    return "but the gradient is not small there: w has stalled, and not at a minimum"
  }

  // MARK: The table

  private var table: TextTable {
    let hasValidation = descent.objective.hasValidation
    var table = TextTable(
      [("step", .right)] + descent.objective.parameterNames.map { ($0, .right) }
        + [("Q", .right), ("‖Δw‖", .right), ("‖∇Q‖", .right)]
        + (hasValidation ? [("validation", .right)] : []))
    var previous = -1
    for number in Self.shown(result.steps.count, kept: result.kept) {
      let step = result.steps[number]
      if number != previous + 1 {
        table.add(["⋮"] + [String](repeating: "", count: hasValidation ? 6 : 5))
      }
      previous = number
      var cells = [Numbers.grouped(step.number)]
      cells += step.parameters.map(Self.number)
      cells += [
        Self.number(step.value), step.change.map(Self.number) ?? "–",
        Self.number(step.gradientNorm),
      ]
      if hasValidation { cells.append(step.validation.map(Self.number) ?? "–") }
      table.add(cells)
    }
    return table
  }

  /// The first steps, then fewer and fewer (10, 20, 50, 100, …), the one that is kept, the last.
  static func shown(_ count: Int, kept: Int) -> [Int] {
    guard count > 16 else { return Array(0..<count) }
    var numbers = Set(0...5).union([kept, count - 3, count - 2, count - 1])
    var power = 10
    while power < count {
      numbers.formUnion([power, 2 * power, 5 * power].filter { $0 < count })
      power *= 10
    }
    return numbers.filter { 0 <= $0 && $0 < count }.sorted()
  }

  /// Five significant digits; powers of ten where a number is very small or large.
  static func number(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    var (mantissa, exponent) = (abs(value), 0)
    while mantissa >= 10 {
      mantissa /= 10
      exponent += 1
    }
    while mantissa < 1 {
      mantissa *= 10
      exponent -= 1
    }
    if -3...5 ~= exponent { return Numbers.fixed(value, max(4 - exponent, 0)) }
    // 9.996 becomes 10.00 in three digits: one power more.
    if (mantissa * 100).rounded() >= 1000 { (mantissa, exponent) = (1, exponent + 1) }
    return (value < 0 ? "-" : "") + Numbers.fixed(mantissa, 2)
      + "e\(exponent < 0 ? "-" : "+")\(abs(exponent) < 10 ? "0" : "")\(abs(exponent))"
  }

  static func point(_ values: [Double]) -> String {
    "(" + values.map(number).joined(separator: ", ") + ")"
  }

  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }
}
