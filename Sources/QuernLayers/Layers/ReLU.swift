import QuernGraph

/// a where 0 < a, 0 elsewhere; the derivative at 0 is 0, as in PyTorch.
public struct ReLU: Layer {
  public init() {}
  public var stem: String { "relu" }

  public func apply(to input: Tensor, in context: LayerContext) throws(GraphError) -> Tensor {
    let zero = input.scalar(0)
    return try input.where(zero.apply(.less, input), otherwise: zero)
  }
}
