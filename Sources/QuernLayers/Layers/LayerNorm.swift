import QuernErrors
import QuernGraph

/// Layer normalisation (Ba, Kiros and Hinton 2016) over the last dimension: for each example, and
/// in a picture for each pixel, (a − mean) / √(variance + ε) · scale + shift.
///
/// Mean and (biased) variance are over the C values; no statistics are kept.
///
/// - Input: (N, …, C).
/// - Output: the same shape.
/// - Parameters: `scale` (C), `shift` (C).
public struct LayerNorm: Layer {
  /// ε, added to the variance.
  public var epsilon: Double

  public init(epsilon: Double = 1e-5) { self.epsilon = epsilon }

  public var kind: String { "LayerNorm" }
  public var settings: String { epsilon == Self().epsilon ? "" : "epsilon \(epsilon)" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.checkFeatures(input)
    try context.check(epsilon: epsilon)
    let last = input.shape.rank - 1
    let channels = input.shape[last]
    let scale = try context.parameter("scale", [channels], role: .scale, initialiser: .ones)
    let shift = try context.parameter("shift", [channels], role: .shift, initialiser: .zeros)
    let kept = Shape(Array(input.shape.extents[..<last]) + [1])
    let centred = try input - input.mean(over: [last]).reshaped(kept)
    let variance = try (centred * centred).mean(over: [last]).reshaped(kept)
    return try centred / (variance + epsilon).squareRoot() * scale + shift
  }
}
