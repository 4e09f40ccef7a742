import Quern

/// What the compiler can print of a graph.
enum CompilerViews {
  /// Bytes of the arena of the compiled graph; nil where this build has no compiler.
  static func arenaBytes(_ graph: Graph) throws -> Int? { nil }

  static func text(
    _ stage: ShowCommand.Stage, of graph: Graph, _ options: ExecutionOptions
  ) throws -> String {
    throw Failure("show \(stage.rawValue): this build has no compiler")
  }
}
