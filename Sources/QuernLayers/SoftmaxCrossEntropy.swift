import QuernErrors
import QuernGraph

/// −log softmax(z)[label], from logits z (N, K) and labels (N), `int32` in 0..<K.
///
/// With label smoothing ε the target is 1 − ε for the label plus ε/K for every class, as PyTorch's
/// `CrossEntropyLoss(label_smoothing:)`.
public struct SoftmaxCrossEntropy: Loss {
  /// ε, from 0 to 1.
  public var labelSmoothing: Double

  public init(labelSmoothing: Double = 0) { self.labelSmoothing = labelSmoothing }

  public var targetName: String { "labels" }

  public func targetType(output: Shape) throws(QuernError) -> TensorType {
    guard output.rank == 2 else {
      throw QuernError(
        "loss (SoftmaxCrossEntropy)", "the network's output has shape \(output), not (N, K)",
        remedy: "end the network with Flatten() or GlobalAveragePool(), and Dense(classes)")
    }
    guard labelSmoothing >= 0, labelSmoothing <= 1 else {
      throw QuernError(
        "loss (SoftmaxCrossEntropy)", "label smoothing is \(labelSmoothing)",
        remedy: "give a number from 0 to 1")
    }
    return TensorType(.int32, [output[0]])
  }

  public func losses(output: Tensor, target: Tensor) throws(QuernError) -> Tensor {
    let (examples, classes) = (output.shape[0], output.shape[1])
    let shifted = try output.shiftedForExponential()
    let logSum = try shifted.exp().sum(over: [1]).log()
    // The label picks its logit: a one-hot vector that is never stored.
    let picked = try output.builder.contraction(
      Contraction(
        axes: [Axis("n", examples), Axis("k", classes)], outputRank: 1,
        factors: [.init([.axis(0), .axis(1)]), .init([.axis(0)], match: .axis(1))]),
      [shifted, target])
    if labelSmoothing == 0 { return try logSum - picked }
    let others = try shifted.mean(over: [1]) * labelSmoothing
    return try logSum - picked * (1 - labelSmoothing) - others
  }

  public func hits(output: Tensor, target: Tensor) throws(QuernError) -> Tensor? {
    try output.maximumPosition(over: [1]).apply(.equal, target)
  }
}

extension Tensor {
  /// This tensor less a number for each row (all but the last dimension), so that its exponential
  /// neither overflows nor vanishes everywhere.
  ///
  /// The number is the row's maximum rounded down. A softmax does not depend on it, so its gradient
  /// need not run through it either: `floor` has the derivative 0 and cuts that path.
  func shiftedForExponential() throws(QuernError) -> Tensor {
    let last = shape.rank - 1
    let shift = try maximum(over: [last]).apply(.floor)
    return try self - shift.reshaped(Shape(Array(shape.extents[..<last]) + [1]))
  }
}

extension Loss where Self == SoftmaxCrossEntropy {
  /// ``SoftmaxCrossEntropy``.
  public static func softmaxCrossEntropy(labelSmoothing: Double = 0) -> Self {
    Self(labelSmoothing: labelSmoothing)
  }
}
