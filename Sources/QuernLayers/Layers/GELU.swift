import QuernErrors
import QuernGraph

/// a · Φ(a) with the normal distribution's Φ (Hendrycks and Gimpel 2016), exact, by `erf`:
/// a · (1 + erf(a / √2)) / 2.
public struct GELU: Layer {
  public init() {}
  public var kind: String { "GELU" }
  public var stem: String { "gelu" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try input * ((input * 0.5.squareRoot()).erf() + 1) * 0.5
  }
}
