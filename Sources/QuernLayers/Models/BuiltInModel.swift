import QuernErrors
import QuernGraph

/// The networks that come with Quern, by the names the command knows them by.
public enum BuiltInModel: String, Sendable, Hashable, CaseIterable, Codable {
  case digitsConv = "digits-conv"
  case fc
  case ciresan1 = "ciresan-1"
  case ciresan2 = "ciresan-2"
  case ciresan3 = "ciresan-3"
  case ciresan4 = "ciresan-4"
  case ciresan5 = "ciresan-5"
  case lenet
  case vgg
  case resnet8

  /// - Throws: `QuernError` where there is no such model; it lists those there are.
  public init(named name: String) throws(QuernError) {
    guard let model = Self(rawValue: name) else {
      throw QuernError(
        "model \(name)", "there is no such built-in model",
        remedy: "use one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self = model
  }

  public var name: String { rawValue }

  /// Whether there is a choice of activations.
  public var hasActivations: Bool {
    switch self {
    case .ciresan1, .ciresan2, .ciresan3, .ciresan4, .ciresan5: true
    case .digitsConv, .fc, .lenet, .vgg, .resnet8: false
    }
  }

  /// The network. The activation matters where ``hasActivations``.
  public func network(activation: CiresanActivation = .scaledTanh) -> Network {
    switch self {
    case .digitsConv: Models.digitsConv
    case .fc: Models.fc
    case .ciresan1: Models.ciresan(1, [1000, 500], activation)
    case .ciresan2: Models.ciresan(2, [1500, 1000, 500], activation)
    case .ciresan3: Models.ciresan(3, [2000, 1500, 1000, 500], activation)
    case .ciresan4: Models.ciresan(4, [2500, 2000, 1500, 1000, 500], activation)
    case .ciresan5: Models.ciresan(5, [Int](repeating: 1000, count: 9), activation)
    case .lenet: Models.lenet
    case .vgg: Models.vgg
    case .resnet8: Models.resnet8
    }
  }
}

/// What stands between the layers of the Cireşan networks.
public enum CiresanActivation: String, Sendable, Hashable, CaseIterable, Codable {
  /// The paper's: ``ScaledTanh``.
  case scaledTanh = "scaled-tanh"
  case relu
}

/// The built-in networks' descriptions, a file a network.
enum Models {}
