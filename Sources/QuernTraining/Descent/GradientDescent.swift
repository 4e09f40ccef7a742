import QuernErrors
import QuernExecution
import QuernGraph

/// Gradient descent as the lecture has it: from w⁰, repeat wᵗ = wᵗ⁻¹ − η∇Q(wᵗ⁻¹), and stop by one of
/// three rules. Q, its symbolic gradient and the step are one compiled graph.
///
///     let descent = try GradientDescent(Rosenbrock(), settings: .init(stopping: .gradient(epsilon: 1e-2)))
///     let result = try descent.run()
public final class GradientDescent {
  public struct Settings: Sendable {
    /// w⁰; nil for the objective's own.
    public var start: [Double]?
    /// η; nil for the objective's own.
    public var learningRate: Double?
    public var rule: StepRule
    public var stopping: StoppingRule
    /// Steps after which descent ends though the rule does not hold.
    public var maximumSteps: Int
    public var execution: ExecutionOptions

    public init(
      start: [Double]? = nil, learningRate: Double? = nil, rule: StepRule = .descent,
      stopping: StoppingRule = .parameters(epsilon: 1e-4), maximumSteps: Int = 10_000,
      execution: ExecutionOptions = ExecutionOptions()
    ) {
      self.start = start
      self.learningRate = learningRate
      self.rule = rule
      self.stopping = stopping
      self.maximumSteps = maximumSteps
      self.execution = execution
    }
  }

  /// Where descent was after a step.
  public struct Step: Hashable, Sendable, Codable {
    /// t; 0 for the start.
    public var number: Int
    /// wᵗ.
    public var parameters: [Double]
    /// Q(wᵗ).
    public var value: Double
    /// ‖wᵗ − wᵗ⁻¹‖; nil for the start.
    public var change: Double?
    /// ‖∇Q(wᵗ)‖.
    public var gradientNorm: Double
    /// The error on the validation examples, where there are some.
    public var validation: Double?
  }

  /// Why descent ended.
  public enum Outcome: Hashable, Sendable {
    /// The stopping rule holds.
    case stopped
    /// All steps are done, and the rule does not hold.
    case outOfSteps
    /// Going on made no sense.
    case diverged(Divergence)
    /// The caller wanted no more.
    case interrupted
  }

  /// How descent went wrong.
  public enum Divergence: Hashable, Sendable {
    /// wᵗ, Q or ∇Q is infinite or not a number.
    case notFinite
    /// wᵗ is a million times further from the start than the start is from the origin, or than 1.
    case outOfBounds
    /// After all steps Q is larger than at the start.
    case higherThanAtStart
    /// A rule with wᵗ on both sides, whose equation fixed-point iteration does not solve.
    case noSolution
  }

  public struct Result: Sendable {
    /// From the start on.
    public var steps: [Step]
    public var outcome: Outcome
    /// The number of the step whose parameters are kept: of the lowest validation error where that
    /// decides, else the last.
    public var kept: Int

    /// The parameters that are kept.
    public var best: Step { steps[kept] }
  }

  /// ‖wᵗ − w⁰‖ beyond this many times max(1, ‖w⁰‖) is out of bounds.
  static let bound = 1e6

  public let objective: any DescentObjective
  public let settings: Settings
  /// η.
  public let learningRate: Double
  /// w⁰.
  public let start: [Double]
  private let function: DescentFunction

  /// Builds and compiles Q, its gradient and the step.
  ///
  /// - Throws: `QuernError` for settings or an objective that make no sense; what the compiler throws.
  public init(_ objective: any DescentObjective, settings: Settings = Settings()) throws {
    self.objective = objective
    self.settings = settings
    learningRate = settings.learningRate ?? objective.learningRate
    start = settings.start ?? objective.start
    guard learningRate > 0, learningRate.isFinite else {
      throw QuernError(
        "learning rate", "\(learningRate) found",
        remedy: "give a number above 0, such as \(objective.learningRate)")
    }
    let count = objective.parameterNames.count
    guard start.count == count, start.allSatisfy(\.isFinite) else {
      let found =
        start.count == count
        ? "\(start)" : "\(start.count) number\(start.count == 1 ? "" : "s")"
      let names = objective.parameterNames.joined(separator: ", ")
      throw QuernError(
        "start", "\(found) found",
        remedy: "\(objective.name) has the \(count) parameters \(names): give \(count) finite "
          + "numbers")
    }
    guard settings.maximumSteps > 0, settings.maximumSteps <= 10_000_000 else {
      throw QuernError(
        "steps", "\(settings.maximumSteps) found", remedy: "give a number from 1 to 10000000")
    }
    try settings.stopping.validate()
    guard settings.stopping.kind != .validation || objective.hasValidation else {
      throw QuernError(
        "the stopping rule validation",
        "\(objective.name) is a mean over no examples, so there are none to validate on",
        remedy: "use mean-loss, or the rule parameters or gradient")
    }
    function = try DescentFunction(
      objective, rule: settings.rule, learningRate: learningRate, execution: settings.execution)
  }

  /// Q at points of two parameters each: for contours.
  public func values(at points: [[Double]]) throws -> [Double] { try function.values(at: points) }

  /// Descends.
  ///
  /// - Parameter shouldStop: asked after each step.
  public func run(shouldStop: () -> Bool = { false }) throws -> Result {
    var now = try function.measure(start, base: start)
    let first = now
    var steps = [Self.step(0, start, now, before: nil)]
    var error = FallingError()
    var kept = 0
    if let validation = now.validation { _ = error.note(validation) }
    func result(_ outcome: Outcome) -> Result {
      Result(
        steps: steps, outcome: outcome,
        kept: settings.stopping.kind == .validation ? kept : steps.count - 1)
    }
    guard Self.isFinite(steps[0]) else { return result(.diverged(.notFinite)) }
    if holds(steps[0], error) { return result(.stopped) }

    while steps.count <= settings.maximumSteps {
      let before = steps[steps.count - 1].parameters
      guard let point = try next(from: before, at: now) else {
        return result(.diverged(.noSolution))
      }
      now = try function.measure(point, base: point)
      let step = Self.step(steps.count, point, now, before: before)
      steps.append(step)
      guard Self.isFinite(step) else { return result(.diverged(.notFinite)) }
      if Self.distance(point, start) > Self.bound * max(1, Self.norm(start)) {
        return result(.diverged(.outOfBounds))
      }
      if let validation = step.validation,
        error.note(validation, epsilon: settings.stopping.epsilon)
      {
        kept = step.number
      }
      if holds(step, error) { return result(.stopped) }
      if shouldStop() { return result(.interrupted) }
    }
    let last = steps[steps.count - 1]
    return result(last.value > first.value ? .diverged(.higherThanAtStart) : .outOfSteps)
  }

  /// wᵗ, or nil where the rule's equation is not solved.
  private func next(
    from base: [Double], at measured: DescentFunction.Measurement
  ) throws -> [Double]? {
    switch settings.rule.place {
    case .before: return measured.next
    case .start: return try function.measure(start, base: base).next
    case .after:
      // wᵗ = f(wᵗ) by iterating f, from the step that takes the gradient at wᵗ⁻¹.
      var guess = measured.next
      for _ in 0..<1000 {
        let better = try function.measure(guess, base: base).next
        guard better.allSatisfy(\.isFinite) else { return nil }
        // Two roundings in single precision are as near as it comes.
        if Self.distance(better, guess) <= 3e-7 * max(1e-3, Self.norm(better)) { return better }
        guess = better
      }
      return nil
    }
  }

  private func holds(_ step: Step, _ error: FallingError) -> Bool {
    switch settings.stopping {
    case .parameters(let epsilon): step.change.map { $0 < epsilon } ?? false
    case .gradient(let epsilon): step.gradientNorm < epsilon
    case .validation(let patience, _): error.waited >= patience
    }
  }

  private static func step(
    _ number: Int, _ point: [Double], _ measured: DescentFunction.Measurement, before: [Double]?
  ) -> Step {
    Step(
      number: number, parameters: point, value: measured.value,
      change: before.map { distance(point, $0) }, gradientNorm: measured.gradientNorm,
      validation: measured.validation)
  }

  private static func isFinite(_ step: Step) -> Bool {
    step.parameters.allSatisfy(\.isFinite) && step.value.isFinite && step.gradientNorm.isFinite
      && (step.validation?.isFinite ?? true)
  }

  static func norm(_ point: [Double]) -> Double {
    point.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  static func distance(_ a: [Double], _ b: [Double]) -> Double {
    norm(zip(a, b).map { $0 - $1 })
  }
}
