import QuernErrors
import QuernGraph

/// 1.7159 · tanh(0.6666 · a) (LeCun et al. 1998), with Cireşan et al.'s (2010) constants: nearly
/// the identity from −1 to 1.
public struct ScaledTanh: Layer {
  public init() {}

  public var kind: String { "ScaledTanh" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try (input * 0.6666).tanh() * 1.7159
  }
}
