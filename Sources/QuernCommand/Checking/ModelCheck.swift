import Quern

/// Compares what every backend computes for a model with double precision, and that with finite
/// differences.
struct ModelCheck {
  /// One comparison of one tensor.
  struct Finding: Encodable {
    /// `finite differences`, `interpreter f32`, `tinycc avx512`…
    var comparison: String
    /// `loss`, `gradient/conv1.weight`, `updated/conv1.weight`.
    var tensor: String
    /// Relative to the tensor's largest value (`updated`: to the largest change).
    var error: Double
    var tolerance: Double
    var isSound: Bool
  }

  let network: Network
  let batch: Int
  /// Coordinates of each parameter whose gradient is compared with finite differences.
  let samples: Int
  /// Compiled variants, each for all of the thread counts.
  let variants: [ExecutionOptions]
  let threadCounts: [Int]

  /// Differences of single precision, relative to the tensor's largest value.
  static let tolerance = 1e-4
  /// Central differences in double precision.
  static let differenceTolerance = 1e-4

  private let gradientStep: GradientStep
  private let trainingStep: TrainingStep

  init(
    _ network: Network, batch: Int, samples: Int, variants: [ExecutionOptions],
    threadCounts: [Int]
  ) throws {
    self.network = network
    self.batch = batch
    self.samples = samples
    self.variants = variants
    self.threadCounts = threadCounts
    gradientStep = try GradientStep(network, batchSize: batch)
    trainingStep = try TrainingStep(network, optimizer: Momentum(), batchSize: batch)
  }

  private var workload: Workload { Workload(network: network, kind: .train, batch: batch) }

  /// All values of a gradient step and of a training step, by tensor.
  private typealias Values = [String: [Double]]

  func run() throws -> [Finding] {
    let before = try initialParameters()
    let reference = try values { try Interpreter<Double>($0) }
    var findings = try compareWithDifferences(reference)
    let single = try values { try Interpreter<Float>($0) }
    findings += compare(single, reference, before, "interpreter f32")
    for variant in variants {
      var first: Values?
      for threads in threadCounts {
        var options = variant
        options.threads = threads
        let result = try values { try options.makeExecutable($0) }
        let name = "\(options.backend.rawValue) \(options.target)"
        guard let first else {
          findings += compare(result, reference, before, name)
          first = result
          continue
        }
        for (tensor, values) in result where values.map(\.bitPattern) != first[tensor]?.bits {
          findings.append(
            Finding(
              comparison: "\(name), \(threads) against \(threadCounts[0]) threads",
              tensor: tensor, error: Deviation.relative(values, first[tensor] ?? []),
              tolerance: 0, isSound: false))
        }
      }
    }
    return findings
  }

  private func initialParameters() throws -> Values {
    var result: Values = [:]
    let weights = try network.initialWeights(seed: 1)
    for parameter in gradientStep.parameters {
      result[parameter.name] = try weights.values(parameter.name).map(Double.init)
    }
    return result
  }

  private func values(_ make: (Graph) throws -> any Executable) throws -> Values {
    func read(_ executable: any Executable, _ name: String) throws -> [Double] {
      if let interpreter = executable as? Interpreter<Double> {
        return try interpreter.values(name)
      }
      return try executable.floats(name).map(Double.init)
    }
    var result: Values = [:]
    let gradients = try make(gradientStep.graph)
    try workload.prepare(gradients)
    try gradients.run()
    for output in gradientStep.graph.outputs {
      result[output.name] = try read(gradients, output.name)
    }
    let training = try make(trainingStep.graph)
    try workload.prepare(training)
    try trainingStep.clearOptimizer(training)
    // A rate at which the updates are about as large as the weights.
    try training.write("learningRate", 1)
    try training.run()
    for name in trainingStep.parameterNames {
      result["updated/" + name] = try read(training, name)
    }
    return result
  }

  private func compare(
    _ values: Values, _ reference: Values, _ before: Values, _ comparison: String
  ) -> [Finding] {
    let names = gradientStep.graph.outputs.map(\.name)
    var findings = names.map { name in
      finding(
        comparison, name, Deviation.relative(values[name] ?? [], reference[name] ?? []),
        Self.tolerance)
    }
    for name in trainingStep.parameterNames {
      let tensor = "updated/" + name
      guard let old = before[name], let new = values[tensor], let wanted = reference[tensor] else {
        continue
      }
      // Rounding the new weight is no fault of the gradient's.
      let largest = wanted.reduce(0) { max($0, abs($1)) }
      findings.append(
        finding(
          comparison, tensor,
          Deviation.relative(
            zip(new, old).map { $0 - $1 }, zip(wanted, old).map { $0 - $1 },
            allowance: largest * 0x1p-22),
          Self.tolerance))
    }
    return findings
  }

  private func finding(
    _ comparison: String, _ tensor: String, _ error: Double, _ tolerance: Double
  ) -> Finding {
    Finding(
      comparison: comparison, tensor: tensor, error: error, tolerance: tolerance,
      isSound: error <= tolerance)
  }

  /// Difference quotients of the loss at the coordinate with the largest gradient, and at others
  /// drawn at random.
  private func compareWithDifferences(_ reference: Values) throws -> [Finding] {
    let forward = gradientStep.forward
    let interpreter = try Interpreter<Double>(forward)
    try workload.prepare(interpreter)
    let states = try forward.inputs.filter { $0.input.role == .state }.map {
      (name: $0.input.name, values: try interpreter.values($0.input.name))
    }
    func loss(_ name: String, _ values: [Double]) throws -> Double {
      for state in states { try interpreter.setValues(state.name, state.values) }
      try interpreter.setValues(name, values)
      try interpreter.run()
      return try interpreter.values(StepOutput.loss)[0]
    }
    var generator = SeededGenerator(seed: 3)
    let value = reference[StepOutput.loss]?.first ?? .nan
    return try gradientStep.parameters.map { parameter in
      let name = GradientStep.output(of: parameter.name)
      let gradient = reference[name] ?? []
      let original = try interpreter.values(parameter.name)
      let largest = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? 0
      let places =
        [largest]
        + (1..<max(samples, 1)).map { _ in generator.nextIndex(below: original.count) }
      // A loss near 1 is known to 1e-16, so its slope to 1e-9 at best.
      let scale = max(abs(gradient[largest]), 1e-6)
      var error = 0.0
      for place in places {
        let quotient = try DifferenceQuotient(
          value: value, resolution: Self.differenceTolerance * scale
        ) { distance in
          var moved = original
          moved[place] += distance
          return try loss(parameter.name, moved)
        }
        let difference = max(abs(quotient.slope - gradient[place]) - quotient.spread, 0) / scale
        error = difference.isFinite ? max(error, difference) : .nan
        if error.isNaN { break }
      }
      try interpreter.setValues(parameter.name, original)
      return finding("finite differences", name, error, Self.differenceTolerance)
    }
  }
}

extension [Double] {
  fileprivate var bits: [UInt64] { map(\.bitPattern) }
}
