import QuernErrors
import QuernGraph
import QuernPasses

/// Turns a graph into a program, without simplifying it first.
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
  let last = try Compiler(options, passes: Pass.loweringPasses).run(graph)
  guard let program = last as? Program else {
    throw QuernError(
      "passes", "they end with \(type(of: last).name)", remedy: "end the list with the program")
  }
  return program
}
