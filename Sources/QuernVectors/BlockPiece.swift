/// A part of a C function around vector instructions, before it is text: neighbours may become one
/// statement.
public enum BlockPiece: Sendable {
  case block(AllocatedBlock)
  case loop(AllocatedBlock, BlockLoop)
  /// A variable that points where another does: `const float *b = a;`.
  case pointer(type: String, name: String, from: String)
  case advance(BlockLoop.Advance)

  /// Whether a variable is used.
  public func mentions(_ variable: String) -> Bool {
    switch self {
    case .block(let block): block.pointers.contains(variable)
    case .loop(let block, let loop):
      block.pointers.contains(variable) || loop.advances.contains { $0.pointer == variable }
    case .pointer(_, _, let from): from == variable
    case .advance(let advance): advance.pointer == variable
    }
  }
}

/// A block whose registers are the target's.
public struct AllocatedBlock: Sendable {
  let instructions: [AllocatedInstruction]
  /// The C variables that it addresses memory by.
  let pointers: [String]
  /// The largest distance from one of them, in bytes.
  let reach: Int

  init(_ instructions: [AllocatedInstruction]) {
    self.instructions = instructions
    var pointers: [String] = []
    for case let base? in instructions.lazy.map({ $0.instruction.memory?.base })
    where !pointers.contains(base) {
      pointers.append(base)
    }
    self.pointers = pointers
    reach = instructions.lazy.compactMap { $0.instruction.memory.map { abs($0.offset) } }.max() ?? 0
  }
}
