import QuernGraph

/// Describes a parameter: a tensor of a network that is trained.
public struct ParameterInfo: Sendable, Hashable {
  /// What a parameter does in its layer.
  public enum Role: String, Sendable, Hashable, Codable {
    /// It multiplies inputs.
    case weight
    /// It is added.
    case bias
    /// It multiplies normalised values.
    case scale
    /// It is added to normalised values.
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
  /// How many inputs an output is a sum over.
  public var fanIn: Int
  /// How many outputs an input is a term of.
  public var fanOut: Int
  /// The graph's input node.
  public var node: NodeID

  /// The values before the first step, row-major. They depend only on the seed and the parameter's
  /// name.
  public func initialValues(seed: UInt64) -> [Float] {
    initialiser.values(
      shape: shape, fanIn: fanIn, fanOut: fanOut, seed: Initialiser.seed(seed, for: name))
  }
}

/// Describes a state: a tensor that a network keeps from step to step without training it.
public struct StateInfo: Sendable, Hashable {
  /// What it holds before the first step.
  public enum Initial: Sendable, Hashable {
    /// Every element has this value.
    case constant(Double)
    /// A scalar `int32` that depends on the seed: where a counter of random numbers starts.
    case counter
  }

  /// The layer's full name and the state's, as in ``ParameterInfo/name``: `batchNorm1.runningMean`.
  public var name: String
  public var layer: String
  /// `float32` or `int32`.
  public var type: TensorType
  public var initial: Initial
  /// The graph's input node.
  public var node: NodeID

  public var shape: Shape { type.shape }

  /// The values before the first step, row-major; nil for a state that is not `float32`.
  public func initialFloats(seed: UInt64) -> [Float]? {
    guard type.element == .float32 else { return nil }
    guard case .constant(let value) = initial else { return nil }
    return [Float](repeating: Float(value), count: shape.elementCount)
  }

  /// The values before the first step, row-major; nil for a state that is not `int32`.
  public func initialIntegers(seed: UInt64) -> [Int32]? {
    guard type.element == .int32 else { return nil }
    switch initial {
    case .constant(let value):
      return [Int32](repeating: Int32(clamping: Int(value)), count: shape.elementCount)
    case .counter:
      // The counter starts below 2³⁰, so it overflows after 2³⁰ steps at the earliest.
      let start = Int32(truncatingIfNeeded: Initialiser.seed(seed, for: name) >> 34)
      return [Int32](repeating: start, count: shape.elementCount)
    }
  }
}

/// What a layer added to the graph, for summaries.
public struct LayerRecord: Sendable, Hashable {
  /// Full name: `residual1.conv2`.
  public var name: String
  public var kind: String
  /// See ``Layer/settings``.
  public var settings: String
  public var outputShape: Shape
  /// Elements of the layer's own parameters, without those of layers inside it.
  public var parameterCount: Int
  /// Multiply-adds of the layer's own products in the forward pass, for the whole batch.
  public var multiplyAdds: Int
  /// The layer's output in the graph.
  public var node: NodeID
}
