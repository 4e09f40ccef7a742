import QuernConcurrency
import QuernErrors
import QuernGraph

/// Groups of nodes as kernels, in no order yet.
package struct KernelGraph: Sendable {
  let fusion: FusedGraph
  /// One for each group, in the groups' order.
  package let kernels: [Kernel]
  /// The kernel that computes a node.
  let groupOf: [NodeID: Int]
  /// Names of kernels that are taken.
  let names: Set<String>

  package var graph: Graph { fusion.graph }
  var views: ViewedGraph { fusion.views }

  /// Builds the loop nests of all groups, on all cores.
  ///
  /// - Throws: `QuernError` for ops that only the interpreter runs.
  package init(_ fusion: FusedGraph) throws(QuernError) {
    let builder = LoopNestBuilder(fusion)
    let groups = fusion.nonEmpty
    var names: Set<String> = []
    var groupOf: [NodeID: Int] = [:]
    for (number, group) in groups.enumerated() {
      for id in group.nodes { groupOf[id] = number }
    }
    let kernelNames = groups.map { kernelName($0, fusion.graph, &names) }
    kernels = try onAllCores(groups.count) { number throws(QuernError) in
      try builder.kernel(groups[number], name: kernelNames[number])
    }
    (self.fusion, self.groupOf, self.names) = (fusion, groupOf, names)
  }
}

private func kernelName(
  _ group: FusedGraph.Group, _ graph: Graph, _ used: inout Set<String>
) -> String {
  let id = group.root ?? group.nodes.last ?? NodeID(0)
  let kind = group.root == nil ? "elementwise" : graph[id].op.name
  let text = graph[id].label.isEmpty ? kind : "\(graph[id].label)_\(kind)"
  return uniqueName(text, &used)
}

func uniqueName(_ text: String, _ used: inout Set<String>) -> String {
  let base = text.asIdentifier
  var name = base.first?.isNumber == true ? "k" + base : base
  var number = 2
  while !used.insert(name).inserted {
    name = "\(base)_\(number)"
    number += 1
  }
  return name
}
