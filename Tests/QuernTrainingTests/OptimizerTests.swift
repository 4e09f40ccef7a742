import QuernGraph
import QuernInterpreter
import QuernLayers
import QuernTraining
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Optimisers against their formulas in plain double arithmetic, over several steps.
@Suite struct OptimizerTests {
  /// Steps of an optimiser's graph on one parameter, with the gradients given.
  private func run(
    _ optimizer: any Optimizer, weights: [Double], gradients: [[Double]], rates: [Double],
    role: ParameterInfo.Role = .weight
  ) throws -> [Double] {
    let builder = GraphBuilder()
    let shape = Shape([weights.count])
    let weight = try builder.input("w", shape, role: .parameter)
    let gradient = try builder.input("g", shape)
    let state = try optimizer.stateNames.map { try builder.input($0, shape, role: .state) }
    let scalars = try optimizer.hyperparameters.map {
      try builder.input($0, [], role: .hyperparameter)
    }
    let updated = try optimizer.update(
      weight, gradient: gradient, state: state, hyperparameters: scalars, role: role)
    try builder.update(weight, to: updated.weight)
    for (old, new) in zip(state, updated.state) { try builder.update(old, to: new) }
    let interpreter = try Interpreter<Double>(builder.graph)
    try interpreter.setValues("w", weights)
    for (index, g) in gradients.enumerated() {
      try interpreter.setValues("g", g)
      let values = optimizer.values(learningRate: rates[index], step: index + 1)
      for (name, value) in zip(optimizer.hyperparameters, values) {
        try interpreter.setValues(name, [value])
      }
      try interpreter.run()
    }
    return try interpreter.values("w")
  }

  private let weights = [1.0, -0.5, 0.25]
  private let gradients = [[0.1, -0.2, 0.0], [0.3, 0.1, -0.4], [-0.2, 0.05, 0.6]]
  private let rates = [0.1, 0.05, 0.2]

  private func expect(_ values: [Double], _ expected: [Double]) {
    for (value, wanted) in zip(values, expected) { #expect(abs(value - wanted) < 1e-12) }
    #expect(values.count == expected.count)
  }

  /// The formula for one element: w and its state, a step at a time.
  private func reference(
    _ step: (inout Double, Double, inout [Double], Double, Int) -> Void, states: Int
  ) -> [Double] {
    weights.indices.map { place in
      var w = weights[place]
      var state = [Double](repeating: 0, count: states)
      for (index, g) in gradients.enumerated() {
        step(&w, g[place], &state, rates[index], index + 1)
      }
      return w
    }
  }

  @Test func gradientDescent() throws {
    expect(
      try run(SGD(), weights: weights, gradients: gradients, rates: rates),
      reference({ w, g, _, rate, _ in w -= rate * g }, states: 0))
    expect(
      try run(SGD(weightDecay: 0.1), weights: weights, gradients: gradients, rates: rates),
      reference({ w, g, _, rate, _ in w -= rate * (g + 0.1 * w) }, states: 0))
  }

  /// A worked step: w = 1, g = 0.5, η = 0.1 gives 0.95.
  @Test func workedStep() throws {
    let values = try run(SGD(), weights: [1], gradients: [[0.5]], rates: [0.1])
    expect(values, [0.95])
    // Momentum's second step moves by η·(μ·g + g) = 0.1·0.95: 0.95 − 0.095.
    let second = try run(Momentum(), weights: [1], gradients: [[0.5], [0.5]], rates: [0.1, 0.1])
    expect(second, [0.855])
    // Adam's first step is η, whatever the gradient's size (ε apart).
    let adam = try run(Adam(epsilon: 0), weights: [1], gradients: [[0.5]], rates: [0.1])
    expect(adam, [0.9])
  }

  @Test func momentum() throws {
    expect(
      try run(
        Momentum(0.8, weightDecay: 0.1), weights: weights, gradients: gradients, rates: rates),
      reference(
        { w, g, state, rate, _ in
          state[0] = 0.8 * state[0] + g + 0.1 * w
          w -= rate * state[0]
        }, states: 1))
  }

  @Test func nesterov() throws {
    expect(
      try run(Nesterov(0.8), weights: weights, gradients: gradients, rates: rates),
      reference(
        { w, g, state, rate, _ in
          state[0] = 0.8 * state[0] + g
          w -= rate * (g + 0.8 * state[0])
        }, states: 1))
  }

  @Test func adam() throws {
    expect(
      try run(
        Adam(beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1), weights: weights,
        gradients: gradients, rates: rates),
      reference(
        { w, g, state, rate, t in
          let g = g + 0.1 * w
          state[0] = 0.8 * state[0] + 0.2 * g
          state[1] = 0.95 * state[1] + 0.05 * g * g
          let first = state[0] / (1 - pow(0.8, Double(t)))
          let second = state[1] / (1 - pow(0.95, Double(t)))
          w -= rate * first / (second.squareRoot() + 1e-3)
        }, states: 2))
  }

  @Test func decoupledDecay() throws {
    expect(
      try run(
        AdamW(epsilon: 1e-3, weightDecay: 0.1), weights: weights, gradients: gradients,
        rates: rates),
      reference(
        { w, g, state, rate, t in
          w *= 1 - rate * 0.1
          state[0] = 0.9 * state[0] + 0.1 * g
          state[1] = 0.999 * state[1] + 0.001 * g * g
          let first = state[0] / (1 - pow(0.9, Double(t)))
          let second = state[1] / (1 - pow(0.999, Double(t)))
          w -= rate * first / (second.squareRoot() + 1e-3)
        }, states: 2))
  }

  @Test(
    arguments: [
      SGD(weightDecay: 0.3), Momentum(weightDecay: 0.3), Nesterov(weightDecay: 0.3),
      Adam(weightDecay: 0.3), AdamW(weightDecay: 0.3),
    ] as [any Optimizer])
  func weightsAloneDecay(_ optimizer: any Optimizer) throws {
    for role in [ParameterInfo.Role.bias, .scale, .shift] {
      let still = try run(
        optimizer, weights: weights, gradients: [[0, 0, 0]], rates: [0.1], role: role)
      #expect(still == weights, "\(role)")
    }
    let decayed = try run(optimizer, weights: weights, gradients: [[0, 0, 0]], rates: [0.1])
    for (before, after) in zip(weights, decayed) { #expect(abs(after) < abs(before)) }
  }
}
