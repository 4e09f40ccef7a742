/// What a node computes from its operands.
///
/// What is large is kept aside: passes copy nodes all the time.
public enum Op: Hashable, Sendable {
  /// A tensor from outside: a batch, a parameter, optimiser state, a hyperparameter.
  case input(Input)
  /// Every element has this value.
  case constant(Double)
  /// `int32` positions: along one dimension, or row-major over the whole tensor.
  case iota(dimension: Int?)
  case elementwise(ElementwiseOp)
  indirect case contraction(Contraction)
  /// The maximum over windows of the one operand.
  indirect case maximum(Window)
  /// Where in its window the (first) maximum lies: `int32`, ``Window/linearPosition``.
  indirect case maximumPosition(Window)
  /// The same elements in row-major order under another shape.
  case reshape
  /// The operands one after the other along a dimension.
  case concatenate(dimension: Int)
  /// A linear map of square tiles of the one operand; made by passes.
  indirect case tileTransform(TileTransform)

  public var name: String {
    switch self {
    case .input: "input"
    case .constant: "constant"
    case .iota: "iota"
    case .elementwise(let op): op.rawValue
    case .contraction(let contraction): contraction.isMovement ? "movement" : "contraction"
    case .maximum: "maximum"
    case .maximumPosition: "maximumPosition"
    case .reshape: "reshape"
    case .concatenate: "concatenate"
    case .tileTransform: "tileTransform"
    }
  }
}

/// An input of a graph.
public struct Input: Hashable, Sendable {
  /// What an input is for. Only parameters and state are kept from step to step.
  public enum Role: String, Hashable, Sendable, Codable {
    /// Pictures, labels: new every step.
    case data
    /// Trained.
    case parameter
    /// Kept between steps but not trained by gradients: optimiser state, running averages.
    case state
    /// A scalar the host sets, such as the learning rate.
    case hyperparameter
  }

  /// Unique in the graph: `conv1.weight`.
  public var name: String
  public var role: Role

  public init(_ name: String, _ role: Role) {
    self.name = name
    self.role = role
  }
}
