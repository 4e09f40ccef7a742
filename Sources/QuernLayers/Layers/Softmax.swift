import QuernErrors
import QuernGraph

/// exp(a) / Σ exp(a) over the last dimension.
///
/// Do not put it before ``SoftmaxCrossEntropy``, which takes logits.
public struct Softmax: Layer {
  public init() {}

  public var kind: String { "Softmax" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.checkFeatures(input)
    let last = input.shape.rank - 1
    let powers = try input.shiftedForExponential().exp()
    let sums = try powers.sum(over: [last])
    return try powers / sums.reshaped(Shape(Array(input.shape.extents[..<last]) + [1]))
  }
}
