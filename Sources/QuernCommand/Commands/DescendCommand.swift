import ArgumentParser
import Quern
import QuernDrawing

extension StepRule: ExpressibleByArgument {}
extension MeanLoss.Kind: ExpressibleByArgument {}

struct DescendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "descend",
    abstract: "Gradient descent on a function of two parameters, step by step.",
    discussion: """
      The function, its symbolic gradient and the step are one graph, run by compiled kernels in \
      single precision. Functions:

        bowl        ½((w₁ − 1)² + κ(w₂ + 0.5)²), κ by --condition
        rosenbrock  (1 − w₁)² + 100(w₂ − w₁²)²
        mean-loss   (1/ℓ) Σ L(yᵢ, a(xᵢ)): least squares or logistic regression, by --loss

      Step rules: descent is the right one, wᵗ = wᵗ⁻¹ − η∇Q(wᵗ⁻¹). ascent has + for −; implicit takes \
      the gradient at wᵗ; quiz-1 … quiz-4 are the answers of the lecture's quiz as printed: \
      wᵗ⁻¹ + η∇Q(wᵗ), wᵗ⁻¹ η∇Q(wᵗ⁻¹), wᵗ⁻¹ η∇Q(wᵗ), wᵗ⁻¹ + η∇Q(w⁰).

      Descent that diverges ends with status 1. Examples:

        quern descend bowl --condition 20 --svg bowl.svg
        quern descend rosenbrock --stop gradient --epsilon 0.01
        quern descend mean-loss --loss logistic --stop validation --patience 20
        quern descend bowl --step-rule quiz-4
        quern descend bowl --learning-rate 0.3
      """)

  @Argument(help: "bowl, rosenbrock or mean-loss.")
  var function: String

  @Option(help: "w⁰, as two numbers with a comma: --start=-2,1. (default: the function's)")
  var start: String?

  @Option(
    parsing: .unconditional, help: "η. (default: one with which descent on the function converges)")
  var learningRate: Double?

  @Option(help: "descent, ascent, implicit, quiz-1, quiz-2, quiz-3 or quiz-4; see above.")
  var stepRule: StepRule = .descent

  @OptionGroup var stopping: StopArguments

  @Option(parsing: .unconditional, help: "Steps after which descent ends in any case.")
  var maxSteps = 10_000

  @Option(
    parsing: .unconditional,
    help: "bowl: κ, how many times steeper it is across than along. (default: 10)")
  var condition: Double?

  @Option(help: "mean-loss: squares or logistic. (default: squares)")
  var loss: MeanLoss.Kind?

  @Option(parsing: .unconditional, help: "mean-loss: decides the examples. (default: 1)")
  var seed: UInt64?

  @Option(parsing: .unconditional, help: "mean-loss: ℓ, the training examples. (default: 20)")
  var examples: Int?

  @Option(help: "Draw the path over contours, and Q and ‖∇Q‖ over the steps, into this SVG file.")
  var svg: String?

  @Flag(help: "Print JSON: every step.")
  var json = false

  @OptionGroup var execution: ExecutionArguments

  func run() throws {
    let objective = try objective()
    if let svg { try Files.checkWritable(svg) }
    guard let rule = try stopping.rule(default: .parameters, epsilon: 1e-4) else {
      throw Failure("--stop: no rule; give parameters, gradient or validation")
    }
    let descent = try GradientDescent(
      objective,
      settings: GradientDescent.Settings(
        start: start.map { try numbers($0) }, learningRate: learningRate, rule: stepRule,
        stopping: rule, maximumSteps: maxSteps, execution: try execution.options()))
    Interrupt.install()
    let result = try descent.run { Interrupt.isRequested }
    let report = DescentReport(descent, result)
    if json {
      try JSONOutput.print(report.summary)
    } else {
      report.print()
    }
    if let svg {
      try atomicWrite(Array(DescentDrawing(descent, result).drawing().svg.utf8), to: svg)
      if !json { print("drawn in \(svg)") }
    }
    switch result.outcome {
    case .stopped, .outOfSteps: return
    case .interrupted: throw ExitCode(130)
    case .diverged:
      if json { throw ExitCode.failure }
      throw Failure(report.verdict)
    }
  }

  private func numbers(_ text: String) throws -> [Double] {
    let fields = text.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = fields.compactMap { field in
      Double(field.drop { $0 == " " })
    }
    guard numbers.count == fields.count else {
      throw Failure("--start is \"\(text)\"; give numbers with commas, such as --start=-2,1")
    }
    return numbers
  }

  private func objective() throws -> any DescentObjective {
    func refuse(_ option: String, _ isGiven: Bool, for name: String) throws {
      if isGiven {
        throw Failure("\(option) is for \(name), not for \(function); leave it out")
      }
    }
    if function != "bowl" { try refuse("--condition", condition != nil, for: "bowl") }
    if function != "mean-loss" {
      try refuse("--loss", loss != nil, for: "mean-loss")
      try refuse("--seed", seed != nil, for: "mean-loss")
      try refuse("--examples", examples != nil, for: "mean-loss")
    }
    switch function {
    case "bowl": return try QuadraticBowl(condition: condition ?? 10)
    case "rosenbrock": return Rosenbrock()
    case "mean-loss":
      return try MeanLoss(loss ?? .squares, seed: seed ?? 1, count: examples ?? 20)
    default:
      throw Failure("there is no function \"\(function)\"; use bowl, rosenbrock or mean-loss")
    }
  }
}
