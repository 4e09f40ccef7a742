/// What stands for a register number in an encoding until registers are allocated.
enum RegisterSlot: BitwiseCopyable, Sendable {
  /// Index into the instruction's operands.
  case operand(UInt8)
  case fixed(UInt8)
  /// The instruction's memory operand.
  case memory
}

/// The machine's instruction, or instructions, for a `MachineInstruction`.
///
/// It is plain data, without lists and texts, and small: instructions come by the thousand, and
/// counting the references of each copy would cost more than what is done with it.
enum X86Encoding: BitwiseCopyable, Sendable {
  case vector(VectorEncoding)
  /// ±a·b + c of operands 0 (dst), 1 (a), 2 (b, or memory) and the last (c), of so many bits.
  case multiplyAdd(negated: Bool, memory: Bool, broadcast: Bool, bits: UInt16)
  case prefetch(PrefetchPurpose)
  case zeroUpper
  /// These bits in all lanes of operand 0.
  case constant(UInt32)
  /// 0, 1, 2, … in the lanes of operand 0.
  case laneIndices
  /// All ones in the first lanes of operand 0, zeros in the others: AVX2's masks are vectors.
  case laneMask(count: UInt8)
  /// Bytes from memory in the first lanes of operand 0, zeros in the others, on AVX2.
  case firstBytes(count: UInt8)

  /// Whether it goes by the mask register of the first lanes.
  var usesLaneMask: Bool {
    if case .vector(let vector) = self { vector.firstLanes != nil } else { false }
  }
}

/// One vector instruction.
struct VectorEncoding: BitwiseCopyable, Sendable {
  var opcode: Opcode
  var reg = RegisterSlot.operand(0)
  var vvvv: RegisterSlot?
  var rm: RegisterSlot
  var immediate: UInt8?
  /// An operand whose number is the upper half of the immediate: `vblendvps`.
  var immediateOperand: UInt8?
  /// How many lanes take part, by mask register 1, which gets their bits before; nil for all.
  var firstLanes: UInt8?
  /// Whether lanes are chosen by the outcome of a comparison, in mask register 2.
  var isSelection = false
  var zeroing = false
  var embeddedBroadcast = false
  /// Of the vector: 128 or half of the target's width; all of it where nil.
  var bits: UInt16?
}
