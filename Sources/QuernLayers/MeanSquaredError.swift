import QuernErrors
import QuernGraph

/// The mean of (a − y)² over the outputs of an example; targets have the output's shape, `float32`.
///
/// `Trainer` and `Evaluator` make the targets from a `Dataset`, whose labels are classes: 1 for an
/// example's class and 0 for the others, so the output must be (N, K). Regression, whose targets are
/// numbers, needs a loop of your own over `TrainingStep`: <doc:YourOwnLayer> shows one.
public struct MeanSquaredError: Loss {
  public init() {}

  public var targetName: String { "targets" }

  public func targetType(output: Shape) throws(QuernError) -> TensorType {
    TensorType(.float32, output)
  }

  public func losses(output: Tensor, target: Tensor) throws(QuernError) -> Tensor {
    let difference = try output - target
    return try (difference * difference).mean(over: Array(1..<output.shape.rank))
  }
}

extension Loss where Self == MeanSquaredError {
  /// ``MeanSquaredError``.
  public static var meanSquaredError: Self { Self() }
}
