import QuernErrors
import QuernGraph

/// Kernels in the order in which they run.
package struct OrderedKernels: Sendable {
  let source: RegionGraph
  let order: KernelOrder
  /// In this order, and after them copies of what updates could not write in place.
  package private(set) var kernels: [Kernel]

  package var graph: Graph { source.source.graph }

  /// - Throws: as ``TopologicalOrder/sorted(_:_:)``.
  package init(_ source: RegionGraph) throws(QuernError) {
    let kernels = source.source.kernels
    order = try KernelOrder(
      source.source.graph, views: source.source.views, kernels: kernels,
      groupOf: source.source.groupOf, halos: source.halos, dependences: source.dependences,
      candidates: source.regions, preparation: source.preparation)
    self.source = source
    self.kernels = order.order.map { kernels[$0] }
    var names = source.source.names
    for update in graph.updates where order.inPlace[update.input] == nil {
      self.kernels.append(copyKernel(update, graph, source.source.views, &names))
    }
  }

  /// The same with the kernels of regions counting examples from the present chunk's first.
  package func cuttingRegions() -> Self {
    var result = self
    for (position, member) in order.order.enumerated() {
      for region in source.regions where region.members.contains(member) {
        result.kernels[position] = region.cut(kernels[position], member)
      }
    }
    return result
  }
}

private func copyKernel(
  _ update: Graph.Update, _ graph: Graph, _ views: ViewedGraph, _ names: inout Set<String>
) -> Kernel {
  let shape = graph[update.input].shape
  let map = shape.extents.indices.map { AffineExpression.axis($0) }
  let element = graph[update.input].type.element
  let nest = TensorNest(
    axes: shape.extents.enumerated().map { LoopAxis("d\($0)", $1, .output) }, reduction: .none,
    accesses: [
      views.access(update.value, map, extents: shape.extents),
      TensorAccess(
        tensor: update.input, name: update.input, view: shape, map: map, element: element,
        isWritten: true),
    ], values: [.read(access: 0)], stores: [NestStore(value: 0, access: 1)])
  return Kernel(
    name: uniqueName("update_copy", &names), origins: graph[update.value].origins.named("update"),
    nodes: [], nests: [nest])
}
