import QuernCodegen
import QuernGraph
import QuernKernels
import QuernPasses
import QuernTinyCC

/// A graph on its way to native code: the C is there, its compiler may still be at work.
struct GraphCompilation {
  /// When it began, in ``monotonicSeconds()``.
  let started = monotonicSeconds()
  let graph: Graph
  let options: CompileOptions
  let program: Program
  let code: GeneratedCode
  /// What the loaded code calls.
  let blocks: CodeBlocks
  private let finishing: () throws -> LoadedCode

  /// TinyCC reads the C while it is being written, other compilers when they are waited for.
  ///
  /// - Throws: as ``CompiledGraph/init(_:_:)``.
  init(_ graph: Graph, _ options: CompileOptions) throws {
    try options.validate()
    (self.graph, self.options) = (graph, options)
    switch options.cCompiler {
    case .tinycc:
      let compilation = try StreamedCompilation()
      (program, code) = try CompiledGraph.plan(graph, options, reader: .tinycc) {
        compilation.write($0)
      }
      compilation.end()
      let blocks = try CodeBlocks(code.machineCode.map { ($0.name, $0.bytes) })
      self.blocks = blocks
      finishing = {
        try compilation.finish(symbols: blocks.symbols.merging(Self.symbols) { _, own in own })
      }
    case .cc:
      let (program, code) = try CompiledGraph.plan(graph, options)
      (self.program, self.code) = (program, code)
      blocks = try CodeBlocks([])
      finishing = {
        try SystemCompiler().compile(source: code.source, symbols: Self.symbols)
      }
    }
  }

  /// Waits for the compiler.
  ///
  /// - Throws: `CompileError`.
  func finish() throws -> LoadedCode { try finishing() }

  /// Functions that generated code calls.
  private static var symbols: [String: UnsafeRawPointer] {
    let barrier: @convention(c) (UnsafeMutableRawPointer?) -> Void = quern_barrier_wait
    let nextShare: @convention(c) (UnsafeMutableRawPointer?, Int, Int, Int) -> Int =
      quern_next_share
    return [
      GeneratedCode.barrier: unsafeBitCast(barrier, to: UnsafeRawPointer.self),
      GeneratedCode.nextShare: unsafeBitCast(nextShare, to: UnsafeRawPointer.self),
    ]
  }
}
