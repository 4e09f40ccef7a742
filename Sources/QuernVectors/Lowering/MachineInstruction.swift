/// A place in memory: one of a block's C variables, by number, and bytes from where it points.
struct MemoryOperand: BitwiseCopyable, Hashable, Sendable {
  var pointer: Int32
  var offset: Int32
  /// See ``Address/holdsIntegers``.
  var holdsIntegers = false
}

/// One statement of a block: a C text, and what the same is in bytes. It reads all of its operands
/// before it writes the first.
struct MachineInstruction: BitwiseCopyable, Sendable {
  /// C, with placeholders: see `StatementText`.
  var text: StaticString
  /// Where `writes`, the first is the destination. In a block they are ``BlockNumbers``.
  var operands: OperandList<VectorRegister>
  var writes = true
  /// A number that the text mentions.
  var immediate: UInt32 = 0
  var memory: MemoryOperand?
  var memoryUse = MemoryUse.plain
  /// nil where it is C alone.
  var encoding: Encoding?
  /// Compares into a mask register, the C variable `m`, which holds one comparison at a time.
  var makesComparison = false
  /// Goes by that mask.
  var readsComparison = false
  /// Goes by a mask register that is set for this instruction: it cannot stand between a comparison
  /// and what reads it.
  var usesLaneMask = false
  /// In bytes its destination is one of its sources, so that no move is needed where the two share a
  /// register: best the last source, then the others in their order.
  var overwritesSource = false
  /// Copies operand 1, and nothing else.
  var isMove = false

  /// How the text's vector in memory is to be read.
  enum MemoryUse: BitwiseCopyable {
    case plain, broadcast, bytes
  }

  /// Whether it changes memory, which asking for a cache line does not.
  var stores: Bool { !writes && memory != nil && !operands.isEmpty }

  /// Those of the operands that are read.
  var sourceIndices: Range<Int> { (writes ? 1 : 0)..<operands.count }
}
