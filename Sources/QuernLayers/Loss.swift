import QuernErrors
import QuernGraph

/// What training minimises: a number for each example.
///
/// To write your own, conform a structure to this protocol;
/// ``BuiltNetwork/objective(_:regularisation:)`` averages it over the batch.
public protocol Loss: Sendable {
  /// Name of the data input that holds what the network should have made.
  var targetName: String { get }

  /// The type of that input for an output of the given shape.
  ///
  /// - Throws: `QuernError` where the output's shape is unfit.
  func targetType(output: Shape) throws(QuernError) -> TensorType

  /// The loss of each example: (N).
  func losses(output: Tensor, target: Tensor) throws(QuernError) -> Tensor

  /// For each example 1 if the network's answer is correct and 0 if not, `float32` (N); nil for a
  /// loss without the notion of a correct answer.
  func hits(output: Tensor, target: Tensor) throws(QuernError) -> Tensor?
}

extension Loss {
  public func hits(output: Tensor, target: Tensor) throws(QuernError) -> Tensor? { nil }
}

/// Terms added to the loss that keep weights small. Biases, scales and shifts are left alone.
public struct Regularisation: Sendable, Hashable, Codable {
  /// Adds l1·Σ|w|, whose gradient is l1·sign(w).
  public var l1: Double
  /// Adds l2/2·Σw², whose gradient is l2·w, as PyTorch's weight decay.
  public var l2: Double

  public static let none = Regularisation()

  public init(l1: Double = 0, l2: Double = 0) {
    self.l1 = l1
    self.l2 = l2
  }
}

/// What a step computes from the network's output. All scalars are `float32` and have shape `[]`.
public struct Objective {
  /// The data input ``Loss/targetName``: for cross-entropy `labels`, `int32` (N).
  public let target: Tensor
  /// The data input ``Network/exampleWeightName``, (N).
  public let exampleWeights: Tensor
  /// The loss of each example, (N).
  public let losses: Tensor
  /// Σ w·l / Σ w over the batch, a scalar.
  public let dataLoss: Tensor
  /// The sum of ``dataLoss`` and the regularisation: the scalar to differentiate.
  public let loss: Tensor
  /// Σ w·hit: how many real examples the network classifies correctly, a scalar; nil for a loss
  /// without the notion of a correct answer.
  public let correct: Tensor?
}

extension BuiltNetwork {
  /// Builds the loss over the batch.
  ///
  /// Every example has a weight w: 1 for a real one, 0 for a filler, which only fills the last batch
  /// of an epoch. The loss is Σ w·l / Σ w. So one compiled graph serves batches of any number of real
  /// examples up to N, and has the gradients of a batch of just those. (``BatchNorm`` weights its
  /// statistics likewise.) Fillers must hold finite numbers and valid labels; repeat a real example.
  /// Where all weights are 0 the loss is NaN.
  ///
  /// - Throws: `QuernError` where the output's shape does not suit the loss.
  public func objective(
    _ loss: any Loss, regularisation: Regularisation = .none
  ) throws(QuernError) -> Objective {
    try builder.labelled("loss") { () throws(QuernError) -> Objective in
      guard output.shape.rank >= 1, output.shape[0] == batch else {
        throw QuernError(
          "loss", "the network makes \(output.shape) from a batch of \(batch)",
          remedy: "let the layers keep the batch as the first dimension")
      }
      let type = try loss.targetType(output: output.shape)
      let target = try builder.input(loss.targetName, type.shape, type.element)
      let weights = try context.exampleWeights()
      let losses = try loss.losses(output: output, target: target)
      guard losses.shape == weights.shape else {
        throw QuernError(
          "loss", "it has shape \(losses.shape) for a batch of \(batch)",
          remedy: "make one number for each example")
      }
      let dataLoss = try losses.dot(weights) / weights.sum()
      let hits = try loss.hits(output: output, target: target)
      let correct: Tensor?
      if let hits { correct = try hits.dot(weights) } else { correct = nil }
      return try Objective(
        target: target, exampleWeights: weights, losses: losses, dataLoss: dataLoss,
        loss: add(regularisation, to: dataLoss), correct: correct)
    }
  }

  private func add(
    _ regularisation: Regularisation, to loss: Tensor
  ) throws(QuernError) -> Tensor {
    for (name, factor) in [("l1", regularisation.l1), ("l2", regularisation.l2)] {
      guard factor.isFinite, factor >= 0 else {
        throw QuernError(
          "regularisation", "\(name) is \(factor)", remedy: "give a finite number of at least 0")
      }
    }
    var loss = loss
    for parameter in parameters where parameter.role.isDecayed {
      let weight = tensor(of: parameter)
      if regularisation.l1 > 0 {
        loss = try loss + weight.absolute().sum() * regularisation.l1
      }
      if regularisation.l2 > 0 {
        loss = try loss + weight.dot(weight) * (regularisation.l2 / 2)
      }
    }
    return loss
  }
}

extension Tensor {
  /// Σ of the products of elements at the same place: a scalar.
  func dot(_ other: Tensor) throws(QuernError) -> Tensor {
    let axes = shape.extents.enumerated().map { Axis("d\($0)", $1) }
    let map = axes.indices.map { AffineExpression.axis($0) }
    return try builder.contraction(
      Contraction(axes: axes, outputRank: 0, factors: [.init(map), .init(map)]), [self, other])
  }
}
