import QuernErrors
import QuernGraph

/// Kernels, and the halos that their reads need around tensors.
package struct HaloedKernels: Sendable {
  package let source: KernelGraph
  package let halos: HaloAnalysis

  /// What became of the analysis.
  package enum Outcome {
    case kernels(HaloedKernels)
    /// More reshapes must be copies: fusion starts again with these.
    case restart(ViewedGraph)
  }

  /// Finds the halos. A reshape that is read outside its bounds, or whose source needs a halo while it is read
  /// densely, cannot be a view. Each restart turns at least one more reshape into a copy, so it ends.
  ///
  /// - Throws: `QuernError` where such a tensor is no reshape.
  package static func analyse(_ kernels: KernelGraph) throws(QuernError) -> Outcome {
    var views = kernels.views
    let halos = HaloAnalysis(kernels.kernels, kernels.graph)
    let conflicts = halos.conflicts.subtracting(views.copied)
    guard !conflicts.isEmpty else {
      return .kernels(HaloedKernels(source: kernels, halos: halos))
    }
    let added = conflicts.filter { kernels.graph[$0].op == .reshape }
    guard !added.isEmpty else {
      let name = conflicts.min().map { kernels.graph[$0].label } ?? ""
      throw QuernError(
        name, "a tensor is read outside its bounds in a shape it does not have",
        remedy: "use the interpreter for this graph")
    }
    views.copied.formUnion(added)
    return .restart(views)
  }
}
