import QuernGraph
import QuernPasses

/// Writes a kernel's function `name(arena, thread, share, chunk)`: where its tensors lie, and the loops of
/// its nests, or calls of them where other kernels have the same.
struct KernelWriter {
  let program: Program
  /// In the program.
  let position: Int
  let options: CodegenOptions
  /// Where the threads' private memory starts in the arena: tensors of their own, then scratch.
  let privateOffset: Int

  private var kernel: Kernel { program.kernels[position] }

  /// A nest with its C, which it may share.
  struct Part {
    var use: NestInstance
    var written: WrittenNest
    /// The use in whose names it is written.
    var leader: NestInstance
    /// All kernels' nests that share it.
    var sharers: [String]

    var isLeader: Bool { use.name == leader.name }
    /// What the C calls loops that are a function of their own.
    var function: String { "\(leader.name)_loops" }
  }

  /// Functions first that this kernel is the first to need.
  func text(_ parts: [Part]) -> CText {
    var text = CText()
    for part in parts where part.isLeader {
      text.append(part.written.functions)
      if part.sharers.count > 1 { writeLoops(part, &text) }
    }
    // Its name says the first.
    if options.reader == .everyone, kernel.origins.layers.count > 1 {
      text.comment("\(kernel.origins)")
    }
    for id in options.reader == .everyone ? kernel.inlined + kernel.nodes : [] {
      let node = program.graph[id]
      let names = node.operands.map(operandName)
      text.comment("t\(id.index)\(node.shape) = \(node.formula(names))")
    }
    text.braces("void \(kernel.name)(\(GeneratedCode.kernelParameters))") { text in
      text.line("(void)arena, (void)thread, (void)share, (void)chunk;")
      for part in parts {
        if part.sharers.count > 1 {
          writeCall(part, &text)
        } else {
          text.braces("") { text in
            for operand in part.written.operands {
              let (type, name) = declaration(operand, part.use)
              text.line("\(type)const \(name) = \(place(operand, part.use));")
            }
            text.append(part.written.loops, indented: true)
          }
        }
      }
    }
    return text
  }

  private func operandName(_ id: NodeID) -> String {
    switch program.graph[id].op {
    case .input(let input): input.name
    case .constant(let value): "\(value)"
    default: "t\(id.index)"
    }
  }

  // MARK: Shared loops

  private func writeLoops(_ part: Part, _ text: inout CText) {
    text.comment("The same in " + part.sharers.joined(separator: ", ") + ".")
    text.line("static void \(part.function)(")
    for operand in part.written.operands {
      let (type, name) = declaration(operand, part.leader)
      text.line("    \(type)\(name),")
    }
    text.line("    long share, long chunk)")
    text.braces("") { text in
      text.line("(void)share, (void)chunk;")
      text.append(part.written.loops, indented: true)
    }
    text.line("")
  }

  private func writeCall(_ part: Part, _ text: inout CText) {
    text.line("\(part.function)(")
    for operand in part.written.operands { text.line("  \(place(operand, part.use)),") }
    text.line("  share, chunk);")
  }

  // MARK: Operands

  private func declaration(
    _ operand: WrittenNest.Operand, _ use: NestInstance
  ) -> (type: String, name: String) {
    switch operand {
    case .access(let index):
      let access = use.nest.accesses[index]
      return (access.cPointer, access.name)
    case .panels: return ("const float *", "panels")
    case .scratch: return ("float *", "scratch")
    case .region(let number): return ("const char *", RegionPrefetch.name(number))
    }
  }

  /// C for where an operand starts.
  private func place(_ operand: WrittenNest.Operand, _ use: NestInstance) -> String {
    let type = declaration(operand, use).type
    switch operand {
    case .access(let index):
      let access = use.nest.accesses[index]
      return access.isPrivate
        ? "(\(type))(arena + \(privateOffset + access.offset)) + thread * PRIVATE"
        : "(\(type))(arena + \(access.offset))"
    case .panels: return "(\(type))(arena + \(PreparedPanels.offset(of: use)))"
    case .scratch:
      return "(\(type))(arena + \(privateOffset + program.privateBytes)) + thread * PRIVATE"
    case .region(let number): return "arena + \(use.region?.ranges[number].offset ?? 0)"
    }
  }
}

extension PreparedPanels {
  /// What the C calls the bytes from the arena's start to them.
  static func offset(of use: NestInstance) -> String { "\(use.name)_PANELS" }

  /// C that packs them for a kernel.
  func call(for use: NestInstance) -> String {
    let access = use.nest.accesses[access]
    return
      "\(function)((\(access.cPointer))(arena + \(access.offset)), "
      + "(float *)(arena + \(Self.offset(of: use))), thread);"
  }
}
