import QuernMachine

/// Writes a `MachineInstruction`'s encoding as bytes, once it is known which registers its operands
/// and the pointer of its memory operand are in.
struct InstructionEncoder: ~Copyable {
  /// Of the target's vectors.
  private let bits: Int
  /// EVEX rather than VEX.
  private let isEVEX: Bool
  var bytes = OwnedArray<UInt8>(capacity: 512)
  /// How many lanes mask register 1 holds; nil where that is not known.
  private var lanesInMask: UInt8?

  /// Where a memory operand is: a general register and bytes from there.
  struct Place {
    var base: Int
    var displacement: Int

    var operand: RegisterOrMemory { .memory(base: base, displacement: displacement) }
  }

  init(target: Target) {
    bits = target.bits
    isEVEX = target.hasMasks
  }

  /// Nothing is known of what registers hold: code may come here from elsewhere.
  mutating func forget() { lanesInMask = nil }

  /// - Parameter place: where the memory operand is, if there is one.
  mutating func append(_ encoding: X86Encoding, _ registers: AllocatedRegisters, _ place: Place) {
    switch encoding {
    case .vector(let vector): append(vector, registers, place)
    case .multiplyAdd(let negated, let inMemory, let broadcast, let bits):
      multiplyAdd(
        registers, negated: negated, memory: inMemory ? place.operand : nil, broadcast: broadcast,
        bits: Int(bits))
    case .prefetch(let purpose):
      Encoder.prefetch(
        purpose, base: place.base, displacement: place.displacement, into: &bytes)
    case .zeroUpper: Encoder.zeroUpper(into: &bytes)
    case .constant(let bits): constant(bits, Int(registers[0]))
    case .laneIndices: laneIndices(Int(registers[0]))
    case .laneMask(let count):
      let ones: UInt64 = count >= 8 ? .max : (1 << UInt64(8 * count)) - 1
      Encoder.loadScratch(ones, into: &bytes)
      let register = Int(registers[0])
      scratch(.moveQuad, register)
      encode(.widenSignedBytes, reg: register, rm: .register(register))
    case .firstBytes(let count): firstBytes(Int(count), Int(registers[0]), place)
    }
  }

  private mutating func append(
    _ vector: VectorEncoding, _ registers: AllocatedRegisters, _ place: Place
  ) {
    if let count = vector.firstLanes { takeLanes(count) }
    var fields = EncodingFields(
      opcode: vector.opcode, reg: number(vector.reg, registers),
      vvvv: vector.vvvv.map { number($0, registers) } ?? 0,
      rm: .register(number(vector.rm, registers)), immediate: vector.immediate,
      mask: vector.firstLanes != nil ? 1 : vector.isSelection ? 2 : 0, zeroing: vector.zeroing,
      embeddedBroadcast: vector.embeddedBroadcast,
      bits: vector.bits.map(Int.init) ?? bits)
    if case .memory = vector.rm { fields.rm = place.operand }
    if let operand = vector.immediateOperand {
      fields.immediate = UInt8(registers[Int(operand)]) << 4
    }
    encode(fields)
  }

  private func number(_ slot: RegisterSlot, _ registers: AllocatedRegisters) -> Int {
    switch slot {
    case .operand(let index): Int(registers[Int(index)])
    case .fixed(let number): Int(number)
    case .memory: 0
    }
  }

  private mutating func encode(_ fields: EncodingFields) {
    if isEVEX {
      Encoder.evex(fields, into: &bytes)
    } else {
      Encoder.vex(fields, into: &bytes)
    }
  }

  /// - Parameter bits: of the vector; nil for the target's width.
  private mutating func encode(
    _ opcode: Opcode, reg: Int, vvvv: Int = 0, rm: RegisterOrMemory, immediate: UInt8? = nil,
    bits: Int? = nil
  ) {
    encode(
      EncodingFields(
        opcode: opcode, reg: reg, vvvv: vvvv, rm: rm, immediate: immediate,
        bits: bits ?? self.bits))
  }

  /// A move from the scratch register into a vector's first lanes.
  private mutating func scratch(_ opcode: Opcode, _ register: Int) {
    encode(opcode, reg: register, rm: .register(Encoder.scratch), bits: 128)
  }

  /// Sets mask register 1 to the first lanes.
  private mutating func takeLanes(_ count: UInt8) {
    if lanesInMask == count { return }
    lanesInMask = count
    Encoder.loadScratch(UInt32((1 << count) - 1), into: &bytes)
    // Mask registers have no EVEX encoding.
    Encoder.vex(
      EncodingFields(opcode: .moveMask, reg: 1, rm: .register(Encoder.scratch), bits: 128),
      into: &bytes)
  }

  private mutating func constant(_ bits: UInt32, _ register: Int) {
    if bits == 0 {
      encode(.xor, reg: register, vvvv: register, rm: .register(register))
      return
    }
    Encoder.loadScratch(bits, into: &bytes)
    if isEVEX {
      encode(.broadcastInteger, reg: register, rm: .register(Encoder.scratch))
    } else {
      scratch(.moveWord, register)
      encode(.broadcast, reg: register, rm: .register(register))
    }
  }

  private mutating func laneIndices(_ register: Int) {
    Encoder.loadScratch(0x0706_0504_0302_0100 as UInt64, into: &bytes)
    scratch(.moveQuad, register)
    if bits == 512 {
      Encoder.loadScratch(0x0f0e_0d0c_0b0a_0908 as UInt64, into: &bytes)
      encode(
        .insertQuad, reg: register, vvvv: register, rm: .register(Encoder.scratch), immediate: 1,
        bits: 128)
    }
    encode(.widenBytes, reg: register, rm: .register(register))
  }

  private mutating func firstBytes(_ count: Int, _ register: Int, _ place: Place) {
    encode(.xor, reg: register, vvvv: register, rm: .register(register))
    for lane in 0..<count {
      encode(
        .insertByte, reg: register, vvvv: register,
        rm: .memory(base: place.base, displacement: place.displacement + lane),
        immediate: UInt8(lane), bits: 128)
    }
    encode(.widenBytes, reg: register, rm: .register(register))
  }

  /// dst = ±a·b + c: the form depends on which operand the destination shares a register with.
  private mutating func multiplyAdd(
    _ registers: AllocatedRegisters, negated: Bool, memory: RegisterOrMemory?, broadcast: Bool,
    bits: Int
  ) {
    let (d, a) = (Int(registers[0]), Int(registers[1]))
    let c = Int(registers[registers.count - 1])
    let b = memory ?? .register(Int(registers[2]))
    let form132 = negated ? Opcode.negatedMultiplyAdd132 : .multiplyAdd132
    let form231 = negated ? Opcode.negatedMultiplyAdd231 : .multiplyAdd231
    var fields = EncodingFields(
      opcode: form231, reg: d, vvvv: a, rm: b, embeddedBroadcast: broadcast, bits: bits)
    if d == c {
    } else if d == a {
      fields.opcode = form132
      fields.vvvv = c
    } else if b == .register(d) {
      fields.opcode = form132
      fields.vvvv = c
      fields.rm = .register(a)
    } else {
      encode(.move, reg: d, rm: .register(c))
    }
    encode(fields)
  }
}
