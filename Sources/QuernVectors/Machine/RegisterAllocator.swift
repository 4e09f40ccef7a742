/// Gives the temporaries of one block registers, in one pass forwards: a register is free again
/// after its value's last use; where none is free, the temporary whose next use is farthest away
/// gives up its own. What was read from memory, and is still there, is read again before that use;
/// anything else is stored to the stack and loaded from it.
struct RegisterAllocator {
  private let target: Target
  /// By virtual register: the place of a pinned one, -1 for temporaries.
  private let pinned: [Int]
  /// Registers that hold nothing, a bit each.
  private var free: UInt32
  /// By virtual register.
  private var values: [Value]
  /// The temporary in each register.
  private var owners: [Int32?]
  private var freeSlots: [Int] = []
  private(set) var slotCount = 0
  private var placed: [AllocatedBlock.Placed] = []

  // Small, since there is one for each register of a block.
  private struct Value {
    var register: UInt8?
    var slot: Int32?
    var nextUse = never
    /// The instruction that wrote it.
    var definition: Int32 = 0
    /// Whether that is to be repeated where the value is read next.
    var isRepeated = false
  }

  /// The block's, and behind them those that spill.
  private var instructions: [MachineInstruction]
  /// Of the C variables that memory operands count from.
  private var names: [String]
  /// By instruction: whether memory stays as it is until what it writes has been read for the last time.
  private var isLasting: [Bool] = []

  private static let never = Int32.max

  /// - Parameter available: registers for temporaries, a bit each.
  init(_ block: LoweredBlock, target: Target, available: UInt32) {
    self.target = target
    pinned = block.places
    instructions = block.instructions
    names = block.names
    free = available
    values = Array(repeating: Value(), count: pinned.count)
    owners = Array(repeating: nil, count: target.registerCount)
  }

  /// - Throws: `VectorError.outOfRegisters` where one instruction alone needs more than there are.
  mutating func allocate() throws -> AllocatedBlock {
    let count = instructions.count
    placed.reserveCapacity(count)
    let nextUses = findUses()
    var cursor = 0
    for position in 0..<count {
      try allocate(position, nextUses: cursor, in: nextUses)
      cursor += instructions[position].operands.count
    }
    return AllocatedBlock(instructions, placed, names: names)
  }

  /// For every operand in turn: where its value is read next, after its instruction.
  private mutating func findUses() -> [Int32] {
    let total = instructions.reduce(0) { $0 + $1.operands.count }
    var next = Array(repeating: Self.never, count: total)
    isLasting = Array(repeating: true, count: instructions.count)
    var upcoming = Array(repeating: Self.never, count: values.count)
    var last = upcoming
    var nextStore = Self.never
    var cursor = total
    for position in instructions.indices.reversed() {
      let operands = instructions[position].operands
      let firstSource = instructions[position].writes ? 1 : 0
      cursor -= operands.count
      for k in operands.indices { next[cursor + k] = upcoming[operands[k].id] }
      if firstSource == 1 {
        let id = operands[0].id
        isLasting[position] = upcoming[id] == Self.never || last[id] < nextStore
        upcoming[id] = Self.never
      }
      for k in firstSource..<max(firstSource, operands.count) {
        let id = operands[k].id
        if upcoming[id] == Self.never { last[id] = Int32(position) }
        upcoming[id] = Int32(position)
      }
      if instructions[position].stores { nextStore = Int32(position) }
    }
    return next
  }

  /// - Parameter first: where the next uses of the instruction's operands begin.
  private mutating func allocate(
    _ position: Int, nextUses first: Int, in nextUses: [Int32]
  ) throws {
    let operands = instructions[position].operands
    let writes = instructions[position].writes
    var registers = OperandList(repeating: 0, count: operands.count)
    let firstSource = writes ? 1 : 0
    let sources = firstSource..<max(operands.count, firstSource)
    // Sources: where they are, read again, or back from the stack.
    var busy: UInt32 = 0
    for k in sources {
      if let register = location(operands[k]) { busy |= 1 << UInt32(register) }
    }
    for k in sources {
      if let register = location(operands[k]) {
        registers[k] = register
      } else {
        let index = operands[k].id
        let register = try take(except: busy, for: position)
        if values[index].isRepeated {
          placed.append(.init(instruction: values[index].definition, registers: [register]))
          values[index].isRepeated = false
        } else if let slot = values[index].slot {
          spillTraffic(.load(operands[k], slotAddress(Int(slot))), register)
          values[index].slot = nil
          freeSlots.append(Int(slot))
        }
        hold(index, register)
        busy |= 1 << UInt32(register)
        registers[k] = register
      }
    }
    // Where the destination is read as well, it is one value that changes.
    for k in sources {
      let index = operands[k].id
      if pinned[index] >= 0 { continue }
      let next = nextUses[first + k]
      values[index].nextUse = next
      if next == Self.never || writes && operands[k] == operands[0] { release(index) }
    }
    if writes {
      let index = operands[0].id
      if pinned[index] >= 0 {
        registers[0] = pinned[index]
      } else {
        // A value that is overwritten unread.
        release(index)
        let preferred = preference(instructions[position], registers)
        let register = try preferred ?? take(except: 0, for: position)
        hold(index, register)
        values[index].definition = Int32(position)
        values[index].nextUse = nextUses[first]
        registers[0] = register
        if values[index].nextUse == Self.never { release(index) }
      }
    }
    if instructions[position].isMove, registers[0] == registers[1] { return }
    placed.append(.init(instruction: Int32(position), registers: registers))
  }

  /// A multiply-add overwrites one of its operands: best one that dies, the addend first. A move
  /// from a value that dies is none.
  private func preference(
    _ instruction: MachineInstruction, _ registers: OperandList<Int>
  ) -> Int? {
    // Not asked of `self`, which a nested function would copy.
    let free = free
    func isFree(_ register: Int) -> Bool { free >> UInt32(register) & 1 == 1 }
    if instruction.isMove { return isFree(registers[1]) ? registers[1] : nil }
    guard case .multiplyAdd? = instruction.encoding else { return nil }
    let last = registers.count - 1
    if isFree(registers[last]) { return registers[last] }
    for index in 1..<last where isFree(registers[index]) { return registers[index] }
    return nil
  }

  private func location(_ register: VectorRegister) -> Int? {
    pinned[register.id] >= 0 ? pinned[register.id] : values[register.id].register.map(Int.init)
  }

  private mutating func hold(_ index: Int, _ register: Int) {
    free &= ~(1 << UInt32(register))
    owners[register] = Int32(index)
    values[index].register = UInt8(register)
  }

  private mutating func release(_ index: Int) {
    if let register = values[index].register {
      free |= 1 << UInt32(register)
      owners[Int(register)] = nil
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
    for (register, owner) in owners.enumerated() where busy >> UInt32(register) & 1 == 0 {
      guard let owner = owner.map(Int.init) else { continue }
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
    spillTraffic(.store(slotAddress(slot), VectorRegister(id: index)), register)
    release(index)
    values[index].slot = Int32(slot)
    return register
  }

  /// Whether an instruction gives the same wherever its value is read, and changes nothing else: a
  /// mask of lanes is in use between a comparison and what selects by it.
  private func canRepeat(_ position: Int) -> Bool {
    let instruction = instructions[position]
    let usesMask = instruction.encoding?.usesLaneMask ?? false
    return instruction.sources.isEmpty && !usesMask
      && (instruction.memory == nil || isLasting[position])
  }

  private func slotAddress(_ slot: Int) -> Address {
    Address("spill", offset: slot * target.lanes * 4)
  }

  private mutating func spillTraffic(_ instruction: VectorInstruction, _ register: Int) {
    for machine in Lowering.lower(instruction, target: target, names: &names) {
      placed.append(.init(instruction: Int32(instructions.count), registers: [register]))
      instructions.append(machine)
    }
  }
}
