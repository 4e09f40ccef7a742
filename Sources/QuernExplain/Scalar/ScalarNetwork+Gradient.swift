import QuernErrors
import QuernGradient
import QuernGraph

extension ScalarNetwork {
  /// What the partial of a neuron by a variable is called among the outputs of graphs: `dh1/dz1`.
  func partialName(of neuron: Int, by variable: Int) -> String {
    "d\(variables[neuron].name)/d\(variables[variable].name)"
  }

  /// The network's graph with the derivative of the output by every variable, found in one backward
  /// pass: outputs `a`, `da/dw11`, ….
  func differentiated() throws(QuernError) -> GraphBuilder {
    // A builder of its own: the network's stays what it is.
    let builder = GraphBuilder(self.builder.graph)
    let value = builder.tensor(variables[output].node)
    let others = variables.indices.filter { $0 != output }
    let derivatives = try gradient(
      of: value, withRespectTo: others.map { builder.tensor(variables[$0].node) })
    var outputs = [Graph.Output(name: variables[output].name, node: value.id)]
    for (number, derivative) in zip(others, derivatives) {
      outputs.append(.init(name: partialName(of: output, by: number), node: derivative.id))
    }
    // All at once: asking for each by itself looks through all before it.
    let graph = builder.graph.with(outputs: outputs)
    return GraphBuilder(graph)
  }
}

extension Graph {
  /// The same nodes with other outputs.
  func with(outputs: [Output]) -> Graph { Graph(nodes: nodes, outputs: outputs, updates: updates) }

  /// Elementwise nodes among those that the given ones are computed from, themselves included: the
  /// operations that a graph of scalars takes.
  func operationCount(of roots: [NodeID]) -> Int {
    var needed = [Bool](repeating: false, count: nodes.count)
    for root in roots { needed[root.index] = true }
    var count = 0
    for id in ids.reversed() where needed[id.index] {
      for operand in self[id].operands { needed[operand.index] = true }
      if case .elementwise = self[id].op { count += 1 }
    }
    return count
  }
}
