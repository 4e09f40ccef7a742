import QuernErrors
import QuernGraph

/// The shape of one example.
public enum InputShape: Sendable, Hashable, Codable, CustomStringConvertible {
  /// A picture (H, W, C): height, width, channels.
  case picture(height: Int, width: Int, channels: Int)
  /// A vector (F).
  case features(Int)

  /// Without the batch.
  public var extents: [Int] {
    switch self {
    case .picture(let height, let width, let channels): [height, width, channels]
    case .features(let count): [count]
    }
  }

  /// Numbers an example holds.
  ///
  /// - Precondition: the extents are sound, as ``Network/build(batch:mode:in:)`` checks.
  public var elementCount: Int { extents.reduce(1, *) }

  public var description: String { extents.map(String.init).joined(separator: "×") }
}

/// A network: layers one after the other, for inputs of one shape. A value without weights.
///
///     let network = Network("digits", input: .picture(height: 8, width: 8, channels: 1)) {
///       Conv2D(32, kernel: 3, padding: .same)
///       ReLU()
///       MaxPool(2)
///       Flatten()
///       Dense(10)
///     }
public struct Network: Sendable {
  /// Name of the data input: pictures (N, H, W, C) or features (N, F), `float32`.
  public static let inputName = "input"
  /// Name of the data input with the weight of each example, (N), `float32`.
  public static let exampleWeightName = "exampleWeight"
  /// Name of the state that counts steps for random numbers, a scalar `int32`.
  public static let randomCounterName = "random.counter"

  /// What summaries, errors and checkpoints call it.
  public var name: String
  /// Of one example, without the batch.
  public var input: InputShape
  /// In the order of computation.
  public var layers: [any Layer]

  public init(_ name: String, input: InputShape, @LayerBuilder _ layers: () -> [any Layer]) {
    self.init(name, input: input, layers: layers())
  }

  public init(_ name: String, input: InputShape, layers: [any Layer]) {
    self.name = name
    self.input = input
    self.layers = layers
  }

  /// Builds the network's graph.
  ///
  /// - Parameters:
  ///   - batch: N, examples a step.
  ///   - mode: what for; batch normalisation and dropout differ.
  ///   - builder: where to; it should not hold another network.
  /// - Throws: `QuernError` that names the layer, the shapes and the remedy.
  public func build(
    batch: Int, mode: Mode, in builder: GraphBuilder
  ) throws(QuernError) -> BuiltNetwork {
    guard !layers.isEmpty else {
      throw QuernError(name, "the network has no layers", remedy: "put layers between the braces")
    }
    let shape = try Shape(checking: [batch] + input.extents, of: "\(name) (input)")
    let context = LayerContext(builder: builder, mode: mode, batch: batch)
    let input = try builder.input(Self.inputName, shape)
    let output = try context.apply(layers, to: input)
    return BuiltNetwork(network: self, context: context, input: input, output: output)
  }

  /// Every parameter, in the order of the layers; the node numbers are those of a graph for
  /// inference.
  ///
  /// - Throws: `QuernError` as ``build(batch:mode:in:)`` does.
  public func parameters() throws(QuernError) -> [ParameterInfo] {
    try build(batch: 1, mode: .inference, in: GraphBuilder()).parameters
  }
}

/// A network's nodes in a graph under construction.
public struct BuiltNetwork {
  public let network: Network
  /// Where the layers declared what they have.
  public let context: LayerContext
  /// The data input ``Network/inputName``: (N, H, W, C) or (N, F).
  public let input: Tensor
  /// What the last layer makes; for a classifier the logits, (N, K).
  public let output: Tensor

  public var builder: GraphBuilder { context.builder }
  /// N, examples a step.
  public var batch: Int { context.batch }
  public var mode: Mode { context.mode }
  /// Trained tensors, in the order of the layers.
  public var parameters: [ParameterInfo] { context.parameters }
  /// Tensors that are kept but not trained. In training mode they have updates in the graph.
  public var state: [StateInfo] { context.state }
  /// Layers in the order of computation; one that holds others comes after them.
  public var layers: [LayerRecord] { context.records }

  public func tensor(of parameter: ParameterInfo) -> Tensor { builder.tensor(parameter.node) }
  public func tensor(of state: StateInfo) -> Tensor { builder.tensor(state.node) }
}
