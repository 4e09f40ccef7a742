import QuernGraph

extension FusedGraph {
  /// Where what a group computes comes from; its root names it, or its first node.
  ///
  /// Beside its nodes these are the nodes that belong to no group and that it does the work of: what it
  /// computes where it reads it, views through which it reads, constants.
  package func origins(of group: Group) -> Origins {
    guard let first = group.root ?? group.nodes.first else { return Origins() }
    var origins = views.graph[first].origins
    for id in group.nodes { origins.formUnion(views.graph[id].origins) }
    for id in group.nodes { absorbOperands(of: id, &origins) }
    return origins
  }

  private func absorbOperands(of id: NodeID, _ origins: inout Origins) {
    for operand in views.graph[id].operands where groupOf[operand] == nil {
      let node = views.graph[operand]
      switch node.op {
      case .input: continue
      case .constant, .iota: origins.absorb(constant: node.origins)
      default:
        origins.absorb(node.origins)
        absorbOperands(of: operand, &origins)
      }
    }
  }
}
