import QuernMachine

/// Fragments that follow each other as statements for TinyCC: in one where that is possible, since each
/// reads its pointers from memory, and writes those that move.
struct AssemblyRun: ~Copyable {
  private(set) var parts: [AssemblyPart] = []
  private var writer: AssemblyWriter

  /// - Parameter isNeeded: whether what comes later mentions a pointer that is declared here.
  init(_ fragments: [CodeFragment], target: Target, isNeeded: (Name) -> Bool) {
    writer = AssemblyWriter(target: target)
    // Instructions take distances of 31 bits.
    let isFar = Self.reach(fragments) > Int(Int32.max)
    let aliases = isFar ? [] : Self.aliases(fragments, isNeeded)
    for fragment in fragments {
      switch fragment {
      case .block(let block):
        writer.append(block)
      case .loop(let block, let loop):
        if !isFar, AssemblyWriter.canLoop(block, loop) {
          writer.loop(block, loop)
        } else {
          inC(block, loop)
        }
      case .pointer(let type, let name, let from):
        if aliases.contains(name) {
          writer.alias(name, of: from)
        } else {
          finish()
          parts.append(.text("\(type)\(name) = \(from);"))
        }
      case .advance(let advance):
        if isFar { inC(advance) } else { writer.advance(advance) }
      }
    }
    finish()
  }

  /// How far addresses may be from where the statement found a pointer, in bytes.
  private static func reach(_ fragments: [CodeFragment]) -> Int {
    var (farthest, moved) = (0, 0)
    for fragment in fragments {
      switch fragment {
      case .block(let block): farthest = max(farthest, block.reach)
      case .loop(let block, let loop):
        farthest = max(farthest, block.reach)
        moved += loop.advances.reduce(0) { $0 + abs($1.distance) } * loop.rounds
      case .advance(let advance): moved += abs(advance.distance)
      case .pointer: break
      }
    }
    return farthest + moved
  }

  private mutating func finish() { parts += writer.take().map { .statement($0) } }

  private mutating func inC(_ advance: BlockLoop.Advance) {
    finish()
    parts.append(.text(advance.text))
  }

  /// A loop with more pointers than registers for them.
  private mutating func inC(_ block: AllocatedBlock, _ loop: BlockLoop) {
    finish()
    parts.append(.text(loop.head + " {"))
    writer.append(block)
    finish()
    for advance in loop.advances { parts.append(.text(advance.text)) }
    parts.append(.text("}"))
  }

  /// The pointers declared here that need not exist in C. There are so few that lists are looked
  /// through faster than sets are hashed.
  private static func aliases(
    _ fragments: [CodeFragment], _ isNeeded: (Name) -> Bool
  ) -> [Name] {
    var aliases: [Name] = []
    for case .pointer(_, let name, _) in fragments where !aliases.contains(name) && !isNeeded(name)
    {
      aliases.append(name)
    }
    while !aliases.isEmpty {
      let shared = sharedPointers(fragments, aliases)
      let kept = aliases.filter { !shared.contains($0) }
      if kept.count == aliases.count { break }
      aliases = kept
    }
    return aliases
  }

  /// The pointers that loops need by themselves, were `aliases` only names of where others point.
  private static func sharedPointers(_ fragments: [CodeFragment], _ aliases: [Name]) -> [Name] {
    var roots: [(name: Name, root: Name)] = []
    func root(_ name: Name) -> Name { roots.last { $0.name == name }?.root ?? name }
    var shared: [Name] = []
    for fragment in fragments {
      switch fragment {
      case .pointer(_, let name, let from):
        roots.append((name, aliases.contains(name) ? root(from) : name))
      case .loop(let block, let loop):
        let pointers = AssemblyWriter.pointers(block, loop)
        // In C it needs all its pointers.
        if !AssemblyWriter.canLoop(block, loop) { shared += pointers }
        // What moves needs a register of its own.
        for advance in loop.advances {
          let own = root(advance.pointer)
          let others = pointers.filter { $0 != advance.pointer && root($0) == own }
          if !others.isEmpty { shared += others + [advance.pointer] }
        }
      default: break
      }
    }
    return shared
  }
}
