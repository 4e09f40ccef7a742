/// How an instruction's operands lie in its bytes.
package enum OperandForm: BitwiseCopyable, Sendable {
  /// reg ← vvvv, rm.
  case three
  /// reg ← rm.
  case two
  /// rm ← reg: stores.
  case store
  /// vvvv ← rm, the opcode's extension in reg: shifts by a constant.
  case shift
}

/// What a memory operand reads or writes; AVX-512 scales one-byte displacements by its size.
package enum MemoryTuple: BitwiseCopyable, Sendable {
  /// The whole vector, or one f32 broadcast.
  case full
  /// One 32-bit value.
  case scalar
  /// A quarter of the vector: bytes widened to 32 bits.
  case quarter
  /// One byte.
  case byte
}

/// One x86 vector instruction: see the Intel 64 and IA-32 manual, volume 2, and appendix B there.
package struct Opcode: BitwiseCopyable, Sendable {
  /// The assembler's name of it.
  package var mnemonic: StaticString
  /// 1: 0F, 2: 0F 38, 3: 0F 3A.
  var map: UInt8
  /// 0: none, 1: 66, 2: F3, 3: F2.
  var prefix: UInt8
  /// The opcode proper, after prefixes and map.
  package var byte: UInt8
  /// Where the operands go.
  package var form: OperandForm = .three
  /// The W bit under VEX and under EVEX.
  var wVEX = false
  var wEVEX = false
  /// What a memory operand is.
  package var tuple: MemoryTuple = .full
  /// The reg field of `OperandForm.shift`.
  var digit: UInt8 = 0
}

extension Opcode {
  // Moves.
  package static let load = Opcode(mnemonic: "vmovups", map: 1, prefix: 0, byte: 0x10, form: .two)
  package static let store = Opcode(
    mnemonic: "vmovups", map: 1, prefix: 0, byte: 0x11, form: .store)
  package static let move = Opcode(mnemonic: "vmovaps", map: 1, prefix: 0, byte: 0x28, form: .two)
  package static let maskLoad = Opcode(mnemonic: "vmaskmovps", map: 2, prefix: 1, byte: 0x2c)
  package static let storeOne = Opcode(
    mnemonic: "vmovss", map: 1, prefix: 2, byte: 0x11, form: .store, tuple: .scalar)
  package static let storeTwo = Opcode(
    mnemonic: "vmovlps", map: 1, prefix: 0, byte: 0x13, form: .store)
  package static let storeLane = Opcode(
    mnemonic: "vextractps", map: 3, prefix: 1, byte: 0x17, form: .store, tuple: .scalar)
  package static let extractHalf = Opcode(
    mnemonic: "vextractf128", map: 3, prefix: 1, byte: 0x19, form: .store)
  package static let broadcast = Opcode(
    mnemonic: "vbroadcastss", map: 2, prefix: 1, byte: 0x18, form: .two, tuple: .scalar)
  package static let broadcastInteger = Opcode(  // from a general register
    mnemonic: "vpbroadcastd", map: 2, prefix: 1, byte: 0x7c, form: .two)
  package static let widenBytes = Opcode(
    mnemonic: "vpmovzxbd", map: 2, prefix: 1, byte: 0x31, form: .two, tuple: .quarter)
  package static let widenSignedBytes = Opcode(
    mnemonic: "vpmovsxbd", map: 2, prefix: 1, byte: 0x21, form: .two, tuple: .quarter)
  package static let moveWord = Opcode(
    mnemonic: "vmovd", map: 1, prefix: 1, byte: 0x6e, form: .two, tuple: .scalar)
  package static let moveQuad = Opcode(
    mnemonic: "vmovq", map: 1, prefix: 1, byte: 0x6e, form: .two, wVEX: true, wEVEX: true)
  package static let insertQuad = Opcode(
    mnemonic: "vpinsrq", map: 3, prefix: 1, byte: 0x22, wVEX: true, wEVEX: true)
  package static let insertByte = Opcode(
    mnemonic: "vpinsrb", map: 3, prefix: 1, byte: 0x20, tuple: .byte)
  package static let moveMask = Opcode(mnemonic: "kmovw", map: 1, prefix: 0, byte: 0x92, form: .two)

  // Arithmetic.
  package static let add = Opcode(mnemonic: "vaddps", map: 1, prefix: 0, byte: 0x58)
  package static let multiply = Opcode(mnemonic: "vmulps", map: 1, prefix: 0, byte: 0x59)
  package static let subtract = Opcode(mnemonic: "vsubps", map: 1, prefix: 0, byte: 0x5c)
  package static let minimum = Opcode(mnemonic: "vminps", map: 1, prefix: 0, byte: 0x5d)
  package static let divide = Opcode(mnemonic: "vdivps", map: 1, prefix: 0, byte: 0x5e)
  package static let maximum = Opcode(mnemonic: "vmaxps", map: 1, prefix: 0, byte: 0x5f)
  package static let and = Opcode(mnemonic: "vandps", map: 1, prefix: 0, byte: 0x54)
  package static let andNot = Opcode(mnemonic: "vandnps", map: 1, prefix: 0, byte: 0x55)
  package static let or = Opcode(mnemonic: "vorps", map: 1, prefix: 0, byte: 0x56)
  package static let xor = Opcode(mnemonic: "vxorps", map: 1, prefix: 0, byte: 0x57)
  package static let addInteger = Opcode(mnemonic: "vpaddd", map: 1, prefix: 1, byte: 0xfe)
  package static let subtractInteger = Opcode(mnemonic: "vpsubd", map: 1, prefix: 1, byte: 0xfa)
  package static let multiplyInteger = Opcode(mnemonic: "vpmulld", map: 2, prefix: 1, byte: 0x40)
  package static let maximumInteger = Opcode(mnemonic: "vpmaxsd", map: 2, prefix: 1, byte: 0x3d)
  package static let minimumInteger = Opcode(mnemonic: "vpminsd", map: 2, prefix: 1, byte: 0x39)
  package static let shiftLeft = Opcode(
    mnemonic: "vpslld", map: 1, prefix: 1, byte: 0x72, form: .shift, digit: 6)
  package static let shiftRightLogical = Opcode(
    mnemonic: "vpsrld", map: 1, prefix: 1, byte: 0x72, form: .shift, digit: 2)
  package static let shiftRightArithmetic = Opcode(
    mnemonic: "vpsrad", map: 1, prefix: 1, byte: 0x72, form: .shift, digit: 4)

  // Multiply-add. 132: reg = reg·rm + vvvv; 231: reg = vvvv·rm + reg.
  package static let multiplyAdd132 = Opcode(mnemonic: "vfmadd132ps", map: 2, prefix: 1, byte: 0x98)
  package static let multiplyAdd231 = Opcode(mnemonic: "vfmadd231ps", map: 2, prefix: 1, byte: 0xb8)
  package static let negatedMultiplyAdd132 = Opcode(
    mnemonic: "vfnmadd132ps", map: 2, prefix: 1, byte: 0x9c)
  package static let negatedMultiplyAdd231 = Opcode(
    mnemonic: "vfnmadd231ps", map: 2, prefix: 1, byte: 0xbc)

  // One operand.
  package static let squareRoot = Opcode(
    mnemonic: "vsqrtps", map: 1, prefix: 0, byte: 0x51, form: .two)
  package static let round = Opcode(mnemonic: "vroundps", map: 3, prefix: 1, byte: 0x08, form: .two)
  package static let roundScale = Opcode(
    mnemonic: "vrndscaleps", map: 3, prefix: 1, byte: 0x08, form: .two)
  package static let convertToFloat = Opcode(
    mnemonic: "vcvtdq2ps", map: 1, prefix: 0, byte: 0x5b, form: .two)
  package static let nearestToInteger = Opcode(
    mnemonic: "vcvtps2dq", map: 1, prefix: 1, byte: 0x5b, form: .two)
  package static let truncateToInteger = Opcode(
    mnemonic: "vcvttps2dq", map: 1, prefix: 2, byte: 0x5b, form: .two)

  // Comparison and selection.
  package static let compare = Opcode(mnemonic: "vcmpps", map: 1, prefix: 0, byte: 0xc2)
  package static let compareInteger = Opcode(mnemonic: "vpcmpd", map: 3, prefix: 1, byte: 0x1f)
  package static let equalInteger = Opcode(mnemonic: "vpcmpeqd", map: 1, prefix: 1, byte: 0x76)
  package static let greaterInteger = Opcode(mnemonic: "vpcmpgtd", map: 1, prefix: 1, byte: 0x66)
  package static let blendMask = Opcode(mnemonic: "vblendmps", map: 2, prefix: 1, byte: 0x65)
  package static let blendVariable = Opcode(mnemonic: "vblendvps", map: 3, prefix: 1, byte: 0x4a)
  package static let blendConstant = Opcode(mnemonic: "vblendps", map: 3, prefix: 1, byte: 0x0c)

  // Rearrangement.
  package static let unpackLow = Opcode(mnemonic: "vunpcklps", map: 1, prefix: 0, byte: 0x14)
  package static let unpackHigh = Opcode(mnemonic: "vunpckhps", map: 1, prefix: 0, byte: 0x15)
  package static let unpackPairsLow = Opcode(
    mnemonic: "vunpcklpd", map: 1, prefix: 1, byte: 0x14, wEVEX: true)
  package static let unpackPairsHigh = Opcode(
    mnemonic: "vunpckhpd", map: 1, prefix: 1, byte: 0x15, wEVEX: true)
  package static let shuffleGroups = Opcode(mnemonic: "vshuff32x4", map: 3, prefix: 1, byte: 0x23)
  package static let permuteHalves = Opcode(mnemonic: "vperm2f128", map: 3, prefix: 1, byte: 0x06)
  package static let permute = Opcode(
    mnemonic: "vpermilps", map: 3, prefix: 1, byte: 0x04, form: .two)
}
