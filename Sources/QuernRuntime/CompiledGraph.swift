import QuernCodegen
import QuernCompiler
import QuernErrors
import QuernGraph
import QuernKernels
import QuernPasses
import QuernTinyCC
import QuernVectors

/// A graph as native code, without memory of its own.
///
///     let compiled = try CompiledGraph(graph)
///     let first = try compiled.makeInstance()
///     let second = try compiled.makeInstance()
///
/// Nothing of it changes once it is compiled, so any number of threads may use it at the same time. It
/// runs nothing itself: a ``GraphInstance`` brings the memory and the threads. The code stays loaded as
/// long as this object or one of its instances lives.
public final class CompiledGraph: Sendable {
  /// As it was given, before simplification.
  public let graph: Graph
  public let options: CompileOptions
  /// The kernels, their order, and where tensors lie.
  public let program: Program
  /// The C, written for its compiler, and how much memory it needs.
  public let code: GeneratedCode
  /// Seconds from the graph to function pointers.
  public let compileSeconds: Double
  /// Seconds that the C compiler worked; TinyCC does so while the C is being written.
  public let cCompilerSeconds: Double

  /// `@Sendable`: what generated code reads and writes is in the arena and the team that it is given.
  typealias Step =
    @Sendable @convention(c) (UnsafeMutablePointer<CChar>?, Int, UnsafeMutableRawPointer?) -> Void

  /// The functions of the loaded code that run one step, and what must have run before.
  let step: Step
  let preparation: Step
  /// Inputs of which the preparation makes something: parameters and state that no step replaces. None
  /// where there is nothing to prepare.
  let preparedInputs: Set<String>

  private let loaded: LoadedCode
  /// What the loaded code calls.
  private let blocks: CodeBlocks

  /// Compiles a graph.
  ///
  /// For a single instance use ``GraphInstance/init(_:_:)``: it has memory and threads ready sooner.
  ///
  /// - Throws: `QuernError` for graphs, targets and thread counts that cannot be compiled;
  ///   `CompileError` where the C compiler fails.
  public convenience init(_ graph: Graph, _ options: CompileOptions = CompileOptions()) throws {
    try self.init(finishing: GraphCompilation(graph, options))
  }

  /// Waits for the C compiler.
  ///
  /// - Throws: `CompileError` where it fails.
  init(finishing compilation: GraphCompilation) throws {
    (graph, options) = (compilation.graph, compilation.options)
    (program, code, blocks) = (compilation.program, compilation.code, compilation.blocks)
    preparedInputs = compilation.code.hasPreparation ? Self.fixedInputs(compilation.graph) : []
    loaded = try compilation.finish()
    step = unsafeBitCast(try loaded.function(named: GeneratedCode.entry), to: Step.self)
    preparation = unsafeBitCast(
      try loaded.function(named: GeneratedCode.preparation), to: Step.self)
    cCompilerSeconds = loaded.compileSeconds
    compileSeconds = monotonicSeconds() - compilation.started
  }

  /// Parameters and state that no step replaces.
  private static func fixedInputs(_ graph: Graph) -> Set<String> {
    let updated = Set(graph.updates.map(\.input))
    let fixed = graph.inputs.filter { id, input, _ in
      !updated.contains(id) && (input.role == .parameter || input.role == .state)
    }
    return Set(fixed.map(\.input.name))
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

  /// A kernel's own function, valid while this object lives; it leaves the barrier alone.
  func function(_ kernel: Kernel) throws -> quern_kernel {
    unsafeBitCast(try loaded.function(named: kernel.name), to: quern_kernel.self)
  }
}
