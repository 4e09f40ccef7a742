/// An op computed element by element; operands of extent 1 along a dimension are repeated along it.
public enum ElementwiseOp: String, Hashable, Sendable, CaseIterable {
  // One operand.
  case negate, absolute, exp, log, sin, cos, tanh, sigmoid, erf, squareRoot, floor
  /// `int32` or `uint8` to `float32`.
  case toFloat
  /// `float32`, rounded towards zero, or `uint8`, to `int32`.
  case toInt
  // Two operands of one type.
  case add, subtract, multiply, divide
  /// NaN if either is, as PyTorch's `maximum` and `minimum`. Ties take the first operand.
  case maximum, minimum
  /// 1 where it holds and 0 elsewhere, as `float32`; operands are `float32` or both `int32`.
  case less, lessOrEqual, equal
  /// Two `int32` operands, a position and a counter, to a `float32` in [0, 1) with 24 random bits:
  /// see `CounterRandom`. The same position and counter always give the same number.
  case uniform
  // Three operands.
  /// The second operand where the first is not zero, the third elsewhere.
  case select

  public var operandCount: Int {
    switch self {
    case .negate, .absolute, .exp, .log, .sin, .cos, .tanh, .sigmoid, .erf, .squareRoot, .floor,
      .toFloat, .toInt:
      1
    case .select: 3
    default: 2
    }
  }

  /// The element type of the result, or nil where the operands' types do not fit the op.
  public func resultType(_ operands: [ElementType]) -> ElementType? {
    guard operands.count == operandCount else { return nil }
    switch self {
    case .toFloat: return operands[0] == .float32 ? nil : .float32
    case .toInt: return operands[0] == .int32 ? nil : .int32
    case .add, .subtract, .multiply, .maximum, .minimum:
      return operands[0] == operands[1] && operands[0] != .uint8 ? operands[0] : nil
    case .less, .lessOrEqual, .equal:
      return operands[0] == operands[1] && operands[0] != .uint8 ? .float32 : nil
    case .uniform: return operands == [.int32, .int32] ? .float32 : nil
    case .select:
      return operands[0] == .float32 && operands[1] == operands[2] && operands[1] != .uint8
        ? operands[1] : nil
    default: return operands.allSatisfy { $0 == .float32 } ? .float32 : nil
    }
  }

  /// The op in formulas: an infix sign, or a function's name.
  public var symbol: String {
    switch self {
    case .add: "+"
    case .subtract: "−"
    case .multiply: "·"
    case .divide: "/"
    case .less: "<"
    case .lessOrEqual: "≤"
    case .equal: "="
    case .negate: "−"
    case .squareRoot: "√"
    case .absolute: "abs"
    case .maximum: "max"
    case .minimum: "min"
    case .toFloat: "float"
    case .toInt: "int"
    default: rawValue
    }
  }
}
