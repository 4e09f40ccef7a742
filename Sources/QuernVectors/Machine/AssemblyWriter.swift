/// Collects a block's bytes and writes them as TinyCC inline assembler.
///
/// The bytes are written as `.quad` numbers: TinyCC takes 0.25 µs an instruction for them,
/// 0.5 µs where each byte is a number of its own.
struct AssemblyWriter {
  private let target: Target
  private var bytes: [UInt8] = []
  private var bases: [String] = []
  private var lines: [String] = []
  /// The lanes that mask register 1 holds.
  private var laneMask: Int?

  /// General registers that inline assembler can ask for by a letter. rbx is last: it belongs to
  /// the caller, and TinyCC saves and restores it around the statement.
  private static let baseRegisters: [(number: Int, constraint: String)] = [
    (6, "S"), (7, "D"), (1, "c"), (2, "d"), (0, "a"), (3, "b"),
  ]

  init(target: Target) { self.target = target }

  mutating func append(_ allocated: AllocatedInstruction) {
    let instruction = allocated.instruction
    let registers = allocated.registers
    // First of all: it may start a new statement.
    let base = instruction.memory.map { baseRegister($0.base) } ?? 0
    let displacement = instruction.memory?.offset ?? 0
    for encoding in instruction.encodings {
      switch encoding {
      case .scratch32(let constant): Encoder.loadScratch(constant, into: &bytes)
      case .scratch64(let constant): Encoder.loadScratch(constant, into: &bytes)
      case .zeroUpper: bytes += Encoder.zeroUpper
      case .prefetch(let toWrite):
        Encoder.prefetch(
          toWrite: toWrite, base: base, displacement: displacement, into: &bytes)
      case .laneMask(let count):
        if laneMask == count { continue }
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
          fields.rm = .memory(base: base, displacement: displacement + offset)
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
          memory: inMemory ? .memory(base: base, displacement: displacement) : nil,
          broadcast: broadcast)
      }
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

  private mutating func baseRegister(_ base: String) -> Int {
    if let index = bases.firstIndex(of: base) { return Self.baseRegisters[index].number }
    if bases.count == Self.baseRegisters.count { finishStatement() }
    bases.append(base)
    return Self.baseRegisters[bases.count - 1].number
  }

  /// All statements, as C lines.
  mutating func finish() -> [String] {
    finishStatement()
    return lines
  }

  /// A number as C writes it to base 16.
  private static func append(_ value: UInt64, digits: Int, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "0"))
    line.append(UInt8(ascii: "x"))
    for digit in (0..<UInt64(digits)).reversed() {
      let nibble = UInt8(truncatingIfNeeded: value >> (4 * digit)) & 15
      line.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
    }
  }

  /// A block in a loop, as one statement after which the pointers have advanced.
  ///
  /// - Returns: nil where there are more pointers than registers for them, or one moves too far.
  static func loop(
    _ block: [AllocatedInstruction], _ loop: BlockLoop, target: Target
  ) -> [String]? {
    var writer = AssemblyWriter(target: target)
    Encoder.loadCounter(loop.rounds, into: &writer.bytes)
    let start = writer.bytes.count
    for allocated in block { writer.append(allocated) }
    for advance in loop.advances {
      let distance = advance.elements * advance.byteCount
      guard Int32(exactly: distance) != nil else { return nil }
      Encoder.advance(writer.baseRegister(advance.pointer), by: distance, into: &writer.bytes)
    }
    guard writer.lines.isEmpty else { return nil }
    Encoder.countDown(loopStart: start, into: &writer.bytes)
    writer.finishStatement(advanced: loop.advances.map(\.pointer))
    return writer.lines
  }

  /// - Parameter advanced: variables that are other than before.
  private mutating func finishStatement(advanced: [String] = []) {
    if !bytes.isEmpty {
      lines.append("__asm__ volatile(")
      let quads = bytes.count / 8
      bytes.withUnsafeBytes { raw in
        var line: [UInt8] = []
        for first in stride(from: 0, to: quads, by: 4) {
          line.removeAll(keepingCapacity: true)
          line += "  \".quad ".utf8
          for index in first..<min(first + 4, quads) {
            if index > first { line.append(UInt8(ascii: ",")) }
            let value = raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
            Self.append(UInt64(littleEndian: value), digits: 16, to: &line)
          }
          line += "\\n\"".utf8
          lines.append(String(decoding: line, as: UTF8.self))
        }
        if quads * 8 < raw.count {
          line.removeAll(keepingCapacity: true)
          line += "  \".byte ".utf8
          for index in quads * 8..<raw.count {
            if index > quads * 8 { line.append(UInt8(ascii: ",")) }
            Self.append(UInt64(raw[index]), digits: 2, to: &line)
          }
          line.append(UInt8(ascii: "\""))
          lines.append(String(decoding: line, as: UTF8.self))
        }
      }
      let operands = zip(Self.baseRegisters, bases)
      let outputs = operands.filter { advanced.contains($1) }
        .map { "\"+\($0.constraint)\"(\($1))" }.joined(separator: ", ")
      let inputs = operands.filter { !advanced.contains($1) }
        .map { "\"\($0.constraint)\"(\($1))" }.joined(separator: ", ")
      lines.append("  :\(outputs.isEmpty ? "" : " \(outputs) "): \(inputs) : \"memory\");")
    }
    bytes.removeAll(keepingCapacity: true)
    bases.removeAll(keepingCapacity: true)
  }
}
