import QuernCodegen
import QuernCompiler
import QuernErrors
import QuernGraph

/// How the compiler cuts the loop nests of a graph. No C is written, so any target will do.
package func schedule(_ graph: Graph, _ options: CompilerOptions) throws -> ScheduledProgram {
  let passes = Array(Pass.all.prefix { $0.name != "write" })
  let last = try Compiler(options, passes: passes).run(graph)
  guard let program = last as? ScheduledProgram else {
    throw QuernError(
      "passes", "those before 'write' end with \(type(of: last).name)",
      remedy: "put 'write' right behind the pass that makes schedules")
  }
  return program
}

extension ScheduledProgram {
  /// Whether a sum is worked off in blocks.
  package var hasBlocks: Bool { scheduledNests.joined().contains { $0.schedule.blocks != nil } }
}
