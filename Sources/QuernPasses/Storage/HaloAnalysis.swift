import QuernGraph

/// The halo every stored tensor needs, from all reads of it.
package struct HaloAnalysis {
  package var before: [NodeID: [Int]] = [:]
  package var after: [NodeID: [Int]] = [:]
  var fill: [NodeID: Float] = [:]
  /// Reshapes through which a tensor is read that must then lie densely.
  var dense: [NodeID: Set<NodeID>] = [:]
  /// Reshapes that are read outside their bounds, which only a tensor of their own shape allows.
  var unreadable: Set<NodeID> = []

  init(_ kernels: [Kernel], _ graph: Graph) {
    for kernel in kernels {
      for nest in kernel.nests {
        let extents = nest.axes.map(\.extent)
        // A place that a factor is read at may be a value's as well: that of a maximum comes first.
        let factors = nest.factors.map(\.access)
        for (number, access) in nest.accesses.enumerated() {
          let isMaximum = nest.reduction == .maximum && factors.contains(number)
          note(access, extents, graph, fill: isMaximum ? -Float.infinity : 0)
        }
      }
    }
  }

  private mutating func note(
    _ access: TensorAccess, _ extents: [Int], _ graph: Graph, fill: Float
  ) {
    let shape = graph[access.tensor].shape
    let flat = access.view != shape
    if flat { dense[access.tensor, default: []].insert(access.name) }
    for (dimension, expression) in access.map.enumerated() {
      let bounds = expression.bounds(extents: extents)
      let low = max(0, -bounds.lowerBound)
      let high = max(0, bounds.upperBound - access.view[dimension] + 1)
      guard low > 0 || high > 0 else { continue }
      if flat {
        unreadable.insert(access.name)
        continue
      }
      let none = [Int](repeating: 0, count: shape.rank)
      before[access.tensor, default: none][dimension].formMax(low)
      after[access.tensor, default: none][dimension].formMax(high)
      self.fill[access.tensor] = fill
    }
  }

  /// Tensors that must lie in memory whole and in their own shape: with a halo, or read in another shape.
  var needsMemory: Set<NodeID> { Set(before.keys).union(dense.keys) }

  /// Whether two tensors of one shape can lie in one place: neither needs a halo where the other is
  /// read densely, or of another value.
  func canShare(_ a: NodeID, _ b: NodeID) -> Bool {
    let (haloA, haloB) = (before[a] != nil, before[b] != nil)
    if haloA && dense[b] != nil || haloB && dense[a] != nil { return false }
    return !haloA || !haloB || fill[a] == fill[b]
  }

  /// Reshapes that must become copies: their source needs a halo and they read it densely, or they
  /// are read outside their bounds.
  var conflicts: Set<NodeID> {
    var result = unreadable
    for (tensor, names) in dense where before[tensor] != nil { result.formUnion(names) }
    return result
  }
}

extension Int {
  fileprivate mutating func formMax(_ other: Int) { self = Swift.max(self, other) }
}
