import QuernCodegen
import QuernCompiler
import QuernErrors
import QuernGraph
import QuernKernels
import QuernPasses
import QuernTinyCC
import QuernVectors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A graph as native code.
///
///     let step = try CompiledGraph(graph, CompileOptions(threads: 2))
///     try step.write("input", pixels)
///     try step.run()
///     let loss = try step.floats("loss")
///
/// Not for use from several threads at once: a step has one arena.
public final class CompiledGraph: Executable {
  /// As it was given, before simplification.
  public let graph: Graph
  public let options: CompileOptions
  /// The kernels, their order, and where tensors lie.
  public let program: Program
  /// The C, written for its compiler, and how much memory it needs.
  public let code: GeneratedCode
  /// Seconds for everything from the graph to function pointers, and those that the C compiler worked;
  /// TinyCC does so while the C is being written.
  public let compileSeconds: Double
  public let cCompilerSeconds: Double

  private let memory: ArenaMemory
  private let loaded: LoadedCode
  /// What the loaded code calls.
  private let blocks: CodeBlocks
  private let step: quern_step
  private let preparation: quern_step
  /// Whether a parameter that no step replaces has been written since the last preparation.
  private var needsPreparation: Bool
  private let fixed: Set<String>
  private let team: ThreadTeam

  /// Compiles a graph: the passes in order.
  ///
  /// - Throws: `QuernError` for graphs, targets and thread counts that cannot be compiled;
  ///   `CompileError` where the C compiler fails.
  public init(_ source: Graph, _ options: CompileOptions = CompileOptions()) throws {
    try options.validate()
    let started = ArenaMemory.now()
    graph = source
    self.options = options
    let compilation = try GraphCompilation(source, options)
    (program, code, blocks) = (compilation.program, compilation.code, compilation.blocks)
    // While the compiler comes to its end.
    memory = try ArenaMemory(byteCount: code.arenaBytes)
    for storage in program.storages.values { memory.fill(storage) }
    team = try ThreadTeam(threads: options.threads, shareLists: code.shareLists)
    let updated = Set(source.updates.map(\.input))
    fixed = Set(source.inputs.filter { !updated.contains($0.id) }.map(\.input.name))
    needsPreparation = code.hasPreparation
    loaded = try compilation.finish()
    step = unsafeBitCast(try loaded.function(named: GeneratedCode.entry), to: quern_step.self)
    preparation = unsafeBitCast(
      try loaded.function(named: GeneratedCode.preparation), to: quern_step.self)
    cCompilerSeconds = loaded.compileSeconds
    compileSeconds = ArenaMemory.now() - started
  }

  /// The passes that make kernels, and then C, of a graph; nothing is compiled.
  ///
  /// - Parameters:
  ///   - source: the graph, not simplified yet.
  ///   - options: how it is compiled.
  ///   - reader: who the C is for.
  ///   - take: gets it part by part while it is being written, on any thread.
  public static func plan(
    _ source: Graph, _ options: CompileOptions, reader: KernelRenderer.Reader = .everyone,
    part take: (@Sendable (String) -> Void)? = nil
  ) throws -> (program: Program, code: GeneratedCode) {
    var passes = options.passes
    passes.reader = reader
    return try Compiler(passes).compile(source, part: take)
  }

  /// One step: computes all outputs, then replaces the inputs that have updates.
  public func run() {
    prepare()
    run(step)
  }

  /// Computes what steps need of parameters that none replaces, where those have changed.
  func prepare() {
    guard needsPreparation else { return }
    run(preparation)
    needsPreparation = false
  }

  private func run(_ step: quern_step) { team.run(step, memory.start) }

  /// One kernel alone, on the examples of one chunk where it is part of a region.
  ///
  /// - Parameters:
  ///   - shares: in which its tiles are taken.
  ///   - stride: thread t takes the chunk that lies t strides further on.
  func run(_ kernel: quern_kernel, shares: Int, chunk: Int, stride: Int) {
    team.run(kernel, memory.start, shares: shares, chunk: chunk, stride: stride)
  }

  /// A kernel's own function; it leaves the barrier alone.
  func function(_ name: String) throws -> quern_kernel {
    unsafeBitCast(try loaded.function(named: name), to: quern_kernel.self)
  }

  // MARK: Tensors

  private func storage(_ name: String) throws -> Storage {
    let id = graph.input(named: name).flatMap { _ in program.graph.input(named: name) }
    let type = try type(of: name)
    guard let node = id ?? program.outputNodes[name], let storage = program.storages[node],
      storage.type.byteCount == type.byteCount
    else {
      throw QuernError(name, "it has no place in memory", remedy: "report this as a defect")
    }
    return storage
  }

  private func check(_ name: String, _ storage: Storage, _ count: Int) throws {
    guard count == storage.type.byteCount else {
      throw QuernError(
        name, "\(count) bytes are given, \(storage.type) takes \(storage.type.byteCount)",
        remedy: "give as many elements as the tensor has")
    }
  }

  public func write(_ name: String, from bytes: UnsafeRawBufferPointer) throws {
    let storage = try writableStorage(name)
    try check(name, storage, bytes.count)
    guard var source = bytes.baseAddress else { return }
    noteChange(of: name)
    memory.forEachRun(storage) { target, count in
      target.copyMemory(from: source, byteCount: count)
      source += count
    }
  }

  private func noteChange(of name: String) {
    guard code.hasPreparation, !needsPreparation, fixed.contains(name),
      let id = graph.input(named: name), case .input(let input) = graph[id].op
    else { return }
    needsPreparation = input.role == .parameter || input.role == .state
  }

  public func clear(_ name: String) throws {
    noteChange(of: name)
    memory.forEachRun(try writableStorage(name)) { target, count in
      target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
  }

  private func writableStorage(_ name: String) throws -> Storage {
    guard graph.input(named: name) != nil else {
      _ = try type(of: name)
      throw QuernError(name, "it is an output", remedy: "write inputs only")
    }
    return try storage(name)
  }

  public func read(_ name: String, into bytes: UnsafeMutableRawBufferPointer) throws {
    let storage = try storage(name)
    try check(name, storage, bytes.count)
    guard var target = bytes.baseAddress else { return }
    memory.forEachRun(storage) { source, count in
      target.copyMemory(from: source, byteCount: count)
      target += count
    }
  }
}

extension ArenaMemory {
  /// Seconds on a clock that only goes forward.
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
