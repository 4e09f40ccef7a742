import QuernGraph

/// What is known of a trained tensor of a network.
public struct ParameterInfo: Sendable, Hashable {
  /// What a parameter does in its layer.
  public enum Role: String, Sendable, Hashable, Codable {
    /// Multiplies inputs.
    case weight
    /// Is added.
    case bias
    /// Multiplies normalised values.
    case scale
    /// Is added to normalised values.
    case shift

    /// Whether regularisation and weight decay make the parameter smaller: weights only.
    public var isDecayed: Bool { self == .weight }
  }

  /// The layer's full name and the parameter's: `residual1.conv2.weight`. It is also the name of
  /// the graph's input, and of the tensor in checkpoints.
  public var name: String
  /// The full name of the layer.
  public var layer: String
  public var shape: Shape
  public var role: Role
  public var initialiser: Initialiser
  /// Inputs that one output sums over.
  public var fanIn: Int
  /// Outputs that one input enters.
  public var fanOut: Int
  /// The graph's input node.
  public var node: NodeID

  /// Values to start from, row-major: they depend on the seed and the parameter's name only.
  public func initialValues(seed: UInt64) -> [Float] {
    initialiser.values(
      shape: shape, fanIn: fanIn, fanOut: fanOut, seed: Initialiser.seed(seed, for: name))
  }
}

/// What is known of a tensor that a network keeps from step to step without training it.
public struct StateInfo: Sendable, Hashable {
  /// What it holds before the first step.
  public enum Initial: Sendable, Hashable {
    /// Every element has this value.
    case constant(Double)
    /// A scalar `int32` that depends on the seed: where a counter of random numbers starts.
    case counter
  }

  /// As ``ParameterInfo/name``: `batchNorm1.runningMean`.
  public var name: String
  public var layer: String
  /// `float32` or `int32`.
  public var type: TensorType
  public var initial: Initial
  /// The graph's input node.
  public var node: NodeID

  public var shape: Shape { type.shape }

  /// Values to start from where the state is `float32`, row-major; nil where it is not.
  public func initialFloats(seed: UInt64) -> [Float]? {
    guard type.element == .float32 else { return nil }
    guard case .constant(let value) = initial else { return nil }
    return [Float](repeating: Float(value), count: shape.elementCount)
  }

  /// Values to start from where the state is `int32`, row-major; nil where it is not.
  public func initialIntegers(seed: UInt64) -> [Int32]? {
    guard type.element == .int32 else { return nil }
    switch initial {
    case .constant(let value):
      return [Int32](repeating: Int32(clamping: Int(value)), count: shape.elementCount)
    case .counter:
      // 2³⁰ steps are left before the counter could overflow.
      let start = Int32(truncatingIfNeeded: Initialiser.seed(seed, for: name) >> 34)
      return [Int32](repeating: start, count: shape.elementCount)
    }
  }
}

/// What one layer made, for summaries.
public struct LayerRecord: Sendable, Hashable {
  /// Full name: `residual1.conv2`.
  public var name: String
  public var kind: String
  /// See ``Layer/settings``.
  public var settings: String
  public var outputShape: Shape
  /// Elements of the layer's own parameters; those of layers inside it are counted there.
  public var parameterCount: Int
  /// Multiply-adds of the layer's own products over the whole batch, forward.
  public var multiplyAdds: Int
  /// The layer's output in the graph.
  public var node: NodeID
}
