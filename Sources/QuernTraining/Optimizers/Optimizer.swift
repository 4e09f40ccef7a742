import QuernErrors
import QuernGraph
import QuernLayers

/// How a parameter moves along its gradient: a function from tensors to tensors.
///
/// The update becomes part of the step's graph. It is elementwise in the parameter, its gradient and
/// the state, so that the compiler can fuse it with what computes the gradient. What changes from
/// step to step, such as the learning rate or Adam's bias corrections, are scalar inputs of the graph
/// that the host computes.
public protocol Optimizer: Sendable {
  /// The name by which the command and checkpoints know it.
  var name: String { get }

  /// The numbers it was made with, by name. None may be negative.
  ///
  /// A checkpoint keeps them, so that the command can go on with them. ``Trainer/restore(_:)`` does
  /// not compare them, only ``Optimizer/name``: a run may go on with other numbers on purpose.
  var settings: [String: Double] { get }

  /// The names of the tensors it keeps for each parameter. Each has the parameter's shape and is zero
  /// before the first step.
  var stateNames: [String] { get }

  /// The names of the scalar inputs that its updates read.
  var hyperparameters: [String] { get }

  /// The values of those inputs, in the order of ``Optimizer/hyperparameters``.
  ///
  /// - Parameters:
  ///   - learningRate: η of the step, after the schedule.
  ///   - step: counted from 1.
  func values(learningRate: Double, step: Int) -> [Double]

  /// One step of one parameter.
  ///
  /// - Parameters:
  ///   - weight: the parameter, of any shape.
  ///   - gradient: the loss's gradient by it, of the same shape.
  ///   - state: one tensor for each of ``Optimizer/stateNames``, of the same shape.
  ///   - hyperparameters: one scalar for each of ``Optimizer/hyperparameters``.
  ///   - role: what the parameter does in its layer. Weight decay is for weights alone, see
  ///     ``/QuernLayers/ParameterInfo/Role/isDecayed``.
  /// - Returns: the parameter and the state after the step.
  func update(
    _ weight: Tensor, gradient: Tensor, state: [Tensor], hyperparameters: [Tensor],
    role: ParameterInfo.Role
  ) throws(QuernError) -> (weight: Tensor, state: [Tensor])
}

extension Optimizer {
  public var stateNames: [String] { [] }
  public var hyperparameters: [String] { ["learningRate"] }
  public func values(learningRate: Double, step: Int) -> [Double] { [learningRate] }

  /// g + λ·w: the gradient of the loss with λ/2·‖w‖² added. It is g where λ is zero or the
  /// parameter's role is not a decayed one.
  func decayed(
    _ gradient: Tensor, _ weight: Tensor, by decay: Double, _ role: ParameterInfo.Role
  ) throws(QuernError) -> Tensor {
    role.isDecayed && decay != 0 ? try gradient + weight * decay : gradient
  }
}
