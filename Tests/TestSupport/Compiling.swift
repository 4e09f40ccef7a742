import QuernCodegen
import QuernCompiler
import QuernErrors
import QuernGraph
import QuernMachine
import QuernPasses

// Parts of the compiler's way, for tests that look at what stands in the middle of it.

/// A graph as a program, without simplifying it first.
///
/// - Parameters:
///   - threads: that will run the program. Its results do not depend on their number.
///   - chunks: which kernels take examples a few at a time.
///   - minInlinedElements: elements of a tensor that may be computed wherever it is read instead of being
///     kept; nil for as many as are worth it.
/// - Throws: `QuernError` for graphs that only the interpreter runs.
package func lower(
  _ graph: Graph, threads: Int = 1, chunks: RegionLimits = RegionLimits(),
  minInlinedElements: Int? = nil
) throws -> Program {
  var options = CompilerOptions(threads: threads)
  options.regionLimits = chunks
  if let minInlinedElements { options.tuning.inlining.minElements = minInlinedElements }
  return try run(Pass.loweringPasses, on: graph, options)
}

/// A program as C, for a typical processor of the target.
package func generate(_ program: Program, _ options: CompilerOptions) throws -> GeneratedCode {
  var options = options
  options.machine = options.machine ?? MachineFacts(options.target)
  return try run(Pass.codePasses, on: program, options)
}

/// The nests of a program's kernels with addresses, before long loops are cut into rows.
package func memoryNests(_ program: Program) throws -> [MemoryNest] {
  let passes = Array(Pass.codePasses.prefix { $0.name != "cut-rows" })
  let last: AddressedProgram = try run(passes, on: program, CompilerOptions())
  return Array(last.nests.joined())
}

/// How the compiler cuts the loop nests of a graph. No C is written, so any target will do.
package func schedule(_ graph: Graph, _ options: CompilerOptions) throws -> ScheduledProgram {
  try run(Array(Pass.all.prefix { $0.name != "write" }), on: graph, options)
}

private func run<Form: CompilerForm>(
  _ passes: [Pass], on form: any CompilerForm, _ options: CompilerOptions
) throws -> Form {
  let last = try Compiler(options, passes: passes).run(form)
  guard let result = last as? Form else {
    throw QuernError(
      "passes", "they end with \(type(of: last).name), not \(Form.name)",
      remedy: "choose the passes by the list")
  }
  return result
}

extension ScheduledProgram {
  /// Whether a sum is worked off in blocks.
  package var hasBlocks: Bool { scheduledNests.joined().contains { $0.schedule.blocks != nil } }
}
