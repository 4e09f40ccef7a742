/// Collects the bytes of blocks, in as few statements as their pointers find registers.
struct AssemblyWriter {
  private let target: Target
  private var bytes: [UInt8] = []
  /// The variables that are in registers, in these registers' order.
  private var roots: [String] = []
  /// How far a register is from its variable as the statement found it, in bytes.
  private var moved: [String: Int] = [:] { didSet { lastAddress = nil } }
  /// Variables that are not as the statement found them, or not in C at all.
  private var values: [String: Value] = [:] { didSet { lastAddress = nil } }
  /// What was asked for last, as long as it holds: most instructions go by the same pointer.
  private var lastAddress: (name: String, base: Int, displacement: Int)?
  private var statements: [AssemblyStatement] = []
  /// The lanes that mask register 1 holds.
  private var laneMask: Int?

  /// A variable by another, as the statement found that one, and bytes.
  private struct Value {
    var root: String
    var distance: Int
  }

  /// General registers that inline assembler can ask for by a letter. rbx is last: it belongs to
  /// the caller, and TinyCC saves and restores it around the statement.
  private static let baseRegisters: [(number: Int, constraint: String)] = [
    (6, "S"), (7, "D"), (1, "c"), (2, "d"), (0, "a"), (3, "b"),
  ]

  init(target: Target) { self.target = target }

  mutating func append(_ block: AllocatedBlock) {
    block.forEachInstruction { instruction, registers in
      guard let encoding = instruction.encoding else { return }
      var place = (base: 0, displacement: 0)
      if let memory = instruction.memory {
        place = address(of: memory.base)
        place.displacement += memory.offset
      }
      append(encoding, registers, place)
    }
  }

  /// - Parameter place: where the memory operand is, if there is one.
  private mutating func append(
    _ encoding: Encoding, _ registers: OperandList<Int>, _ place: (base: Int, displacement: Int)
  ) {
    switch encoding {
    case .sequence(let parts): for part in parts { append(part, registers, place) }
    case .scratch32(let constant): Encoder.loadScratch(constant, into: &bytes)
    case .scratch64(let constant): Encoder.loadScratch(constant, into: &bytes)
    case .zeroUpper: bytes += Encoder.zeroUpper
    case .prefetch(let toWrite):
      Encoder.prefetch(
        toWrite: toWrite, base: place.base, displacement: place.displacement, into: &bytes)
    case .laneMask(let count):
      if laneMask == count { return }
      laneMask = count
      Encoder.loadScratch(UInt32((1 << count) - 1), into: &bytes)
      Encoder.vex(
        EncodingFields(
          opcode: .moveMask, reg: 1, rm: .register(Encoder.scratch), bits: 128), into: &bytes)
    case .vector(let vector):
      var fields = EncodingFields(
        opcode: vector.opcode, reg: number(vector.reg, registers),
        vvvv: vector.vvvv.map { number($0, registers) } ?? 0, rm: .register(0),
        immediate: vector.immediate, mask: vector.mask, zeroing: vector.zeroing,
        embeddedBroadcast: vector.embeddedBroadcast, bits: vector.bits ?? target.lanes * 32)
      if case .memory(let offset) = vector.rm {
        fields.rm = .memory(base: place.base, displacement: place.displacement + offset)
      } else {
        fields.rm = .register(number(vector.rm, registers))
      }
      if let operand = vector.immediateOperand {
        fields.immediate = UInt8(registers[operand]) << 4
      }
      encode(fields)
    case .multiplyAdd(let negated, let inMemory, let broadcast):
      multiplyAdd(
        registers, negated: negated,
        memory: inMemory ? .memory(base: place.base, displacement: place.displacement) : nil,
        broadcast: broadcast)
    }
  }

  private func number(_ slot: RegisterSlot, _ registers: OperandList<Int>) -> Int {
    switch slot {
    case .operand(let index): registers[index]
    case .fixed(let number): number
    case .memory: 0
    }
  }

  private mutating func encode(_ fields: EncodingFields) {
    if target == .avx512 {
      Encoder.evex(fields, into: &bytes)
    } else {
      Encoder.vex(fields, into: &bytes)
    }
  }

  /// dst = ±a·b + c: the form depends on which operand the destination shares a register with.
  private mutating func multiplyAdd(
    _ registers: OperandList<Int>, negated: Bool, memory: RegisterOrMemory?, broadcast: Bool
  ) {
    let (d, a, c) = (registers[0], registers[1], registers[registers.count - 1])
    let b = memory ?? .register(registers[2])
    let form132 = negated ? Opcode.negatedMultiplyAdd132 : .multiplyAdd132
    let form231 = negated ? Opcode.negatedMultiplyAdd231 : .multiplyAdd231
    var fields = EncodingFields(
      opcode: form231, reg: d, vvvv: a, rm: b, embeddedBroadcast: broadcast,
      bits: target.lanes * 32)
    if d == c {
    } else if d == a {
      fields.opcode = form132
      fields.vvvv = c
    } else if b == .register(d) {
      fields.opcode = form132
      fields.vvvv = c
      fields.rm = .register(a)
    } else {
      encode(
        EncodingFields(opcode: .move, reg: d, rm: .register(c), bits: target.lanes * 32))
    }
    encode(fields)
  }

  /// Where a C variable points, from a register.
  private mutating func address(of name: String) -> (base: Int, displacement: Int) {
    if let lastAddress, lastAddress.name == name {
      return (lastAddress.base, lastAddress.displacement)
    }
    // First of all: it may start a new statement.
    let base = register(of: values[name]?.root ?? name)
    let value = values[name] ?? Value(root: name, distance: 0)
    let displacement = value.distance - moved[value.root, default: 0]
    lastAddress = (name, base, displacement)
    return (base, displacement)
  }

  private mutating func register(of root: String) -> Int {
    if let index = roots.firstIndex(of: root) { return Self.baseRegisters[index].number }
    if roots.count == Self.baseRegisters.count { finishStatement() }
    roots.append(root)
    return Self.baseRegisters[roots.count - 1].number
  }

  /// A variable that points where another does, and that nothing but this code needs.
  mutating func alias(_ name: String, of other: String) {
    values[name] = values[other] ?? Value(root: other, distance: 0)
  }

  /// Moves a variable, from which later addresses count; its register follows at the end.
  mutating func advance(_ advance: BlockLoop.Advance) {
    let root = values[advance.pointer]?.root ?? advance.pointer
    if root == advance.pointer { _ = register(of: root) }
    note(advance.pointer, movedBy: advance.distance)
  }

  private mutating func note(_ name: String, movedBy distance: Int) {
    var value = values[name] ?? Value(root: name, distance: 0)
    value.distance += distance
    values[name] = value
  }

  /// A block in a loop, in one statement. No variable that it moves may share its register with
  /// another that it uses.
  mutating func loop(_ block: AllocatedBlock, _ loop: BlockLoop) {
    let names = block.pointers + loop.advances.map(\.pointer)
    let needed = names.map { values[$0]?.root ?? $0 }
    if Set(needed).union(roots).count > Self.baseRegisters.count { finishStatement() }
    for root in needed { _ = register(of: root) }
    Encoder.loadCounter(loop.rounds, into: &bytes)
    laneMask = nil
    let start = bytes.count
    append(block)
    for advance in loop.advances {
      let base = register(of: values[advance.pointer]?.root ?? advance.pointer)
      Encoder.advance(base, by: advance.distance, into: &bytes)
    }
    Encoder.countDown(loopStart: start, into: &bytes)
    for advance in loop.advances {
      let distance = advance.distance * loop.rounds
      note(advance.pointer, movedBy: distance)
      moved[values[advance.pointer]?.root ?? advance.pointer, default: 0] += distance
    }
  }

  /// Whether a loop finds registers for all that it addresses.
  static func canLoop(_ block: AllocatedBlock, _ loop: BlockLoop) -> Bool {
    Set(block.pointers + loop.advances.map(\.pointer)).count <= baseRegisters.count
  }

  /// All statements since the last call.
  mutating func take() -> [AssemblyStatement] {
    finishStatement()
    defer { statements = [] }
    return statements
  }

  private mutating func finishStatement() {
    var outputs: [String] = []
    var inputs: [String] = []
    for (root, register) in zip(roots, Self.baseRegisters) {
      let distance = values[root]?.distance ?? 0
      if distance == 0 {
        // That the register may have moved is no matter: TinyCC expects nothing of it afterwards.
        inputs.append("\"\(register.constraint)\"(\(root))")
      } else {
        let rest = distance - moved[root, default: 0]
        if rest != 0 { Encoder.advance(register.number, by: rest, into: &bytes) }
        outputs.append("\"+\(register.constraint)\"(\(root))")
      }
    }
    if !bytes.isEmpty {
      let outputs = outputs.isEmpty ? "" : " \(outputs.joined(separator: ", ")) "
      statements.append(
        AssemblyStatement(
          bytes: bytes,
          operands: ":\(outputs): \(inputs.joined(separator: ", ")) : \"memory\""))
    }
    // From here on distances count from where the variables are now.
    let distances = roots.map { values[$0]?.distance ?? 0 }
    for (root, distance) in zip(roots, distances) where distance != 0 {
      for name in values.keys where values[name]?.root == root {
        note(name, movedBy: -distance)
      }
    }
    moved = [:]
    lastAddress = nil
    laneMask = nil
    bytes.removeAll(keepingCapacity: true)
    roots.removeAll(keepingCapacity: true)
  }
}
