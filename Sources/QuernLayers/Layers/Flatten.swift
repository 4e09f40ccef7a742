import QuernErrors
import QuernGraph

/// Every example as one vector, row-major: f = (y · W + x) · C + c.
///
/// - Input: (N, …), such as pictures (N, H, W, C).
/// - Output: features (N, F).
public struct Flatten: Layer {
  public init() {}

  public var kind: String { "Flatten" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.checkFeatures(input)
    return try input.reshaped([input.shape[0], input.shape.elementCount / input.shape[0]])
  }
}
