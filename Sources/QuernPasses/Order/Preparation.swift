import QuernGraph

/// Kernels that compute the same in every step, and so run once, before the first: all that they read are
/// inputs that people set and no step replaces, or what other such kernels made of those.
struct Preparation {
  /// Indices of the kernels.
  private(set) var kernels: Set<Int> = []
  /// What they read and write, and what else no step changes.
  private(set) var tensors: Set<NodeID>

  /// - Parameters:
  ///   - all: what one kernel for each group uses, in the groups' order.
  ///   - others: kernels that run in each step whatever they read.
  init(_ graph: Graph, _ all: [TensorUse], groupOf: [NodeID: Int], except others: Set<Int>) {
    let updated = Set(graph.updates.map(\.input))
    tensors = Set(
      graph.inputs.filter { id, input, _ in
        (input.role == .parameter || input.role == .state) && !updated.contains(id)
      }.map(\.id))
    // Groups are in an order in which most follow what they read; the rest need another round.
    var count = -1
    while count != kernels.count {
      count = kernels.count
      for (index, use) in all.enumerated()
      where !kernels.contains(index) && !others.contains(index) {
        if !use.reads.isEmpty,
          use.reads.allSatisfy({ source in
            tensors.contains(source) || groupOf[source].map(kernels.contains) ?? false
          })
        {
          kernels.insert(index)
        }
      }
    }
    for index in kernels { tensors.formUnion(all[index].writes) }
  }
}
