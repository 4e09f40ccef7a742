import QuernErrors
import QuernGraph

/// In training each element becomes 0 with probability p, and a / (1 − p) otherwise; in inference
/// nothing happens (Srivastava et al. 2014, "inverted" scaling as in PyTorch).
///
/// Which elements go depends on the seed and the number of the step only: see
/// ``LayerContext/uniform(_:)``.
///
/// - Input: any shape.
/// - Output: the same shape.
public struct Dropout: Layer {
  /// p, from 0 to below 1.
  public var rate: Double

  public init(_ rate: Double) { self.rate = rate }

  public var kind: String { "Dropout" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    guard rate >= 0, rate < 1 else {
      throw context.error("its rate is \(rate)", remedy: "give a number from 0 to below 1")
    }
    if context.mode == .inference || rate == 0 { return input }
    let random = try context.uniform(input.shape)
    // The nearest float, so that double precision draws the same mask.
    let threshold = random.scalar(Double(Float(rate)))
    return try (input * (1 / (1 - rate))).where(
      threshold.apply(.lessOrEqual, random), otherwise: input.scalar(0))
  }
}
