import QuernData
import QuernErrors
import QuernGraph

/// What a network has learnt: its parameters, and state such as running averages, by name.
///
/// Values are dense, row-major, in the documented order of each layer, whatever order compiled
/// kernels keep them in.
public struct Weights: Sendable, Equatable {
  /// By name, such as `conv1.weight`.
  public var tensors: [String: Safetensors.Tensor]

  public init(_ tensors: [String: Safetensors.Tensor] = [:]) { self.tensors = tensors }

  /// The values of one tensor.
  ///
  /// - Throws: `QuernError` where there is no such tensor.
  public func values(_ name: String) throws -> [Float] {
    try Safetensors(tensors: tensors).tensor(name).values()
  }

  /// Copies the named tensors out of an executable.
  public init(_ names: [String], of executable: any Executable) throws {
    tensors = [:]
    for name in names {
      let type = try executable.type(of: name)
      let shape = type.shape.extents
      tensors[name] =
        switch type.element {
        case .float32: try .init(executable.floats(name), shape: shape)
        case .int32: try .init(executable.integers(name), shape: shape)
        case .uint8:
          throw QuernError(
            name, "a parameter of type uint8", remedy: "keep parameters as float32 or int32")
        }
    }
  }

  /// Copies all tensors into the inputs of an executable that bear their names. An executable for
  /// inference lacks some, such as the counter of dropout's random numbers.
  public func copy(to executable: any Executable) throws {
    let inputs = Set(executable.graph.persistentInputs.map(\.name))
    for (name, tensor) in tensors where inputs.contains(name) {
      try tensor.bytes.withUnsafeBytes { try executable.write(name, from: $0) }
    }
  }
}

/// A tensor that a network wants.
struct TensorSignature: Hashable, Sendable {
  var name: String
  var type: TensorType
}

extension Graph {
  /// The inputs that are kept from step to step.
  var persistentInputs: [TensorSignature] {
    inputs.filter { $0.input.role == .parameter || $0.input.role == .state }
      .map { TensorSignature(name: $0.input.name, type: $0.type) }
  }
}
