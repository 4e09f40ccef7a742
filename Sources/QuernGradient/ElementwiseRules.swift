import QuernErrors
import QuernGraph

private let twoOverRootPi = 1.1283791670955126

/// The derivative of every elementwise op by each of its operands.
///
/// - Parameters:
///   - k: which operand.
///   - g: the adjoint.
///   - x: the operands.
///   - y: the output.
/// - Returns: what the operand's adjoint gains; nil where there is no derivative.
func elementwisePartial(
  _ op: ElementwiseOp, _ k: Int, _ g: Tensor, _ x: [Tensor], _ y: Tensor
) throws(QuernError) -> Tensor? {
  switch (op, k) {
  case (.negate, _): try -g
  case (.absolute, _): try g.signed(as: x[0])
  case (.exp, _): try g * y
  case (.log, _): try g / x[0]
  case (.sin, _): try g * x[0].cos()
  case (.cos, _): try -(g * x[0].sin())
  case (.tanh, _): try g * (1 - y * y)
  case (.sigmoid, _): try g * (y * (1 - y))
  case (.erf, _): try g * ((-(x[0] * x[0])).exp() * twoOverRootPi)
  case (.squareRoot, _): try g * 0.5 / y

  case (.add, _): g
  case (.subtract, 0): g
  case (.subtract, _): try -g
  case (.multiply, 0): try g * x[1]
  case (.multiply, _): try g * x[0]
  case (.divide, 0): try g / x[1]
  case (.divide, _): try -(g * y / x[1])

  // Ties go to the first operand, but to a constant wherever it stands: max(x, 0) has derivative 0
  // at 0, as PyTorch's ReLU has. There the output tells as much as the operand, and it is kept anyway
  // for the next layer's gradient.
  case (.maximum, 0) where x[1].isConstant: try g.where(x[1] < y)
  case (.maximum, 0): try g.unless(x[0] < x[1])
  case (.maximum, _): try g.where(x[0] < x[1])
  case (.minimum, 0) where x[1].isConstant: try g.where(y < x[1])
  case (.minimum, 0): try g.unless(x[1] < x[0])
  case (.minimum, _): try g.where(x[1] < x[0])

  case (.select, 1): try g.where(x[0])
  case (.select, 2): try g.unless(x[0])

  // These do not change, except in jumps.
  case (.floor, _), (.less, _), (.lessOrEqual, _), (.equal, _), (.select, _): nil
  case (.toFloat, _), (.toInt, _), (.uniform, _): nil
  }
}

extension ElementwiseOp {
  /// Whether ``elementwisePartial(_:_:_:_:_:)`` has a derivative by operand `k`.
  func isDifferentiable(by k: Int) -> Bool {
    switch self {
    case .floor, .less, .lessOrEqual, .equal, .toFloat, .toInt, .uniform: false
    case .select: k > 0
    default: true
    }
  }
}

extension Tensor {
  fileprivate var isConstant: Bool {
    if case .constant = node.op { return true }
    // What the builder makes of a scalar beside a tensor.
    if case .reshape = node.op, case .constant = builder.graph[node.operands[0]].op { return true }
    return false
  }

  fileprivate static func < (a: Self, b: Self) throws(QuernError) -> Self { try a.apply(.less, b) }
  /// This where the condition holds, 0 elsewhere.
  fileprivate func `where`(_ condition: Tensor) throws(QuernError) -> Tensor {
    try self.where(condition, otherwise: scalar(0))
  }
  /// 0 where the condition holds, this elsewhere.
  fileprivate func unless(_ condition: Tensor) throws(QuernError) -> Tensor {
    try scalar(0).where(condition, otherwise: self)
  }

  /// This where `x` is positive, its negative where `x` is negative, 0 where `x` is 0.
  fileprivate func signed(as x: Tensor) throws(QuernError) -> Tensor {
    try self.where(scalar(0) < x, otherwise: (-self).where(x < scalar(0)))
  }
}
