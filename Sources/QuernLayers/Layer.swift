import QuernErrors
import QuernGraph

/// A part of a network: a function of a tensor that may have parameters and state.
///
/// Write your own as a structure that builds its nodes in ``apply(to:in:)``:
///
///     struct Square: Layer {
///       func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
///         try input * input
///       }
///     }
///
/// A layer is a description. It holds no values, and used twice it has two sets of parameters.
public protocol Layer: Sendable {
  /// What errors and summaries call this sort of layer: `Conv2D`. By default the type's name, which takes
  /// the runtime a third of a millisecond to find out: Quern's own layers say it.
  var kind: String { get }

  /// What automatic names begin with: `conv` makes `conv1`, `conv2`… By default ``Layer/kind`` with a
  /// small first letter.
  var stem: String { get }

  /// What sets the layer's function apart from others of its kind with outputs and parameters of the same
  /// shapes, such as `dilation 2×2`; by default empty. It enters the network's fingerprint, by which a
  /// checkpoint knows the network it was saved from. Leave out what is as usual.
  var settings: String { get }

  /// The name the user gave, or nil for an automatic one. Set it with ``Layer/named(_:)``.
  var givenName: String? { get }

  /// Builds the layer's nodes.
  ///
  /// - Parameters:
  ///   - input: what the layer before made: pictures (N, H, W, C) or features (N, F).
  ///   - context: declares parameters and state, and knows whether the network is to be trained.
  /// - Throws: `QuernError` where the input's shape or the layer's own numbers are unfit. The
  ///   context puts the layer's name in front.
  func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor
}

extension Layer {
  public var kind: String { String(describing: Self.self) }
  public var stem: String { kind.prefix(1).lowercased() + kind.dropFirst() }
  public var settings: String { "" }
  public var givenName: String? { nil }

  /// This layer under a name of its own: its parameters are `name.weight`, `name.bias`….
  ///
  /// A name holds letters, digits, `_` and `-`, and occurs once among its neighbours.
  public func named(_ name: String) -> NamedLayer { NamedLayer(name: name, layer: self) }
}

/// A layer with a name that the user gave: see ``Layer/named(_:)``.
public struct NamedLayer: Layer {
  /// As the user gave it, without the names of layers around.
  public var name: String
  public var layer: any Layer

  public var kind: String { layer.kind }
  public var stem: String { layer.stem }
  public var settings: String { layer.settings }
  public var givenName: String? { name }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try layer.apply(to: input, in: context)
  }
}

/// Collects the layers of a network, block or branch, one after the other; `if`, `for` and arrays
/// of layers may be among them.
@resultBuilder
public enum LayerBuilder {
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildLimitedAvailability(_ part: [any Layer]) -> [any Layer] { part }
}
