import QuernErrors
import QuernExecution
import QuernGradient
import QuernGraph

/// An objective as compiled graphs: its value, its gradient and a step, and its values over a plane.
final class DescentFunction {
  private let objective: any DescentObjective
  private let execution: ExecutionOptions
  private let executable: any Executable

  /// Q and what belongs to it at a point.
  struct Measurement {
    var value: Double
    var gradient: [Double]
    var gradientNorm: Double
    var validation: Double?
    /// wᵗ of the rule, for the given wᵗ⁻¹ and the gradient at this point.
    var next: [Double]
  }

  /// - Throws: `QuernError`; what the compiler throws.
  init(
    _ objective: any DescentObjective, rule: StepRule, learningRate: Double,
    execution: ExecutionOptions
  ) throws {
    self.objective = objective
    self.execution = execution
    let builder = GraphBuilder()
    let point = try builder.input("point", [1, 2])
    let base = try builder.input("base", [1, 2])
    let rate = try builder.input("learningRate", [], role: .hyperparameter)
    let value = try builder.labelled("Q") { () throws(QuernError) in
      try Self.value(of: objective, at: point, .training, in: builder)
    }
    let slope = try gradient(of: value.sum(), withRespectTo: [point])[0]
    try builder.output("value", value)
    try builder.output("gradient", slope)
    try builder.output("gradientNorm", (slope * slope).sum().squareRoot())
    try builder.output("next", rule.next(base: base, gradient: slope, rate: rate))
    if objective.hasValidation {
      try builder.labelled("validation") { () throws(QuernError) in
        try builder.output(
          "validation", Self.value(of: objective, at: point, .validation, in: builder))
      }
    }
    executable = try execution.makeExecutable(builder.graph)
    try Self.load(objective, into: executable)
    try executable.write("learningRate", Float(learningRate))
  }

  /// Q at the rows of a tensor of points, (N, 2): (N, 1).
  private static func value(
    of objective: any DescentObjective, at points: Tensor, _ sample: DescentSample,
    in builder: GraphBuilder
  ) throws(QuernError) -> Tensor {
    let count = points.shape[0]
    return try objective.value(
      points.sliced(from: [0, 0], to: [count, 1]), points.sliced(from: [0, 1], to: [count, 2]),
      of: sample, in: builder)
  }

  private static func load(
    _ objective: any DescentObjective, into executable: any Executable
  ) throws {
    for entry in objective.data where executable.graph.input(named: entry.name) != nil {
      try executable.write(entry.name, entry.values)
    }
  }

  /// Runs the graph at a point, for a step from `base`.
  func measure(_ point: [Double], base: [Double]) throws -> Measurement {
    try executable.write("point", point.map(Float.init))
    try executable.write("base", base.map(Float.init))
    try executable.run()
    return Measurement(
      value: Double(try executable.floats("value")[0]),
      gradient: try executable.floats("gradient").map(Double.init),
      gradientNorm: Double(try executable.floats("gradientNorm")[0]),
      validation: objective.hasValidation
        ? Double(try executable.floats("validation")[0]) : nil,
      next: try executable.floats("next").map(Double.init))
  }

  /// Q at many points by one graph.
  func values(at points: [[Double]]) throws -> [Double] {
    guard !points.isEmpty else { return [] }
    let builder = GraphBuilder()
    let input = try builder.input("points", [points.count, 2])
    try builder.output(
      "values", Self.value(of: objective, at: input, .training, in: builder))
    let executable = try execution.makeExecutable(builder.graph)
    try Self.load(objective, into: executable)
    try executable.write("points", points.flatMap { $0.map(Float.init) })
    try executable.run()
    return try executable.floats("values").map(Double.init)
  }
}
