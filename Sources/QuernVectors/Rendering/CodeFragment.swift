/// A part of a C function around vector instructions, before it is text: neighbours may become one
/// statement.
public enum CodeFragment: Sendable {
  case block(AllocatedBlock)
  case loop(AllocatedBlock, BlockLoop)
  /// A variable that points where another does: `const float *b = a;`.
  case pointer(type: String, name: Name, from: Name)
  case advance(BlockLoop.Advance)

  /// Whether a variable is used.
  public func mentions(_ variable: Name) -> Bool {
    switch self {
    case .block(let block): block.pointers.contains(variable)
    case .loop(let block, let loop):
      block.pointers.contains(variable) || loop.advances.contains { $0.pointer == variable }
    case .pointer(_, _, let from): from == variable
    case .advance(let advance): advance.pointer == variable
    }
  }
}
