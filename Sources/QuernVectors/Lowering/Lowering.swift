import QuernMachine

/// A block as the target's machine instructions, on virtual registers.
struct LoweredBlock {
  var instructions: [MachineInstruction]
  /// The first of them are pinned: their numbers are the target's registers that they are in.
  var registerCount: Int
  var pinnedCount: Int
  /// The C variables that memory operands count from, by their numbers.
  var names: [Name]

  func isPinned(_ register: Int) -> Bool { register < pinnedCount }
}

/// Turns a block's vector instructions into the target's machine instructions, still on virtual
/// registers.
struct Lowering: ~Copyable {
  let target: Target
  private let family: any ProcessorFamily.Type
  private var instructions: [MachineInstruction] = []
  private var names: [Name]
  private var numbers: BlockNumbers
  /// A register that has been read before anything wrote it.
  private var unwritten: VectorRegister?
  /// The value that a temporary holds in all lanes, until memory changes.
  var lastBroadcast: (place: MemoryOperand, register: VectorRegister)?
  /// The comparison whose outcome is at hand, until what was compared changes.
  var lastComparison: LoweredComparison?

  private init(target: Target, pinned: PinnedRegisters, names: [Name] = []) {
    self.target = target
    family = target.family.implementation
    self.names = names
    numbers = BlockNumbers(pinned, target: target)
  }

  /// - Throws: `VectorError` where a temporary is read that has not been written, or an operand is out
  ///   of range.
  static func lower(
    _ block: [VectorInstruction], target: Target, pinned: PinnedRegisters
  ) throws -> LoweredBlock {
    var lowering = Lowering(target: target, pinned: pinned)
    lowering.instructions.reserveCapacity(block.count + 8)
    for instruction in block {
      try check(instruction, target)
      lowering.lower(instruction)
      if let register = lowering.unwritten {
        throw VectorError.readBeforeWrite(register, instruction: String(describing: instruction))
      }
    }
    return LoweredBlock(
      instructions: lowering.instructions, registerCount: Int(lowering.numbers.count),
      pinnedCount: target.registerCount, names: lowering.names)
  }

  /// A load or store of a whole register, which is one instruction.
  ///
  /// - Parameter names: of the C variables; the instruction's joins them.
  static func lower(
    _ instruction: VectorInstruction, target: Target, names: inout [Name]
  ) -> [MachineInstruction] {
    var lowering = Lowering(
      target: target, pinned: PinnedRegisters(target: target), names: names)
    lowering.lower(instruction)
    names = lowering.names
    return lowering.instructions
  }

  private mutating func lower(_ instruction: VectorInstruction) {
    family.lower(instruction, into: &self)
    if case .store = instruction { lastBroadcast = nil }
    if let last = lastComparison, let written = instruction.destination,
      written == last.a || written == last.b
    {
      lastComparison = nil
    }
  }

  /// Registers get their numbers here.
  mutating func emit(_ instruction: MachineInstruction) {
    let position = instructions.count
    instructions.append(instruction)
    for k in instruction.sourceIndices {
      let known = numbers.count
      let number = numbers.number(instruction.operands[k])
      // What has no number yet has not been written.
      if number >= known { unwritten = instruction.operands[k] }
      instructions[position].operands[k] = VectorRegister(id: number)
    }
    if instruction.writes {
      let number = numbers.number(instruction.operands[0])
      instructions[position].operands[0] = VectorRegister(id: number)
    }
  }

  /// A place in memory, by its pointer's number. Its offset has been checked.
  mutating func operand(_ address: Address) -> MemoryOperand {
    let pointer: Int
    if let known = names.lastIndex(of: address.base) {
      pointer = known
    } else {
      pointer = names.count
      names.append(address.base)
    }
    return MemoryOperand(
      pointer: Int32(pointer), offset: Int32(truncatingIfNeeded: address.offset),
      holdsIntegers: address.holdsIntegers)
  }

  /// A register that no instruction of the caller's can name.
  mutating func temporary() -> VectorRegister { numbers.temporary() }

  /// The source with the lanes past `count` replaced by what leaves the reduction as it is.
  mutating func reductionInput(
    _ operation: ReduceOperation, _ source: VectorRegister, count: Int?
  ) -> VectorRegister {
    guard let count, count < target.lanes else { return source }
    let identity = temporary()
    let input = temporary()
    let value: Float =
      switch operation {
      case .sum: 0
      case .maximum: -.infinity
      case .minimum: .infinity
      }
    lower(.constant(identity, value))
    lower(.blend(input, count: count, first: source, rest: identity))
    return input
  }

  private static func check(_ instruction: VectorInstruction, _ target: Target) throws {
    if let count = instruction.count, !(1...target.lanes).contains(count) {
      throw VectorError.countOutOfRange(
        count, lanes: target.lanes, instruction: String(describing: instruction))
    }
    if case .shift(_, _, _, let count) = instruction, !(0...31).contains(count) {
      throw VectorError.shiftOutOfRange(count)
    }
    if let address = instruction.address {
      // Room for the bytes of a partial load that are addressed one by one.
      guard Int32(exactly: address.offset + 64) != nil, Int32(exactly: address.offset) != nil
      else { throw VectorError.offsetOutOfRange(address) }
      if !instruction.addressesBytes, address.offset % 4 != 0 {
        throw VectorError.offsetNotAligned(address)
      }
    }
  }
}

/// A comparison of two registers that has been made.
struct LoweredComparison {
  var comparison: Comparison
  var type: LaneType
  var a: VectorRegister
  var b: VectorRegister
  /// Where the lanes are all ones or zeros; nil where the outcome is in the mask for comparisons.
  var outcome: VectorRegister?

  func isSame(
    _ comparison: Comparison, _ type: LaneType, _ a: VectorRegister, _ b: VectorRegister
  ) -> Bool {
    self.comparison == comparison && self.type == type && self.a == a && self.b == b
  }
}
