import QuernMachine

/// Gives the temporaries of one block registers, in one pass forwards: a register is free again
/// after its value's last use; where none is free, the temporary whose next use is farthest away
/// gives up its own. What was read from memory, and is still there, is read again before that use;
/// anything else is stored to the stack and loaded from it.
struct RegisterAllocator: ~Copyable {
  private let target: Target
  /// Registers below are pinned.
  private let pinnedCount: Int
  /// Registers that hold nothing, a bit each.
  private var free: UInt32
  /// By virtual register.
  private var values: OwnedArray<Value>
  /// The temporary in each register, -1 for none.
  private var owners: OwnedArray<Int32>
  private var freeSlots: [Int] = []
  private(set) var slotCount = 0
  private var placed: [AllocatedBlock.Placed] = []

  // Small, since there is one for each register of a block. Not private: where values cannot be copied,
  // code of other files is made for the element's own type.
  struct Value: BitwiseCopyable {
    var register: UInt8?
    var slot: Int32?
    var nextUse = Liveness.never
    /// The instruction that wrote it.
    var definition: Int32 = 0
    /// Whether that is to be repeated where the value is read next.
    var isRepeated = false
  }

  /// The block's, and behind them those that spill.
  private var instructions: [MachineInstruction]
  /// Of the C variables that memory operands count from.
  private var names: [Name]
  private let liveness: Liveness

  /// - Parameter available: registers for temporaries, a bit each.
  init(_ block: LoweredBlock, target: Target, available: UInt32) {
    self.target = target
    pinnedCount = block.pinnedCount
    instructions = block.instructions
    names = block.names
    free = available
    values = OwnedArray(repeating: Value(), count: block.registerCount)
    owners = OwnedArray(repeating: -1, count: target.registerCount)
    liveness = Liveness(block)
  }

  /// - Throws: `VectorError.outOfRegisters` where one instruction alone needs more than there are.
  mutating func allocate() throws -> AllocatedBlock {
    let count = instructions.count
    placed.reserveCapacity(count)
    var cursor = 0
    for position in 0..<count {
      if liveness.isNeeded[position] { try allocate(position, nextUses: cursor) }
      cursor += instructions[position].operands.count
    }
    return AllocatedBlock(instructions, placed, names: names)
  }

  /// - Parameter first: where the next uses of the instruction's operands begin.
  private mutating func allocate(_ position: Int, nextUses first: Int) throws {
    let operands = instructions[position].operands
    let writes = instructions[position].writes
    var registers = AllocatedRegisters(repeating: 0, count: operands.count)
    let sources = instructions[position].sourceIndices
    // Sources: where they are, read again, or back from the stack.
    var busy: UInt32 = 0
    for k in sources {
      if let register = location(operands[k]) { busy |= 1 << UInt32(register) }
    }
    for k in sources {
      if let register = location(operands[k]) {
        registers[k] = UInt8(register)
      } else {
        let index = Int(operands[k].id)
        let register = try take(except: busy, for: position)
        if values[index].isRepeated {
          placed.append(
            .init(instruction: values[index].definition, registers: [UInt8(register)]))
          values[index].isRepeated = false
        } else if let slot = values[index].slot {
          spillTraffic(.load(operands[k], slotAddress(Int(slot))), register)
          values[index].slot = nil
          freeSlots.append(Int(slot))
        }
        hold(index, register)
        busy |= 1 << UInt32(register)
        registers[k] = UInt8(register)
      }
    }
    // Where the destination is read as well, it is one value that changes.
    for k in sources {
      let index = Int(operands[k].id)
      if index < pinnedCount { continue }
      let next = liveness.nextUses[first + k]
      values[index].nextUse = next
      if next == Liveness.never || writes && operands[k] == operands[0] { release(index) }
    }
    if writes {
      let index = Int(operands[0].id)
      if index < pinnedCount {
        registers[0] = UInt8(index)
      } else {
        // A value that is overwritten unread.
        release(index)
        let preferred = preference(position, registers)
        let register = try preferred ?? take(except: 0, for: position)
        hold(index, register)
        values[index].definition = Int32(position)
        values[index].nextUse = liveness.nextUses[first]
        registers[0] = UInt8(register)
        if values[index].nextUse == Liveness.never { release(index) }
      }
    }
    if instructions[position].isMove, registers[0] == registers[1] { return }
    placed.append(.init(instruction: Int32(position), registers: registers))
  }

  /// A multiply-add overwrites one of its operands: best one that dies, the addend first. A move
  /// from a value that dies is none.
  private func preference(_ position: Int, _ registers: AllocatedRegisters) -> Int? {
    // Not asked of `self`, which a nested function would copy.
    let free = free
    func isFree(_ register: UInt8) -> Bool { free >> UInt32(register) & 1 == 1 }
    if instructions[position].isMove { return isFree(registers[1]) ? Int(registers[1]) : nil }
    guard instructions[position].overwritesSource else { return nil }
    let last = registers.count - 1
    if isFree(registers[last]) { return Int(registers[last]) }
    for index in 1..<last where isFree(registers[index]) { return Int(registers[index]) }
    return nil
  }

  private func location(_ register: VectorRegister) -> Int? {
    let id = Int(register.id)
    return id < pinnedCount ? id : values[id].register.map(Int.init)
  }

  private mutating func hold(_ index: Int, _ register: Int) {
    free &= ~(1 << UInt32(register))
    owners[register] = Int32(index)
    values[index].register = UInt8(register)
  }

  private mutating func release(_ index: Int) {
    if let register = values[index].register {
      free |= 1 << UInt32(register)
      owners[Int(register)] = -1
      values[index].register = nil
    }
    if let slot = values[index].slot {
      freeSlots.append(Int(slot))
      values[index].slot = nil
    }
  }

  /// A register for a value: a free one, or another temporary's.
  private mutating func take(except busy: UInt32, for position: Int) throws -> Int {
    if free != 0 { return free.trailingZeroBitCount }
    var victim: (register: Int, value: Int)?
    for register in 0..<owners.count where busy >> UInt32(register) & 1 == 0 {
      let owner = Int(owners[register])
      if owner < 0 { continue }
      if let victim, values[victim.value].nextUse >= values[owner].nextUse { continue }
      victim = (register, owner)
    }
    guard let (register, index) = victim else {
      throw VectorError.outOfRegisters(instruction: instructions[position].text.description)
    }
    if canRepeat(Int(values[index].definition)) {
      release(index)
      values[index].isRepeated = true
      return register
    }
    let slot = freeSlots.popLast() ?? slotCount
    slotCount = max(slotCount, slot + 1)
    spillTraffic(.store(slotAddress(slot), VectorRegister(id: Int32(index))), register)
    release(index)
    values[index].slot = Int32(slot)
    return register
  }

  /// Whether an instruction gives the same wherever its value is read, and changes nothing else: a
  /// mask of lanes is in use between a comparison and what selects by it.
  private func canRepeat(_ position: Int) -> Bool {
    let instruction = instructions[position]
    return instruction.sourceIndices.isEmpty && !instruction.usesLaneMask
      && (instruction.memory == nil || liveness.isLasting[position])
  }

  private static let spill: Name = "spill"

  private func slotAddress(_ slot: Int) -> Address {
    Address(Self.spill, offset: slot * target.lanes * 4)
  }

  private mutating func spillTraffic(_ instruction: VectorInstruction, _ register: Int) {
    for machine in Lowering.lower(instruction, target: target, names: &names) {
      placed.append(.init(instruction: Int32(instructions.count), registers: [UInt8(register)]))
      instructions.append(machine)
    }
  }
}
