import QuernErrors
import QuernGraph

/// A fully connected layer: out(n, t) = Σ_c in(n, c) · weight(c, t) + bias(t).
///
/// - Input: features (N, C).
/// - Output: (N, T).
/// - Parameters: `weight` (C, T), `bias` (T).
public struct Dense: Layer {
  /// T, outputs.
  public var units: Int
  public var useBias: Bool
  public var weightInitialiser: Initialiser
  public var biasInitialiser: Initialiser

  public init(
    _ units: Int, useBias: Bool = true, weightInitialiser: Initialiser = .heNormal,
    biasInitialiser: Initialiser = .zeros
  ) {
    self.units = units
    self.useBias = useBias
    self.weightInitialiser = weightInitialiser
    self.biasInitialiser = biasInitialiser
  }

  public var kind: String { "Dense" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.check("units", units)
    guard input.shape.rank == 2 else {
      throw context.error(
        "its input has shape \(input.shape), not (N, C)", remedy: "put Flatten() before it")
    }
    let features = input.shape[1]
    let weight = try context.parameter(
      "weight", [features, units], initialiser: weightInitialiser, fanIn: features, fanOut: units)
    let product = try input.matrixProduct(weight)
    if !useBias { return product }
    let bias = try context.parameter(
      "bias", [units], role: .bias, initialiser: biasInitialiser, fanIn: features, fanOut: units)
    return try product + bias
  }
}
