import QuernMachine

/// Writes a block of vector instructions, handing out fresh virtual registers.
///
///     var builder = VectorBuilder(target: .best)
///     let x = builder.load(Address("x"))
///     let y = builder.maximum(builder.zero(), x)
///     builder.store(y, to: Address("y"))
///     let lines = try renderer.render(builder.takeBlock())
///
/// Keep one builder for a kernel function, so that numbers are not handed out twice.
public struct VectorBuilder: Sendable {
  public let target: Target
  /// The instructions since the last `takeBlock()`.
  public var instructions: [VectorInstruction] = []
  private var nextRegister: Int32

  public var lanes: Int { target.lanes }

  /// - Parameters:
  ///   - target: the instruction set to write for.
  ///   - firstRegister: the first number to hand out.
  public init(target: Target, firstRegister: Int32 = 0) {
    self.target = target
    nextRegister = firstRegister
  }

  /// A register that no instruction uses yet.
  public mutating func newRegister() -> VectorRegister {
    defer { nextRegister += 1 }
    return VectorRegister(id: nextRegister)
  }

  /// The instructions so far; the builder starts an empty block.
  public mutating func takeBlock() -> [VectorInstruction] {
    defer { instructions = [] }
    return instructions
  }

  public mutating func append(_ instruction: VectorInstruction) {
    instructions.append(instruction)
  }

  private mutating func emit(_ make: (VectorRegister) -> VectorInstruction) -> VectorRegister {
    let register = newRegister()
    instructions.append(make(register))
    return register
  }

  // MARK: Memory

  public mutating func load(_ address: Address, count: Int? = nil) -> VectorRegister {
    emit { .load($0, address, count: count) }
  }
  public mutating func loadBytes(_ address: Address, count: Int? = nil) -> VectorRegister {
    emit { .loadBytes($0, address, count: count) }
  }
  public mutating func broadcast(_ address: Address) -> VectorRegister {
    emit { .broadcast($0, address) }
  }
  public mutating func store(
    _ register: VectorRegister, to address: Address, count: Int? = nil
  ) {
    append(.store(address, register, count: count))
  }

  // MARK: Constants

  public mutating func constant(_ value: Float) -> VectorRegister {
    emit { .constant($0, value) }
  }
  public mutating func constant(_ value: Int32) -> VectorRegister {
    emit { .constant($0, value) }
  }
  public mutating func constant(bits: UInt32) -> VectorRegister {
    emit { .constantBits($0, bits) }
  }
  public mutating func zero() -> VectorRegister { constant(bits: 0) }
  public mutating func laneIndices() -> VectorRegister { emit { .laneIndices($0) } }

  // MARK: Arithmetic

  public mutating func unary(
    _ operation: UnaryOperation, _ a: VectorRegister
  ) -> VectorRegister {
    emit { .unary(operation, $0, a) }
  }
  public mutating func binary(
    _ operation: BinaryOperation, _ a: VectorRegister, _ b: VectorOperand
  ) -> VectorRegister {
    emit { .binary(operation, $0, a, b) }
  }
  public mutating func binary(
    _ operation: BinaryOperation, _ a: VectorRegister, _ b: VectorRegister
  ) -> VectorRegister {
    emit { .binary(operation, $0, a, .register(b)) }
  }
  public mutating func add(_ a: VectorRegister, _ b: VectorRegister) -> VectorRegister {
    binary(.add, a, b)
  }
  public mutating func subtract(_ a: VectorRegister, _ b: VectorRegister) -> VectorRegister {
    binary(.subtract, a, b)
  }
  public mutating func multiply(_ a: VectorRegister, _ b: VectorRegister) -> VectorRegister {
    binary(.multiply, a, b)
  }
  public mutating func divide(_ a: VectorRegister, _ b: VectorRegister) -> VectorRegister {
    binary(.divide, a, b)
  }
  /// `a > b ? a : b`: b where either is NaN.
  public mutating func maximum(_ a: VectorRegister, _ b: VectorRegister) -> VectorRegister {
    binary(.maximum, a, b)
  }
  /// `a < b ? a : b`: b where either is NaN.
  public mutating func minimum(_ a: VectorRegister, _ b: VectorRegister) -> VectorRegister {
    binary(.minimum, a, b)
  }
  public mutating func shift(
    _ operation: ShiftOperation, _ a: VectorRegister, by count: Int
  ) -> VectorRegister {
    emit { .shift(operation, $0, a, by: count) }
  }
  /// a·b + c, or c - a·b where `negated`.
  public mutating func multiplyAdd(
    _ a: VectorRegister, _ b: VectorRegister, _ c: VectorRegister, negated: Bool = false
  ) -> VectorRegister {
    emit { .multiplyAdd($0, a: a, b: .register(b), c: c, negated: negated) }
  }
  public mutating func select(
    _ a: VectorRegister, _ comparison: Comparison, _ b: VectorRegister, type: LaneType = .f32,
    ifTrue: VectorRegister, ifFalse: VectorRegister
  ) -> VectorRegister {
    emit { .compareSelect($0, comparison, type, a, b, ifTrue: ifTrue, ifFalse: ifFalse) }
  }
  public mutating func reduce(
    _ operation: ReduceOperation, _ a: VectorRegister, count: Int? = nil
  ) -> VectorRegister {
    emit { .reduce(operation, $0, a, count: count) }
  }
  public mutating func shuffle(
    _ operation: ShuffleOperation, _ a: VectorRegister, _ b: VectorRegister
  ) -> VectorRegister {
    emit { .shuffle(operation, $0, a, b) }
  }
}
