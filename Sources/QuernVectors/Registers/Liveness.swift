/// What of a block is needed, and how long: found in one pass backwards.
struct Liveness: ~Copyable {
  /// By instruction: whether anything reads what it computes.
  private(set) var isNeeded: OwnedArray<Bool>
  /// By instruction: whether memory stays as it is until what it writes has been read for the last time.
  private(set) var isLasting: OwnedArray<Bool>
  /// For the operands of all instructions in turn: the instruction that reads the value next, after
  /// their own.
  private(set) var nextUses: OwnedArray<Int32>

  /// Of what is never read again.
  static let never = Int32.max

  // By register, behind the instruction in question.
  private struct Uses: BitwiseCopyable {
    var next = Liveness.never
    var last = Liveness.never
  }

  init(_ block: LoweredBlock) {
    let instructions = block.instructions
    let total = instructions.reduce(0) { $0 + $1.operands.count }
    isNeeded = OwnedArray(repeating: true, count: instructions.count)
    isLasting = OwnedArray(repeating: true, count: instructions.count)
    nextUses = OwnedArray(repeating: Self.never, count: total)
    var uses = OwnedArray(repeating: Uses(), count: block.registerCount)
    var readsComparison = false
    var nextStore = Self.never
    var cursor = total
    for position in instructions.indices.reversed() {
      let operands = instructions[position].operands
      let writes = instructions[position].writes
      cursor -= operands.count
      for k in operands.indices { nextUses[cursor + k] = uses[Int(operands[k].id)].next }
      if writes {
        let written = Int(operands[0].id)
        if uses[written].next == Self.never, !block.isPinned(written) {
          isNeeded[position] = false
          continue
        }
        isLasting[position] = uses[written].next == Self.never || uses[written].last < nextStore
        uses[written].next = Self.never
      } else if instructions[position].makesComparison {
        isNeeded[position] = readsComparison
        if !readsComparison { continue }
        readsComparison = false
      }
      for k in instructions[position].sourceIndices {
        let source = Int(operands[k].id)
        if uses[source].next == Self.never { uses[source].last = Int32(position) }
        uses[source].next = Int32(position)
      }
      if instructions[position].readsComparison { readsComparison = true }
      if instructions[position].stores { nextStore = Int32(position) }
    }
  }
}
