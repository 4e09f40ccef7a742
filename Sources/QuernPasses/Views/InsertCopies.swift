import QuernGraph

/// A graph in which windows that reach outside, updates by inputs, and outputs of inputs that are
/// updated go through copies; reshapes across all dimensions go through flat ones.
package func insertCopies(_ source: Graph) -> ViewedGraph {
  var graph = Graph()
  var copied: Set<NodeID> = []
  var renamed: [NodeID] = []
  var copies: [NodeID: NodeID] = [:]
  // What is copied for several readers comes from all of them.
  func copy(_ id: NodeID, origins: Origins) -> NodeID {
    if let known = copies[id] {
      graph.nodes[known.index].origins.formUnion(origins)
      return known
    }
    let new = NodeID(graph.nodes.count)
    graph.nodes.append(Node(op: .reshape, operands: [id], type: graph[id].type, origins: origins))
    copied.insert(new)
    copies[id] = new
    return new
  }
  for id in source.ids {
    var node = source[id]
    node.operands = node.operands.map { renamed[$0.index] }
    switch node.op {
    case .maximum(let window), .maximumPosition(let window):
      if window.reachesOutside(graph[node.operands[0]].shape) {
        node.operands[0] = copy(node.operands[0], origins: node.origins)
      }
    case .reshape:
      let (from, to) = (graph[node.operands[0]].shape, node.shape)
      guard !from.refines(to), !to.refines(from) else { break }
      // A copy from one to the other would run over neither's dimensions, so it would need both to
      // lie densely. With a flat tensor between them, each copy runs over its own tensor's.
      let flat = NodeID(graph.nodes.count)
      let type = TensorType(node.type.element, [to.elementCount])
      graph.nodes.append(
        Node(op: .reshape, operands: node.operands, type: type, origins: node.origins))
      node.operands = [flat]
    default: break
    }
    renamed.append(NodeID(graph.nodes.count))
    graph.nodes.append(node)
  }
  let views = ViewedGraph(graph: graph, copied: copied)
  // An output that is an input asks for its value before the update.
  let updated = Set(source.updates.map { renamed[$0.input.index] })
  graph.outputs = source.outputs.map { output in
    var node = renamed[output.node.index]
    if updated.contains(views.root(node)) {
      node = copy(node, origins: graph[node].origins.named("output"))
    }
    return .init(name: output.name, node: node)
  }
  graph.updates = source.updates.map { update in
    var value = renamed[update.value.index]
    // In place of a reshape, too, the copy of an update would read it as if it lay densely.
    var isCopied = graph[value].op == .reshape && !copied.contains(value)
    if case .input = graph[views.root(value)].op { isCopied = true }
    if isCopied { value = copy(value, origins: graph[value].origins.named("update")) }
    return .init(input: renamed[update.input.index], value: value)
  }
  return ViewedGraph(graph: graph, copied: copied)
}

extension Window {
  /// Whether some place of some window lies outside the tensor.
  fileprivate func reachesOutside(_ shape: Shape) -> Bool {
    zip(map, shape.extents).contains { !$0.isAlwaysInside($1, axes: extents) }
  }
}
