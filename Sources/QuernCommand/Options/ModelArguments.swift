import ArgumentParser
import Quern

extension CiresanActivation: ExpressibleByArgument {}

/// Which network: shared by all commands that take one.
struct ModelArguments: ParsableArguments {
  @Argument(help: "A built-in model; 'quern models' lists them.")
  var model: String

  @Option(
    help: """
      What stands between the layers of ciresan-1 … ciresan-5: scaled-tanh or relu. (default: \
      scaled-tanh)
      """)
  var activation: CiresanActivation?

  func builtIn() throws -> BuiltInModel { try BuiltInModel(named: model) }
  func network() throws -> Network { try builtIn().network(choosing: activation) }
}

extension BuiltInModel {
  /// - Throws: `Failure` where there is no choice of activations.
  func network(choosing activation: CiresanActivation?) throws -> Network {
    guard activation == nil || hasActivations else {
      let models = Self.allCases.filter(\.hasActivations).map(\.name).joined(separator: ", ")
      throw Failure(
        "--activation chooses for \(models); \(name) has its own: leave the option out")
    }
    return network(activation: activation ?? .scaledTanh)
  }
}
