import QuernGraph
import QuernPasses
import QuernVectors

/// Computes the values of a nest for one vector of outputs, or of a term of its sums, each when it is
/// first needed.
struct ValueWriter {
  let row: AxisSteps
  let vector: Int
  /// The results of the reduction, where there is one.
  let accumulator: VectorRegister?
  let position: VectorRegister?
  /// Where in the reduction a term is taken; nil for values of outputs.
  private let step: TileContext.Step?
  /// By value, once one has been needed.
  private var done: [VectorRegister?] = []

  init(row: AxisSteps, vector: Int, accumulator: VectorRegister?, position: VectorRegister?) {
    self.row = row
    self.vector = vector
    self.accumulator = accumulator
    self.position = position
    step = nil
  }

  init(term step: TileContext.Step, row: AxisSteps, vector: Int) {
    self.row = row
    self.vector = vector
    self.step = step
    accumulator = nil
    position = nil
  }

  private func values(_ nest: MemoryNest) -> [NestValue] {
    step == nil ? nest.values : nest.term
  }

  mutating func value(_ number: Int, _ context: inout TileContext) -> VectorRegister {
    if done.isEmpty { done = Array(repeating: nil, count: values(context.nest).count) }
    if let known = done[number] { return known }
    let register = compute(number, &context)
    done[number] = register
    return register
  }

  private mutating func compute(_ number: Int, _ context: inout TileContext) -> VectorRegister {
    let nest = context.nest
    switch values(nest)[number] {
    case .factor(let factor):
      return context.factor(factor, row: row, vector: vector, step ?? TileContext.Step())
    case .accumulator:
      if let accumulator { return accumulator }
      return context.product(row: row, vector: vector)
    case .position: return position ?? context.builder.zero()
    case .read(let access, let displacement):
      return context.load(access, row: row, vector: vector, step: displacement)
    case .constant(let constant, let element):
      return element == .float32
        ? context.builder.constant(Float(constant)) : context.builder.constant(Int32(constant))
    case .index(let index): return context.index(.index(index), row: row, vector: vector)
    case .apply(let op, let operands, let element):
      return apply(op, operands, element, &context)
    }
  }

  private func type(_ number: Int, _ nest: MemoryNest) -> ElementType {
    switch values(nest)[number] {
    case .factor(let factor): nest.accesses[nest.factors[factor].access].element
    case .accumulator:
      nest.factors.count == 1 && nest.factors[0].match == nil
        ? nest.accesses[nest.factors[0].access].element : .float32
    case .position, .index: .int32
    case .read(let access, _): nest.accesses[access].element
    case .constant(_, let element), .apply(_, _, let element): element
    }
  }

  private mutating func apply(
    _ op: ElementwiseOp, _ operands: [Int], _ element: ElementType, _ context: inout TileContext
  ) -> VectorRegister {
    if op == .select { return select(operands, &context) }
    let x = operands.map { value($0, &context) }
    let integer = type(operands[0], context.nest) == .int32
    switch op {
    case .negate: return context.builder.unary(.negate, x[0])
    case .absolute: return context.builder.unary(.absolute, x[0])
    case .squareRoot: return context.builder.unary(.squareRoot, x[0])
    case .floor: return context.builder.unary(.floor, x[0])
    case .exp: return context.builder.exp(x[0])
    case .log: return context.builder.log(x[0])
    case .sin: return context.builder.sin(x[0])
    case .cos: return context.builder.cos(x[0])
    case .tanh: return context.builder.tanh(x[0])
    case .sigmoid: return context.builder.sigmoid(x[0])
    case .erf: return context.builder.erf(x[0])
    case .toFloat: return context.builder.unary(.convertToFloat, x[0])
    case .toInt:
      // Bytes have become integers when they were read.
      return type(operands[0], context.nest) == .uint8
        ? x[0] : context.builder.unary(.truncateToInteger, x[0])
    case .add: return context.builder.binary(integer ? .addInteger : .add, x[0], x[1])
    case .subtract:
      return context.builder.binary(integer ? .subtractInteger : .subtract, x[0], x[1])
    case .multiply:
      return context.builder.binary(integer ? .multiplyInteger : .multiply, x[0], x[1])
    case .divide: return context.builder.divide(x[0], x[1])
    case .maximum, .minimum:
      if integer {
        return context.builder.binary(
          op == .maximum ? .maximumInteger : .minimumInteger, x[0], x[1])
      }
      let operation = op == .maximum ? BinaryOperation.maximum : .minimum
      // The second operand is the result where one is NaN, which a number is not.
      if isNumber(operands[1], context.nest) {
        return context.builder.binary(operation, x[1], x[0])
      }
      if isNumber(operands[0], context.nest) {
        return context.builder.binary(operation, x[0], x[1])
      }
      return Self.extremum(operation, x[0], x[1], &context.builder)
    case .less, .lessOrEqual, .equal:
      let one = context.builder.constant(Float(1))
      let zero = context.builder.zero()
      return context.builder.select(
        x[0], Self.comparison(op), x[1], type: integer ? .i32 : .f32, ifTrue: one, ifFalse: zero)
    case .uniform: return Self.uniform(x[0], x[1], &context.builder)
    case .select: return x[0]
    }
  }

  private func isNumber(_ number: Int, _ nest: MemoryNest) -> Bool {
    if case .constant(let constant, _) = values(nest)[number] { !constant.isNaN } else { false }
  }

  /// NaN if either is: the processor's own extremum gives the second operand where one is NaN.
  static func extremum(
    _ operation: BinaryOperation, _ a: VectorRegister, _ b: VectorRegister,
    _ builder: inout VectorBuilder
  ) -> VectorRegister {
    let result = builder.binary(operation, b, a)
    return builder.select(b, .notEqual, b, ifTrue: b, ifFalse: result)
  }

  /// As ``CounterRandom`` computes it.
  private static func uniform(
    _ position: VectorRegister, _ counter: VectorRegister, _ builder: inout VectorBuilder
  ) -> VectorRegister {
    let seed = builder.lowbias32(counter)
    let bits = builder.lowbias32(builder.binary(.xor, position, seed))
    let top = builder.unary(.convertToFloat, builder.shift(.rightLogical, bits, by: 8))
    return builder.multiply(top, builder.constant(Float(0x1p-24)))
  }

  private static func comparison(_ op: ElementwiseOp) -> Comparison {
    switch op {
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    default: .equal
    }
  }

  /// A comparison and the choice by it are one instruction pair.
  private mutating func select(
    _ operands: [Int], _ context: inout TileContext
  ) -> VectorRegister {
    let ifTrue = value(operands[1], &context)
    let ifFalse = value(operands[2], &context)
    if case .apply(let op, let compared, _) = values(context.nest)[operands[0]],
      [.less, .lessOrEqual, .equal].contains(op)
    {
      let integer = type(compared[0], context.nest) == .int32
      let a = value(compared[0], &context)
      let b = value(compared[1], &context)
      return context.builder.select(
        a, Self.comparison(op), b, type: integer ? .i32 : .f32, ifTrue: ifTrue, ifFalse: ifFalse)
    }
    let condition = value(operands[0], &context)
    let zero = context.builder.zero()
    return context.builder.select(
      condition, .notEqual, zero, ifTrue: ifTrue, ifFalse: ifFalse)
  }
}
