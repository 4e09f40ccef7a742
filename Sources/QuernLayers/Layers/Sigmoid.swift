import QuernErrors
import QuernGraph

/// 1 / (1 + exp(−a)).
public struct Sigmoid: Layer {
  public init() {}

  public var kind: String { "Sigmoid" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try input.sigmoid()
  }
}
