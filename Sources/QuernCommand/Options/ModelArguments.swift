import ArgumentParser
import Quern

extension CiresanActivation: ExpressibleByArgument {}

/// Which network: shared by all commands that take one.
struct ModelArguments: ParsableArguments {
  @Argument(help: "A built-in model; 'quern models' lists them.")
  var model: String

  @OptionGroup var activation: ActivationArguments

  func builtIn() throws -> BuiltInModel { try BuiltInModel(named: model) }
  func network() throws -> Network { try activation.network(builtIn()) }
}

/// What stands between a built-in model's layers, where there is a choice.
struct ActivationArguments: ParsableArguments {
  @Option(
    help: """
      What stands between the layers of ciresan-1 … ciresan-5: scaled-tanh or relu. (default: \
      scaled-tanh)
      """)
  var activation: CiresanActivation?

  /// - Throws: `Failure` where there is no choice of activations.
  func network(_ model: BuiltInModel) throws -> Network {
    guard activation == nil || model.hasActivations else {
      let models = BuiltInModel.allCases.filter(\.hasActivations).map(\.name)
      throw Failure(
        "--activation chooses for \(models.joined(separator: ", ")); \(model.name) has its own: "
          + "leave the option out")
    }
    return model.network(activation: activation ?? .scaledTanh)
  }
}
