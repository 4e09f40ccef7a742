/// Where an instruction's rm operand is.
package enum RegisterOrMemory: Sendable, Hashable {
  /// A vector register, or the scratch register.
  case register(Int)
  /// A general register (0 rax … 15 r15, but not those whose low bits are 4 or 5) and a distance.
  case memory(base: Int, displacement: Int)
}

/// The fields of one instruction, by physical register numbers.
package struct EncodingFields: Sendable {
  var opcode: Opcode
  var reg: Int
  var vvvv: Int
  var rm: RegisterOrMemory
  var immediate: UInt8?
  /// k1…k7; 0 for none. EVEX only.
  var mask: Int
  var zeroing: Bool
  /// One f32 from memory in all lanes. EVEX only.
  var embeddedBroadcast: Bool
  /// 128, 256 or 512.
  var bits: Int

  package init(
    opcode: Opcode, reg: Int = 0, vvvv: Int = 0, rm: RegisterOrMemory, immediate: UInt8? = nil,
    mask: Int = 0, zeroing: Bool = false, embeddedBroadcast: Bool = false, bits: Int
  ) {
    self.opcode = opcode
    self.reg = reg
    self.vvvv = vvvv
    self.rm = rm
    self.immediate = immediate
    self.mask = mask
    self.zeroing = zeroing
    self.embeddedBroadcast = embeddedBroadcast
    self.bits = bits
  }
}

/// Writes machine instructions as bytes.
package enum Encoder {
  /// The VEX encoding: registers 0...15, 128 or 256 bits.
  package static func vex(_ fields: EncodingFields, into bytes: inout OwnedArray<UInt8>) {
    let opcode = fields.opcode
    let (reg, vvvv) = registers(fields)
    let (_, b) = extensionBits(fields.rm)
    let last =
      UInt8(~vvvv & 15) << 3 | (fields.bits == 256 ? 4 : 0) | opcode.prefix
    let r = UInt8(~(reg >> 3) & 1)
    if opcode.map == 1, !opcode.wVEX, b == 0 {
      bytes.append(0xc5)
      bytes.append(r << 7 | last)
    } else {
      bytes.append(0xc4)
      bytes.append(r << 7 | 0x40 | (1 - b) << 5 | opcode.map)
      bytes.append((opcode.wVEX ? 0x80 : 0) | last)
    }
    bytes.append(opcode.byte)
    operand(fields.rm, reg: reg, scale: 1, into: &bytes)
    if let immediate = fields.immediate { bytes.append(immediate) }
  }

  /// The EVEX encoding: registers 0...31, 128, 256 or 512 bits.
  package static func evex(_ fields: EncodingFields, into bytes: inout OwnedArray<UInt8>) {
    let opcode = fields.opcode
    let (reg, vvvv) = registers(fields)
    let (x, b) = extensionBits(fields.rm)
    let r = UInt8(~(reg >> 3) & 1)
    let r2 = UInt8(~(reg >> 4) & 1)
    let length: UInt8 = fields.bits == 512 ? 2 : fields.bits == 256 ? 1 : 0
    bytes.append(0x62)
    bytes.append(r << 7 | (1 - x) << 6 | (1 - b) << 5 | r2 << 4 | opcode.map)
    bytes.append((opcode.wEVEX ? 0x80 : 0) | UInt8(~vvvv & 15) << 3 | 4 | opcode.prefix)
    bytes.append(
      (fields.zeroing ? 0x80 : 0) | length << 5 | (fields.embeddedBroadcast ? 0x10 : 0)
        | UInt8(~(vvvv >> 4) & 1) << 3 | UInt8(fields.mask))
    bytes.append(opcode.byte)
    let scale: Int
    switch opcode.tuple {
    case .full: scale = fields.embeddedBroadcast ? 4 : fields.bits / 8
    case .scalar: scale = 4
    case .quarter: scale = fields.bits / 32
    case .byte: scale = 1
    }
    operand(fields.rm, reg: reg, scale: scale, into: &bytes)
    if let immediate = fields.immediate { bytes.append(immediate) }
  }

  /// `prefetcht0`, `prefetcht1`, or `prefetchw`, which processors that lack it pass over.
  package static func prefetch(
    _ purpose: PrefetchPurpose, base: Int, displacement: Int, into bytes: inout OwnedArray<UInt8>
  ) {
    bytes.append(0x0f, purpose == .write ? 0x0d : 0x18)
    operand(
      .memory(base: base, displacement: displacement), reg: purpose == .readLater ? 2 : 1,
      scale: 1, into: &bytes)
  }

  /// The general register that holds constants on their way to vector and mask registers: r11.
  /// Neither the C calling convention nor TinyCC expects anything of it between statements.
  package static let scratch = 11

  /// `mov r11d, constant`.
  package static func loadScratch(_ constant: UInt32, into bytes: inout OwnedArray<UInt8>) {
    bytes.append(0x41, 0xbb)
    bytes.append(number: constant)
  }

  /// `movabs r11, constant`.
  package static func loadScratch(_ constant: UInt64, into bytes: inout OwnedArray<UInt8>) {
    bytes.append(0x49, 0xbb)
    bytes.append(number: constant)
  }

  /// The general register that counts the rounds of a loop: r10, which is as free as r11.
  private static let counter = 10

  /// `mov r10d, rounds`.
  package static func loadCounter(_ rounds: Int, into bytes: inout OwnedArray<UInt8>) {
    bytes.append(0x41, 0xb8 | UInt8(counter & 7))
    bytes.append(number: Int32(truncatingIfNeeded: rounds))
  }

  /// `sub r10d, 1` and `jnz` to where the loop starts.
  package static func countDown(loopStart: Int, into bytes: inout OwnedArray<UInt8>) {
    bytes.append(0x41, 0x83)
    bytes.append(0xe8 | UInt8(counter & 7), 1)
    // The distance counts from the end of the jump, of 2 bytes or 6.
    if let short = Int8(exactly: loopStart - bytes.count - 2) {
      bytes.append(0x75, UInt8(bitPattern: short))
    } else {
      bytes.append(0x0f, 0x85)
      bytes.append(number: Int32(truncatingIfNeeded: loopStart - bytes.count - 4))
    }
  }

  /// `add base, distance` on 64 bits.
  package static func advance(_ base: Int, by distance: Int, into bytes: inout OwnedArray<UInt8>) {
    let wide: UInt8 = 0x48 | UInt8(base >> 3)
    let rm: UInt8 = 0xc0 | UInt8(base & 7)
    if let short = Int8(exactly: distance) {
      bytes.append(wide, 0x83)
      bytes.append(rm, UInt8(bitPattern: short))
    } else {
      // rax has a form of its own.
      bytes.append(wide, base == 0 ? 0x05 : 0x81)
      if base != 0 { bytes.append(rm) }
      bytes.append(number: Int32(truncatingIfNeeded: distance))
    }
  }

  /// `ret`.
  package static let returning: [UInt8] = [0xc3]

  /// `vzeroupper`.
  package static func zeroUpper(into bytes: inout OwnedArray<UInt8>) {
    bytes.append(0xc5, 0xf8)
    bytes.append(0x77)
  }

  /// reg and vvvv fields; a shift has its destination in vvvv.
  private static func registers(_ fields: EncodingFields) -> (reg: Int, vvvv: Int) {
    fields.opcode.form == .shift
      ? (Int(fields.opcode.digit), fields.reg) : (fields.reg, fields.vvvv)
  }

  private static func extensionBits(_ rm: RegisterOrMemory) -> (x: UInt8, b: UInt8) {
    switch rm {
    case .register(let number): (UInt8(number >> 4 & 1), UInt8(number >> 3 & 1))
    case .memory(let base, _): (0, UInt8(base >> 3 & 1))
    }
  }

  /// The ModRM byte and the displacement.
  private static func operand(
    _ rm: RegisterOrMemory, reg: Int, scale: Int, into bytes: inout OwnedArray<UInt8>
  ) {
    let regBits = UInt8(reg & 7) << 3
    switch rm {
    case .register(let number):
      bytes.append(0xc0 | regBits | UInt8(number & 7))
    case .memory(let base, let displacement):
      let baseBits = UInt8(base & 7)
      if displacement == 0 {
        bytes.append(regBits | baseBits)
      } else if displacement % scale == 0, let small = Int8(exactly: displacement / scale) {
        bytes.append(0x40 | regBits | baseBits, UInt8(bitPattern: small))
      } else {
        bytes.append(0x80 | regBits | baseBits)
        bytes.append(number: Int32(truncatingIfNeeded: displacement))
      }
    }
  }
}

extension OwnedArray<UInt8> {
  fileprivate mutating func append(_ first: UInt8, _ second: UInt8) {
    append(first)
    append(second)
  }

  /// The lowest byte first.
  fileprivate mutating func append(number: some FixedWidthInteger) {
    for byte in 0..<number.bitWidth / 8 {
      append(UInt8(truncatingIfNeeded: number >> (8 * byte)))
    }
  }
}
