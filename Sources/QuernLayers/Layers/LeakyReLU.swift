import QuernErrors
import QuernGraph

/// a where 0 < a, slope · a elsewhere.
public struct LeakyReLU: Layer {
  /// What elements below 0 are multiplied by.
  public var slope: Double

  public init(slope: Double = 0.01) { self.slope = slope }
  public var kind: String { "LeakyReLU" }
  public var stem: String { "leakyReLU" }
  public var settings: String { slope == Self().slope ? "" : "slope \(slope)" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    guard slope.isFinite else {
      throw context.error("its slope is \(slope)", remedy: "give a finite number")
    }
    return try input.where(input.scalar(0).apply(.less, input), otherwise: input * slope)
  }
}
