import QuernPasses
import QuernVectors

/// How code is generated.
public struct CodegenOptions: Sendable {
  public var target: Target
  /// Threads that will run the program; their number is part of the code.
  public var threads: Int
  public var machine: MachineFacts
  /// At which kernels threads take turns.
  public var turns = TurnLimits()
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
  /// The whole file: prelude, kernels, and `quern_run(char *arena, long thread, void *team)`. Written
  /// for TinyCC, it calls ``machineCode``.
  public var source: String { text.text }
  /// What the text calls that is not C: nothing but where it is for TinyCC alone.
  public var machineCode: [MachineCode] { text.machineCode }
  private let text: CText
  /// The arena with the threads' private memory behind it.
  public var arenaBytes: Int
  /// Whether something is made of fixed parameters before the first step.
  public var hasPreparation: Bool
  /// By kernel, in how many shares its tiles are taken.
  public var shares: [Int]
  /// Lists of turns that threads take in a step.
  public var turnLists: Int
  /// The function that runs one step, and the one that must have run before, and again after a
  /// parameter was written that no step replaces.
  public static let entry = "quern_run"
  public static let preparation = "quern_prepare"
  init(_ text: CText, arenaBytes: Int, hasPreparation: Bool, shares: [Int], turnLists: Int) {
    self.text = text
    self.arenaBytes = arenaBytes
    self.hasPreparation = hasPreparation
    self.shares = shares
    self.turnLists = turnLists
  }

  /// What each kernel's function takes: a thread, with memory of its own, computes a share of the tiles;
  /// the pictures it works on are those of the chunk, in a section.
  static let kernelParameters = "char *arena, long thread, long share, long chunk"
  static let stepParameters = "char *arena, long thread, void *team"
  /// What the generated code expects to find: `void quern_barrier_wait(void *team)`. All threads meet there.
  public static let barrier = "quern_barrier_wait"
  /// This too: `long quern_turn(void *team, long thread, long list, long count)`. It gives a thread the next
  /// of so many turns, or their number when all are taken.
  public static let turn = "quern_turn"
}

/// Writes a program as C.
///
/// - Throws: ``LoweringError`` for what the generator cannot do, ``VectorError`` where it is at odds
///   with itself.
public func generate(_ program: Program, _ options: CodegenOptions) throws -> GeneratedCode {
  let privateOffset = (program.arenaBytes + 63) / 64 * 64
  let kernels = try WrittenKernels(program, options, privateOffset: privateOffset)
  // A thread's memory starts on a cache line of its own, with room to read past the end.
  let perThread = program.privateBytes + (kernels.scratchBytes + 63) / 64 * 64 + 256
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
  if !kernels.panels.isEmpty {
    text.line("")
    text.line("// Bytes from the arena's start to panels that are packed before the first step.")
    for (use, panels) in kernels.panels {
      text.line("#define \(PreparedPanels.offset(of: use)) \(end)")
      // With room to read past the end.
      end += (panels.byteCount + 63) / 64 * 64 + 256
    }
  }
  text.line("")
  text.line("void \(GeneratedCode.barrier)(void *team);")
  text.line("long \(GeneratedCode.turn)(void *team, long thread, long list, long count);")
  for name in [GeneratedCode.preparation, GeneratedCode.entry] {
    text.line("void \(name)(\(GeneratedCode.stepParameters));")
  }
  for kernel in program.kernels {
    text.line("void \(kernel.name)(\(GeneratedCode.kernelParameters));")
  }
  text.line("")
  text.append(kernels.text)
  var steps = StepWriter(program: program, threads: options.threads, shares: kernels.shares)
  text.line("// Before the first step: what is made of parameters that no step replaces.")
  steps.write(
    GeneratedCode.preparation, 0..<program.preparedCount,
    packing: kernels.panels.map { use, panels in panels.call(for: use) }, &text)
  text.line("")
  text.line("// One step: every thread runs all kernels on its share of the tiles.")
  steps.write(
    GeneratedCode.entry, program.preparedCount..<program.kernels.count, packing: [], &text)
  return GeneratedCode(
    text, arenaBytes: end, hasPreparation: program.preparedCount > 0 || !kernels.panels.isEmpty,
    shares: kernels.shares, turnLists: steps.lists)
}

/// The functions of all kernels, in the program's order.
private struct WrittenKernels {
  var text = CText()
  var scratchBytes = 0
  /// What must be packed before the first step, and for which kernel.
  var panels: [(use: PieceUse, panels: PreparedPanels)] = []
  /// By kernel, in how many shares its tiles are taken.
  var shares: [Int] = []

  /// Each piece is written once, however many kernels have one of its shape. Pieces and kernels are
  /// written on all cores: they look at nothing but the program.
  init(_ program: Program, _ options: CodegenOptions, privateOffset: Int) throws {
    let uses = try onAllCores(program.kernels.count) {
      try PieceUse.all(of: $0, in: program, options)
    }
    var groupOf: [PieceUse.Shape: Int] = [:]
    var groups: [[PieceUse]] = []
    let numbers = uses.map { pieces in
      pieces.map { use in
        let shape = use.shape
        if let group = groupOf[shape] {
          groups[group].append(use)
          return group
        }
        groupOf[shape] = groups.count
        groups.append([use])
        return groups.count - 1
      }
    }
    let leaders = groups.map { $0[0] }
    let written = try onAllCores(leaders.count) { group in
      var writer = PieceWriter(
        leaders[group], machine: options.machine, team: options.threads, reader: options.reader)
      return try writer.write()
    }
    let sharers = groups.map { $0.map(\.name) }
    let texts = onAllCores(program.kernels.count) { position in
      let writer = KernelWriter(
        program: program, position: position, options: options, privateOffset: privateOffset)
      return writer.text(
        zip(uses[position], numbers[position]).map { use, group in
          KernelWriter.Part(
            use: use, written: written[group], leader: leaders[group], sharers: sharers[group])
        })
    }
    for (position, kernel) in texts.enumerated() {
      text.append(kernel)
      text.line("")
      for (use, group) in zip(uses[position], numbers[position]) {
        if let prepared = written[group].prepared { panels.append((use, prepared)) }
      }
    }
    // Pieces of one kernel have one share for each thread.
    shares = numbers.map { $0.first.map { written[$0].shares } ?? options.threads }
    scratchBytes = written.reduce(0) { max($0, $1.scratchBytes) }
  }
}
