import QuernErrors
import QuernGraph

/// The mean of each channel over the whole picture.
///
/// - Input: pictures (N, H, W, C).
/// - Output: features (N, C).
public struct GlobalAveragePool: Layer {
  public init() {}

  public var kind: String { "GlobalAveragePool" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.checkPicture(input)
    return try input.mean(over: [1, 2])
  }
}
