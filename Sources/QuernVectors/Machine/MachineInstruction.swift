/// What stands for a register number in an encoding until registers are allocated.
enum RegisterSlot: Sendable {
  /// Index into the instruction's operands.
  case operand(Int)
  case fixed(Int)
  /// The instruction's memory operand, `offset` bytes further on. Only as rm.
  case memory(offset: Int)
}

/// The machine's instruction, or instructions, for a `MachineInstruction`.
enum Encoding: Sendable {
  case vector(VectorEncoding)
  /// Constants into the scratch register.
  case scratch32(UInt32)
  case scratch64(UInt64)
  /// The first lanes' bits into mask register 1.
  case laneMask(Int)
  /// ±a·b + c of operands 0 (dst), 1 (a), 2 (b, or memory) and the last (c).
  case multiplyAdd(negated: Bool, memory: Bool, broadcast: Bool)
  case prefetch(toWrite: Bool)
  case zeroUpper
  /// Several. Few are, and memory for a list of one would be much to ask for.
  case sequence([Encoding])

  var usesLaneMask: Bool {
    switch self {
    case .laneMask: true
    case .sequence(let parts): parts.contains(where: \.usesLaneMask)
    default: false
    }
  }
}

struct VectorEncoding: Sendable {
  var opcode: Opcode
  var reg = RegisterSlot.operand(0)
  var vvvv: RegisterSlot?
  var rm: RegisterSlot
  var immediate: UInt8?
  /// An operand whose number is the upper half of the immediate: `vblendvps`.
  var immediateOperand: Int?
  var mask = 0
  var zeroing = false
  var embeddedBroadcast = false
  /// Of the vector: 128, or the target's width where nil.
  var bits: Int?
  /// Encoded with VEX on AVX-512 too: mask registers have no EVEX encoding.
  var vexOnly = false
}

/// One statement of a block: a C text, and the bytes of the same. It reads all of its operands
/// before it writes the first.
struct MachineInstruction: Sendable {
  /// C, with placeholders: see `StatementText`.
  var text: StaticString
  /// Where `writes`, the first is the destination. Registers are numbered from 0 in a block.
  var operands: OperandList<VectorRegister>
  var writes = true
  /// A number that the text mentions.
  var immediate = 0
  var memory: Address?
  var memoryUse = MemoryUse.plain
  /// nil where it is C alone.
  var encoding: Encoding?
  /// Declares the C variable `m`.
  var usesMaskVariable = false
  /// Copies operand 1, and nothing else.
  var isMove = false

  /// How the text's `$b` stands for the memory operand.
  enum MemoryUse: Sendable {
    case plain, broadcast, bytes
  }

  /// Whether it changes memory, which asking for a cache line does not.
  var stores: Bool { !writes && memory != nil && !operands.isEmpty }

  var sources: Slice<OperandList<VectorRegister>> { operands[(writes ? 1 : 0)...] }
}
