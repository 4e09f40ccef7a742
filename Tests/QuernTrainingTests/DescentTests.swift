import QuernExecution
import QuernGraph
import QuernTraining
import Testing

@Suite struct DescentTests {
  private static let interpreter = ExecutionOptions(backend: .interpreter)

  private func descend(
    _ objective: any DescentObjective, _ stopping: StoppingRule = .parameters(epsilon: 1e-4),
    rule: StepRule = .descent, start: [Double]? = nil, rate: Double? = nil, steps: Int = 2000,
    execution: ExecutionOptions = interpreter
  ) throws -> GradientDescent.Result {
    try GradientDescent(
      objective,
      settings: .init(
        start: start, learningRate: rate, rule: rule, stopping: stopping, maximumSteps: steps,
        execution: execution)
    ).run()
  }

  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// wᵗ = wᵗ⁻¹ − η∇Q(wᵗ⁻¹), against the bowl's gradient by hand.
  @Test func theStepIsTheLectures() throws {
    let bowl = try QuadraticBowl(condition: 4, center: (1, -0.5))
    let result = try descend(bowl, start: [-2, 1], rate: 0.1)
    for (before, after) in zip(result.steps, result.steps.dropFirst()) {
      let w = before.parameters
      let gradient = [w[0] - 1, 4 * (w[1] + 0.5)]
      let next = [w[0] - 0.1 * gradient[0], w[1] - 0.1 * gradient[1]]
      #expect(distance(after.parameters, next) < 1e-6)
      #expect(abs(before.gradientNorm - distance(gradient, [0, 0])) < 1e-5)
      #expect(abs((after.change ?? -1) - distance(after.parameters, w)) < 1e-12)
      let value = 0.5 * (gradient[0] * gradient[0] + gradient[1] * gradient[1] / 4)
      #expect(abs(before.value - value) < 1e-5 * max(1, value))
    }
  }

  /// ‖wᵗ − wᵗ⁻¹‖ < ε for the first time at the last step.
  @Test func parametersRule() throws {
    let bowl = try QuadraticBowl()
    let result = try descend(bowl, .parameters(epsilon: 1e-3))
    #expect(result.outcome == .stopped && result.kept == result.steps.count - 1)
    let changes = result.steps.dropFirst().compactMap(\.change)
    #expect(try #require(changes.last) < 1e-3)
    #expect(changes.dropLast().allSatisfy { $0 >= 1e-3 })
    #expect(distance(result.best.parameters, bowl.center) < 1e-2)
  }

  /// ‖∇Q(wᵗ)‖ < ε for the first time at the last step.
  @Test func gradientRule() throws {
    let result = try descend(try QuadraticBowl(), .gradient(epsilon: 1e-3))
    #expect(result.outcome == .stopped)
    let norms = result.steps.map(\.gradientNorm)
    #expect(try #require(norms.last) < 1e-3)
    #expect(norms.dropLast().allSatisfy { $0 >= 1e-3 })
    // At the minimum there is nothing to do.
    let none = try descend(try QuadraticBowl(), .gradient(epsilon: 1e-3), start: [1, -0.5])
    #expect(none.outcome == .stopped && none.steps.count == 1)
  }

  /// `patience` steps after the lowest validation error, whose parameters are kept.
  @Test(arguments: [1, 3, 20])
  func validationRule(patience: Int) throws {
    let result = try descend(MeanLoss(.logistic), .validation(patience: patience), steps: 5000)
    #expect(result.outcome == .stopped)
    let errors = result.steps.compactMap(\.validation)
    #expect(errors.count == result.steps.count)
    #expect(result.kept == errors.count - 1 - patience)
    #expect(result.best.validation == errors.min())
    #expect(errors.firstIndex(of: result.best.validation ?? 0) == result.kept)
    // The training loss still falls: it is the validation error that decides.
    #expect(try #require(result.steps.last).value < result.best.value)
  }

  @Test func leastSquaresComesToTheNormalEquations() throws {
    let objective = try MeanLoss(.squares, seed: 3)
    let result = try descend(objective, .gradient(epsilon: 1e-4))
    #expect(result.outcome == .stopped)
    #expect(distance(result.best.parameters, try #require(objective.minimum)) < 1e-3)
    #expect(try MeanLoss(.squares, seed: 3).data == objective.data)
    #expect(try MeanLoss(.squares, seed: 4).data != objective.data)
  }

  @Test func rosenbrocksValley() throws {
    let result = try descend(
      Rosenbrock(), .gradient(epsilon: 0.05), steps: 20_000, execution: ExecutionOptions())
    #expect(result.outcome == .stopped)
    #expect(distance(result.best.parameters, [1, 1]) < 0.15)
  }

  @Test func kernelsAndInterpreterTakeTheSamePath() throws {
    for objective: any DescentObjective in [
      Rosenbrock(), try QuadraticBowl(), try MeanLoss(), try MeanLoss(.logistic),
    ] {
      let a = try descend(objective, steps: 30).steps
      let b = try descend(objective, steps: 30, execution: ExecutionOptions()).steps
      #expect(a.count == b.count)
      for (x, y) in zip(a, b) {
        #expect(distance(x.parameters, y.parameters) < 1e-4, "\(objective.name)")
      }
    }
  }

  /// η ≥ 2/λ₂ is too much, anything below is not.
  @Test func theLargestLearningRate() throws {
    let bowl = try QuadraticBowl(condition: 10)
    #expect(try descend(bowl, rate: 0.19).outcome == .stopped)
    #expect(try descend(bowl, rate: 0.21).outcome == .diverged(.outOfBounds))
    #expect(try descend(Rosenbrock(), rate: 0.1).outcome == .diverged(.notFinite))
  }

  /// The quiz's answers with + climb: each Q is above the one before.
  @Test(arguments: [StepRule.ascent, .quiz1])
  func plusClimbs(_ rule: StepRule) throws {
    let result = try descend(try QuadraticBowl(), rule: rule, rate: 0.05)
    #expect(result.outcome == .diverged(.outOfBounds))
    for (before, after) in zip(result.steps, result.steps.dropFirst()) {
      #expect(after.value > before.value)
    }
  }

  /// Always in the direction of ∇Q(w⁰): equal steps, further and further away.
  @Test func theFirstGradientForEver() throws {
    let result = try descend(try QuadraticBowl(), rule: .quiz4, steps: 200)
    #expect(result.outcome == .diverged(.higherThanAtStart))
    let changes = result.steps.compactMap(\.change)
    #expect(try #require(changes.max()) - (try #require(changes.min())) < 1e-4)
  }

  /// Without the minus it is a product: from near the origin w shrinks to it, and it is no minimum.
  @Test(arguments: [StepRule.quiz2, .quiz3])
  func aProductStalls(_ rule: StepRule) throws {
    let result = try descend(try QuadraticBowl(), rule: rule, start: [-0.5, 0.25], rate: 0.1)
    #expect(result.outcome == .stopped)
    #expect(distance(result.best.parameters, [0, 0]) < 1e-3)
    // ∇Q(0) = (−1, 5).
    #expect(abs(result.best.gradientNorm - 26.0.squareRoot()) < 0.02)
  }

  @Test func anImplicitStep() throws {
    // wᵗ − m = (wᵗ⁻¹ − m)/(1 + ηλ).
    let bowl = try QuadraticBowl(condition: 2, center: (1, -0.5))
    let result = try descend(bowl, rule: .implicit, start: [3, 0.5], rate: 0.2)
    #expect(result.outcome == .stopped)
    let w = result.steps[1].parameters
    #expect(abs(w[0] - (1 + 2 / 1.2)) < 1e-5 && abs(w[1] - (-0.5 + 1 / 1.4)) < 1e-5)
    #expect(
      try descend(bowl, rule: .implicit, rate: 0.9).outcome == .diverged(.noSolution))
  }

  @Test func outOfStepsAndInterrupted() throws {
    #expect(try descend(Rosenbrock(), steps: 5).outcome == .outOfSteps)
    let descent = try GradientDescent(
      Rosenbrock(), settings: .init(execution: Self.interpreter))
    let result = try descent.run { true }
    #expect(result.outcome == .interrupted && result.steps.count == 2)
  }

  @Test func valuesOverAPlane() throws {
    let descent = try GradientDescent(
      Rosenbrock(), settings: .init(execution: Self.interpreter))
    #expect(try descent.values(at: [[1, 1], [0, 0], [-1, 2]]) == [0, 1, 104])
    #expect(try descent.values(at: []).isEmpty)
  }

  @Test func settingsThatMakeNoSense() throws {
    func problem(
      _ objective: any DescentObjective = Rosenbrock(),
      _ change: (inout GradientDescent.Settings) -> Void
    ) -> String {
      var settings = GradientDescent.Settings(execution: Self.interpreter)
      change(&settings)
      return message { _ = try GradientDescent(objective, settings: settings) }
    }
    #expect(problem { _ in } == "no error")
    #expect(problem { $0.learningRate = 0 }.contains("learning rate: 0"))
    #expect(problem { $0.learningRate = -.infinity }.contains("learning rate"))
    #expect(problem { $0.start = [1] }.contains("1 number found"))
    #expect(problem { $0.start = [1, .nan] }.contains("w₁, w₂"))
    #expect(problem { $0.maximumSteps = 0 }.contains("steps"))
    #expect(problem { $0.stopping = .parameters(epsilon: -1) }.contains("epsilon: -1"))
    #expect(problem { $0.stopping = .gradient(epsilon: 0) }.contains("epsilon"))
    #expect(problem { $0.stopping = .gradient(epsilon: .nan) }.contains("epsilon"))
    #expect(problem { $0.stopping = .validation(patience: 5) }.contains("mean-loss"))
    let patience = problem(try MeanLoss()) { $0.stopping = .validation(patience: 0) }
    #expect(patience.contains("patience: 0"))
    #expect(message { _ = try QuadraticBowl(condition: 0.5) }.contains("condition"))
    #expect(message { _ = try MeanLoss(count: 1) }.contains("examples: 1"))
  }
}
