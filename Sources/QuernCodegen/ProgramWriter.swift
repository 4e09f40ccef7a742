import Dispatch
import QuernPasses
import QuernVectors
import Synchronization

/// How code is generated.
public struct CodegenOptions: Sendable {
  public var target: Target
  /// Threads that will run the program; their number is part of the code.
  public var threads: Int
  public var machine: MachineFacts
  /// Who the text is for.
  public var reader: KernelRenderer.Reader

  public init(
    target: Target = .best, threads: Int = 1, reader: KernelRenderer.Reader = .everyone
  ) {
    self.target = target
    self.reader = reader
    self.threads = max(1, threads)
    machine = MachineFacts(target)
  }
}

/// C for a program.
public struct GeneratedCode: Sendable {
  /// The whole file: prelude, kernels, and `quern_run(char *arena, long thread, void *barrier)`.
  public var source: String { text.text }
  private let text: CText
  /// The arena with the threads' private memory behind it.
  public var arenaBytes: Int
  /// Whether something is made of fixed parameters before the first step.
  public var hasPreparation: Bool
  /// The function that runs one step, and the one that must have run before, and again after a
  /// parameter was written that no step replaces.
  public static let entry = "quern_run"
  public static let preparation = "quern_prepare"
  init(_ text: CText, arenaBytes: Int, hasPreparation: Bool) {
    self.text = text
    self.arenaBytes = arenaBytes
    self.hasPreparation = hasPreparation
  }

  /// What each kernel's function takes: the pictures it works on are those of the chunk, in a section.
  static let kernelParameters = "char *arena, long thread, long chunk"
  /// What the generated code expects to find: all threads meet there.
  public static let barrier = "quern_barrier_wait"
}

/// Writes a program as C.
///
/// - Throws: ``LoweringError`` for what the generator cannot do, ``VectorError`` where it is at odds
///   with itself.
public func generate(_ program: Program, _ options: CodegenOptions) throws -> GeneratedCode {
  var kernels = CText()
  var scratch = 0
  var panels: [PreparedPanels] = []
  let privateOffset = (program.arenaBytes + 63) / 64 * 64
  for written in try writeKernels(program, options, privateOffset: privateOffset) {
    kernels.append(written.text)
    kernels.line("")
    scratch = max(scratch, written.scratchBytes)
    panels += written.preparations
  }
  // A thread's memory starts on a cache line of its own, with room to read past the end.
  let perThread = program.privateBytes + (scratch + 63) / 64 * 64 + 256
  var text = CText()
  text.line(Prelude.text(for: options.target))
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
  text.line("  unsigned char bytes[\(options.target.lanes * 4)];")
  text.line("};")
  text.line("")
  text.line("// Floats of private memory for each thread.")
  text.line("#define PRIVATE \(perThread / 4)")
  var end = privateOffset + perThread * options.threads
  if !panels.isEmpty {
    text.line("")
    text.line("// Bytes from the arena's start to panels that are packed before the first step.")
    for panel in panels {
      text.line("#define \(panel.offset) \(end)")
      // With room to read past the end.
      end += (panel.byteCount + 63) / 64 * 64 + 256
    }
  }
  text.line("")
  text.line("void \(GeneratedCode.barrier)(void *barrier);")
  for name in [GeneratedCode.preparation, GeneratedCode.entry] {
    text.line("void \(name)(char *arena, long thread, void *barrier);")
  }
  for kernel in program.kernels {
    text.line("void \(kernel.name)(\(GeneratedCode.kernelParameters));")
  }
  text.line("")
  text.append(kernels)
  text.line("// Before the first step: what is made of parameters that no step replaces.")
  writeCalls(
    program, 0..<program.preparedCount, GeneratedCode.preparation, options.threads, panels, &text)
  text.line("")
  text.line("// One step: every thread runs all kernels on its share of the tiles.")
  writeCalls(
    program, program.preparedCount..<program.kernels.count, GeneratedCode.entry, options.threads,
    [], &text)
  return GeneratedCode(
    text, arenaBytes: end, hasPreparation: program.preparedCount > 0 || !panels.isEmpty)
}

/// A function that runs kernels in their order, sections as loops, and then packs panels.
private func writeCalls(
  _ program: Program, _ kernels: Range<Int>, _ name: String, _ threads: Int,
  _ panels: [PreparedPanels], _ text: inout CText
) {
  func meet(_ position: Int, _ text: inout CText) {
    if program.needsBarrier[position], threads > 1 {
      text.line("\(GeneratedCode.barrier)(barrier);")
    }
  }
  func call(_ position: Int, chunk: String, _ text: inout CText) {
    text.line("\(program.kernels[position].name)(arena, thread, \(chunk));")
  }
  text.braces("void \(name)(char *arena, long thread, void *barrier)") { text in
    text.line("(void)arena, (void)thread, (void)barrier;")
    var position = kernels.lowerBound
    while position < kernels.upperBound {
      guard let section = program.section(of: position) else {
        meet(position, &text)
        call(position, chunk: "0", &text)
        position += 1
        continue
      }
      if section.isPrivate { meet(position, &text) }
      let share = ThreadShare(of: section.chunks, among: section.isPrivate ? threads : 1)
      text.braces("for (long chunk = \(share.from); chunk < \(share.to); chunk++)") { text in
        for position in section.kernels {
          if !section.isPrivate { meet(position, &text) }
          call(position, chunk: "chunk", &text)
        }
      }
      position = section.kernels.upperBound
    }
    if !panels.isEmpty, !kernels.isEmpty, threads > 1 {
      text.line("\(GeneratedCode.barrier)(barrier);")
    }
    for panel in panels { text.line("\(panel.name)(arena, thread);") }
  }
}

/// What ``KernelWriter`` made of a kernel.
private struct WrittenKernel: Sendable {
  var text: CText
  var scratchBytes: Int
  var preparations: [PreparedPanels]
}

/// Writes the kernels, in the program's order, on all cores: each looks at nothing but the program.
private func writeKernels(
  _ program: Program, _ options: CodegenOptions, privateOffset: Int
) throws -> [WrittenKernel] {
  let count = program.kernels.count
  let results = Mutex([Result<WrittenKernel, any Error>?](repeating: nil, count: count))
  DispatchQueue.concurrentPerform(iterations: count) { index in
    let result = Result<WrittenKernel, any Error> {
      var writer = KernelWriter(
        index, program, machine: options.machine, threads: options.threads,
        reader: options.reader,
        privateOffset: privateOffset)
      return WrittenKernel(
        text: try writer.text(), scratchBytes: writer.scratchBytes,
        preparations: writer.preparations)
    }
    results.withLock { $0[index] = result }
  }
  return try results.withLock { try $0.compactMap { try $0?.get() } }
}
