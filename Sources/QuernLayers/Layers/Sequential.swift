import QuernErrors
import QuernGraph

/// Layers one after the other, as one layer; its layers are named `sequential1.conv1`.
public struct Sequential: Layer {
  /// In the order of computation.
  public var layers: [any Layer]

  public init(@LayerBuilder _ layers: () -> [any Layer]) { self.layers = layers() }

  public var kind: String { "Sequential" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.apply(layers, to: input)
  }
}
