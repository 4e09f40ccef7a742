import QuernErrors
import QuernGraph

/// The hyperbolic tangent.
public struct Tanh: Layer {
  public init() {}

  public var kind: String { "Tanh" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try input.tanh()
  }
}
