import Quern

/// What the compiler can print of a graph.
enum CompilerViews {
  /// Bytes of the arena of the compiled graph; nil where it is not compiled.
  static func arenaBytes(_ graph: Graph) throws -> Int? {
    try CompiledGraph.plan(graph, CompileOptions()).code.arenaBytes
  }

  static func text(
    _ stage: ShowCommand.Stage, of graph: Graph, _ options: ExecutionOptions
  ) throws -> String {
    let (program, code) = try CompiledGraph.plan(
      graph,
      CompileOptions(
        target: options.target, threads: options.threads, convolution: options.convolution))
    switch stage {
    case .kernels: return program.description
    case .plan: return program.planDescription
    default: return code.source
    }
  }
}
