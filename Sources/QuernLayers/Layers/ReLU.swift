import QuernErrors
import QuernGraph

/// max(a, 0); the derivative at 0 is 0, as in PyTorch. What is not a number stays so: a choice by
/// 0 < a would turn it into 0, and hide from the loss that training has gone wrong.
public struct ReLU: Layer {
  public init() {}
  public var kind: String { "ReLU" }
  public var stem: String { "relu" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try input.maximum(input.scalar(0))
  }
}
