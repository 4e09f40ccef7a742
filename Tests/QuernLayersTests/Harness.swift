import QuernGraph
import QuernInterpreter
import QuernLayers

/// A built network in the interpreter, in double precision, with its first values.
struct Harness {
  let built: BuiltNetwork
  let interpreter: Interpreter<Double>

  /// - Parameter loss: where given, the outputs `loss`, `losses`, `correct` are computed too.
  init(
    _ network: Network, batch: Int, mode: Mode, seed: UInt64 = 1, loss: (any Loss)? = nil,
    regularisation: Regularisation = .none
  ) throws {
    let builder = GraphBuilder()
    built = try network.build(batch: batch, mode: mode, in: builder)
    try builder.output("output", built.output)
    if let loss {
      let objective = try built.objective(loss, regularisation: regularisation)
      try builder.output("loss", objective.loss)
      try builder.output("losses", objective.losses)
      if let correct = objective.correct { try builder.output("correct", correct) }
    }
    interpreter = try Interpreter(builder.graph)
    for parameter in built.parameters {
      try interpreter.write(parameter.name, parameter.initialValues(seed: seed))
    }
    for state in built.state {
      if let floats = state.initialFloats(seed: seed) { try interpreter.write(state.name, floats) }
      if let integers = state.initialIntegers(seed: seed) {
        try interpreter.write(state.name, integers)
      }
    }
    if builder.graph.input(named: Network.exampleWeightName) != nil {
      try interpreter.write(
        Network.exampleWeightName, [Float](repeating: 1, count: batch))
    }
  }

  func output(_ input: [Double]) throws -> [Double] {
    try interpreter.setValues(Network.inputName, input)
    try interpreter.run()
    return try interpreter.values("output")
  }

  /// Normal numbers.
  static func noise(_ count: Int, seed: UInt64) -> [Double] {
    Initialiser.normal(1).values(shape: Shape([count]), fanIn: 1, fanOut: 1, seed: seed)
      .map(Double.init)
  }
}
