/// Pieces that follow each other as statements for TinyCC: in one where that is possible, since each
/// reads its pointers from memory, and writes those that move.
struct AssemblyRun {
  enum Part {
    case text(String)
    case statement(AssemblyStatement)

    /// With the bytes in it.
    var lines: [String] {
      switch self {
      case .text(let line): [line]
      case .statement(let statement): statement.lines
      }
    }
  }

  private(set) var parts: [Part] = []
  private var writer: AssemblyWriter

  /// - Parameter isNeeded: whether what comes later mentions a pointer that is declared here.
  init(_ pieces: [BlockPiece], target: Target, isNeeded: (String) -> Bool = { _ in true }) {
    writer = AssemblyWriter(target: target)
    let aliases = Self.aliases(pieces, writer, isNeeded)
    for piece in pieces {
      switch piece {
      case .block(let block):
        for allocated in block.instructions { writer.append(allocated) }
      case .loop(let block, let loop):
        if writer.canLoop(block, loop) { writer.loop(block, loop) } else { inC(block, loop) }
      case .pointer(let type, let name, let from):
        if aliases.contains(name) {
          writer.alias(name, of: from)
        } else {
          finish()
          parts.append(.text("\(type)\(name) = \(from);"))
        }
      case .advance(let advance): writer.advance(advance)
      }
    }
    finish()
  }

  private mutating func finish() { parts += writer.take().map { .statement($0) } }

  /// A loop with more pointers than registers for them.
  private mutating func inC(_ block: AllocatedBlock, _ loop: BlockLoop) {
    finish()
    parts.append(.text(loop.head + " {"))
    for allocated in block.instructions { writer.append(allocated) }
    for advance in loop.advances { writer.advance(advance) }
    finish()
    parts.append(.text("}"))
  }

  /// The pointers declared here that need not exist in C.
  private static func aliases(
    _ pieces: [BlockPiece], _ writer: AssemblyWriter, _ isNeeded: (String) -> Bool
  ) -> Set<String> {
    var aliases: Set<String> = []
    for case .pointer(_, let name, _) in pieces where !isNeeded(name) { aliases.insert(name) }
    while true {
      var roots: [String: String] = [:]
      var shared: Set<String> = []
      for piece in pieces {
        switch piece {
        case .pointer(_, let name, let from):
          roots[name] = aliases.contains(name) ? roots[from] ?? from : name
        case .loop(let block, let loop):
          let moving = loop.advances.map(\.pointer)
          let all = Set(block.pointers + moving)
          // In C it needs all its pointers.
          if !writer.canLoop(block, loop) { shared.formUnion(all) }
          // What moves needs a register of its own.
          for name in moving {
            let root = roots[name] ?? name
            let others = all.filter { $0 != name && (roots[$0] ?? $0) == root }
            if !others.isEmpty { shared.formUnion(others.union([name])) }
          }
        default: break
        }
      }
      let kept = aliases.subtracting(shared)
      if kept == aliases { return aliases }
      aliases = kept
    }
  }
}
