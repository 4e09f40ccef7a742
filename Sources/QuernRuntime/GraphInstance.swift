import QuernCodegen
import QuernErrors
import QuernGraph
import QuernKernels
import QuernPasses

/// A compiled graph with memory and threads: what runs its steps.
///
///     let step = try GraphInstance(graph, CompileOptions(threads: 2))
///     try step.write("input", pixels)
///     step.run()
///     let loss = try step.floats("loss")
///
/// Instances of one ``CompiledGraph`` share its code and nothing else. Each has its own
///
/// - inputs and outputs,
/// - parameters and state, which no instance sees another's updates of,
/// - panels and other tensors that are prepared of parameters before the first step,
/// - memory for what kernels hand to each other,
/// - threads, as many as `CompileOptions.threads` says; the one that calls ``run()`` is the first of them.
///
/// So several instances can run at the same time, and give the same bits as one alone. A single instance
/// is not for use from several threads at once; between calls it may move from one thread to another.
public final class GraphInstance: Executable {
  /// The code that it runs, from which more instances can be made.
  public let compiled: CompiledGraph

  private let memory: ArenaMemory
  private let team: ThreadTeam
  /// Whether something that the preparation reads has been written since it last ran.
  private var needsPreparation: Bool

  /// Compiles a graph, for one instance.
  ///
  /// The first step ends sooner than with ``CompiledGraph/makeInstance()``, by 0.1 ms with two threads:
  /// memory is mapped and threads are started while the C compiler is still at work.
  ///
  /// - Throws: `QuernError` for graphs, targets and thread counts that cannot be compiled, and where the
  ///   system does not give the memory or the threads; `CompileError` where the C compiler fails.
  public convenience init(_ graph: Graph, _ options: CompileOptions = CompileOptions()) throws {
    let compilation = try GraphCompilation(graph, options)
    let memory = try ArenaMemory(compilation.program, byteCount: compilation.code.arenaBytes)
    let team = try ThreadTeam(
      threads: options.threads, shareLists: compilation.code.shareLists)
    self.init(try CompiledGraph(finishing: compilation), memory, team)
  }

  fileprivate convenience init(of compiled: CompiledGraph) throws {
    let memory = try ArenaMemory(compiled.program, byteCount: compiled.code.arenaBytes)
    let team = try ThreadTeam(
      threads: compiled.options.threads, shareLists: compiled.code.shareLists)
    self.init(compiled, memory, team)
  }

  private init(_ compiled: CompiledGraph, _ memory: ArenaMemory, _ team: ThreadTeam) {
    self.compiled = compiled
    self.memory = memory
    self.team = team
    needsPreparation = compiled.code.hasPreparation
  }

  /// As it was given, before simplification.
  public var graph: Graph { compiled.graph }

  // MARK: Running

  /// One step: computes all outputs, then replaces the inputs that have updates.
  public func run() {
    prepare()
    run(compiled.step)
  }

  /// Computes what steps need of parameters that none replaces, where those have changed.
  func prepare() {
    guard needsPreparation else { return }
    run(compiled.preparation)
    needsPreparation = false
  }

  private func run(_ step: CompiledGraph.Step) {
    // Addresses alone keep neither the memory nor the code.
    withExtendedLifetime(self) { team.run(step, memory.start) }
  }

  /// One kernel alone, on the examples of one chunk where it is part of a region.
  ///
  /// - Parameters:
  ///   - shares: in which its tiles are taken.
  ///   - stride: thread t takes the chunk that lies t strides further on.
  func run(_ kernel: quern_kernel, shares: Int, chunk: Int, stride: Int) {
    withExtendedLifetime(self) {
      team.run(kernel, memory.start, shares: shares, chunk: chunk, stride: stride)
    }
  }

  // MARK: Tensors

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

  public func clear(_ name: String) throws {
    let storage = try writableStorage(name)
    noteChange(of: name)
    memory.forEachRun(storage) { target, count in
      target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
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

  private func noteChange(of name: String) {
    if !needsPreparation { needsPreparation = compiled.preparedInputs.contains(name) }
  }

  private func writableStorage(_ name: String) throws -> Storage {
    guard graph.input(named: name) != nil else {
      _ = try type(of: name)
      throw QuernError(name, "it is an output", remedy: "write inputs only")
    }
    return try storage(name)
  }

  private func storage(_ name: String) throws -> Storage {
    let program = compiled.program
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
}

extension CompiledGraph {
  /// Memory, zero at first, and threads to run this code with.
  ///
  /// - Throws: `QuernError` where the system does not give the memory or the threads.
  public func makeInstance() throws -> GraphInstance { try GraphInstance(of: self) }
}
