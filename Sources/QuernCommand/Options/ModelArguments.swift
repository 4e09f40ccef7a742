import ArgumentParser
import Quern

extension CiresanActivation: ExpressibleByArgument {}

/// Which network: shared by all commands that take one.
struct ModelArguments: ParsableArguments {
  @Argument(help: "A built-in model; 'quern models' lists them.")
  var model: String

  @Option(help: "What stands between the layers of ciresan-1 … ciresan-5: scaled-tanh or relu.")
  var activation: CiresanActivation = .scaledTanh

  func builtIn() throws -> BuiltInModel { try BuiltInModel(named: model) }
  func network() throws -> Network { try builtIn().network(activation: activation) }
}
