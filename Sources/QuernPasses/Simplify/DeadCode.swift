import QuernGraph

/// The graph without the nodes that neither outputs nor updates need. All inputs stay.
public func eliminateDeadCode(_ graph: Graph) -> Graph {
  var needed = [Bool](repeating: false, count: graph.nodes.count)
  for root in graph.roots { needed[root.index] = true }
  for id in graph.ids.reversed() {
    if case .input = graph[id].op { needed[id.index] = true }
    guard needed[id.index] else { continue }
    for operand in graph[id].operands { needed[operand.index] = true }
  }
  var numbers = [NodeID](repeating: NodeID(0), count: graph.nodes.count)
  var result = Graph()
  for id in graph.ids where needed[id.index] {
    var node = graph[id]
    node.operands = node.operands.map { numbers[$0.index] }
    numbers[id.index] = NodeID(result.nodes.count)
    result.nodes.append(node)
  }
  result.outputs = graph.outputs.map { .init(name: $0.name, node: numbers[$0.node.index]) }
  result.updates = graph.updates.map {
    .init(input: numbers[$0.input.index], value: numbers[$0.value.index])
  }
  return result
}
