import QuernGraph
import QuernMachine
import QuernPasses
import QuernVectors
import Synchronization

extension ScheduledProgram {
  /// Writes the C.
  ///
  /// - Parameter take: gets the source part by part, in order, while later parts are still being written,
  ///   on any thread; nil where no one reads it so soon.
  /// - Throws: `QuernError` for what the generator cannot do, `VectorError` where it is at odds
  ///   with itself.
  package func write(part take: (@Sendable (String) -> Void)? = nil) throws -> GeneratedCode {
    let privateOffset = (program.arenaBytes + 63) / 64 * 64
    let layout = Layout(program, options, self, privateOffset: privateOffset)
    let text = Mutex(CText())
    @Sendable func add(_ part: CText) {
      text.withLock { $0.append(part) }
      take?(part.text)
    }
    add(head(program, options, layout, targets))
    try write(privateOffset: privateOffset) { kernel in
      var part = kernel
      part.line("")
      add(part)
    }
    let (end, lists) = entryPoints(layout)
    add(end)
    return GeneratedCode(
      text.withLock { $0 }, arenaBytes: layout.arenaBytes,
      hasPreparation: program.preparedCount > 0 || !layout.panels.isEmpty,
      shares: layout.shares, shareLists: lists)
  }

  /// The functions that run kernels in their order, and how many lists of work shares they have.
  private func entryPoints(_ layout: Layout) -> (text: CText, lists: Int) {
    var steps = EntryPointWriter(
      program: program, threads: options.threads, shares: layout.shares)
    var end = CText()
    end.line("// Before the first step: what is made of parameters that no step replaces.")
    steps.write(
      GeneratedCode.preparation, 0..<program.preparedCount,
      packing: layout.panels.map { $0.panels.call(for: $0.use) }, &end)
    end.line("")
    end.line("// One step: every thread runs all kernels on its share of the tiles.")
    steps.write(
      GeneratedCode.entry, program.preparedCount..<program.kernels.count, packing: [], &end)
    return (end, steps.lists)
  }
}

/// Where in the arena lies what the generator adds to the program's tensors.
private struct Layout {
  var shares: [Int]
  /// Bytes of a thread's private memory.
  var privateBytes: Int
  /// Panels that are packed before the first step, and bytes from the arena's start to them.
  var panels: [(use: NestInstance, panels: PreparedPanels, offset: Int)] = []
  var arenaBytes: Int

  init(
    _ program: Program, _ options: CodegenOptions, _ kernels: ScheduledProgram, privateOffset: Int
  ) {
    shares = kernels.shares
    // A thread's memory starts on a cache line of its own, with room to read past the end.
    privateBytes = program.privateBytes + (kernels.scratchBytes + 63) / 64 * 64 + 256
    var end = privateOffset + privateBytes * options.threads
    for (use, panels) in kernels.panels {
      self.panels.append((use, panels, end))
      end += (panels.byteCount + 63) / 64 * 64 + 256
    }
    arenaBytes = end
  }
}

/// What stands before the kernels.
///
/// - Parameter targets: those of the kernels' vectors.
private func head(
  _ program: Program, _ options: CodegenOptions, _ layout: Layout, _ targets: Set<Target>
) -> CText {
  var text = CText()
  text.line(Prelude.text(for: options.target, beside: targets))
  text.line("// Any 32 bits.")
  text.line("#ifdef __TINYC__")
  text.line("typedef unsigned quern_word;")
  text.line("#else")
  text.line("typedef unsigned quern_word __attribute__((may_alias));")
  text.line("#endif")
  text.line("")
  text.line("// Lanes on their way to or from places that do not lie side by side in memory.")
  text.line("union quern_lanes {")
  text.line("  quern_word words[\(options.target.lanes)];")
  text.line("  float floats[\(options.target.lanes)];")
  text.line("  int integers[\(options.target.lanes)];")
  text.line("  unsigned char bytes[\(options.target.lanes * ElementType.accumulator.byteCount)];")
  text.line("};")
  text.line("")
  text.line("// Floats of private memory for each thread.")
  text.line("#define PRIVATE \(layout.privateBytes / ElementType.accumulator.byteCount)")
  if !layout.panels.isEmpty {
    text.line("")
    text.line("// Bytes from the arena's start to panels that are packed before the first step.")
    for (use, _, offset) in layout.panels {
      text.line("#define \(PreparedPanels.offset(of: use)) \(offset)")
    }
  }
  text.line("")
  text.line("void \(GeneratedCode.barrier)(void *team);")
  text.line("long \(GeneratedCode.nextShare)(void *team, long thread, long list, long count);")
  for name in [GeneratedCode.preparation, GeneratedCode.entry] {
    text.line("void \(name)(\(GeneratedCode.stepParameters));")
  }
  for kernel in program.kernels {
    text.line("void \(kernel.name)(\(GeneratedCode.kernelParameters));")
  }
  text.line("")
  return text
}
