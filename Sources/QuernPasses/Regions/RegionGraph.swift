import QuernGraph

/// Kernels of which it is known what depends on what, which run before the first step, and which run
/// together in regions.
package struct RegionGraph: Sendable {
  package let source: KernelGraph
  let halos: HaloAnalysis
  let dependences: Dependences
  let preparation: Preparation
  /// Each of more than one kernel; none of them is prepared.
  let regions: [RegionCandidate]

  /// - Parameter threads: that will run the program.
  package init(_ kernels: HaloedKernels, _ limits: RegionLimits, threads: Int) {
    let (source, halos) = (kernels.source, kernels.halos)
    let graph = source.graph
    let products = RegionCandidate.find(
      graph, kernels: source.kernels, groupOf: source.groupOf, limits, threads: threads)
    let uses = source.kernels.map(TensorUse.init)
    preparation = Preparation(
      graph, uses, groupOf: source.groupOf, except: Set(products.flatMap(\.members)))
    dependences = Dependences(uses, groupOf: source.groupOf)
    var merger = RegionMerger(
      products, graph, kernels: source.kernels, dependences, except: preparation.kernels, limits,
      threads: threads)
    regions = merger.merge(
      keeping: halos.needsMemory.union(graph.roots.map(source.views.root)))
    (self.source, self.halos) = (source, halos)
  }
}
