import QuernGraph
import QuernMachine

/// Which nodes are computed together.
///
/// Every contraction and window starts a group. An elementwise node joins the group of an operand
/// when it runs over the same positions and none of its other operands waits for that group; so
/// bias, activation, the activation's derivative and the optimiser's update are computed on a
/// reduction's result before it leaves the registers.
package struct FusedGraph: Sendable {
  package struct Group: Sendable {
    /// In graph order; the root, if there is one, is a contraction or window.
    package var nodes: [NodeID]
    package var root: NodeID?
    /// Extents the group runs over: the root's output, or the elementwise nodes' shape.
    package var domain: Shape
  }

  let graph: Graph
  package let views: ViewedGraph
  private(set) var groups: [Group] = []
  private(set) var groupOf: [NodeID: Int] = [:]
  /// For each group, those whose results it reads.
  private var needs: [[Int]] = []
  private let users: [[NodeID]]
  /// Constants and positions that must lie in memory, because more than elementwise ops read them.
  private let materialised: Set<NodeID>

  /// Nodes that are computed wherever they are read: they belong to no group.
  package let inlined: Set<NodeID>
  /// Nodes whose values are needed outside the kernel that computes them.
  package private(set) var stored: Set<NodeID> = []

  private let maxNodes: Int

  package init(_ views: ViewedGraph, _ tuning: Tuning) {
    let graph = views.graph
    maxNodes = tuning.fusion.maxNodes
    self.graph = graph
    self.views = views
    users = graph.users
    materialised = Self.materialised(graph, views)
    inlined = Inlining(graph, views, users, tuning.inlining).nodes
    for id in graph.ids { place(id) }
    mergeFeeders()
    for index in groups.indices { groups[index].nodes.sort() }
    stored = storedNodes
  }

  /// Groups that are not empty, with their operands' groups first where updates do not say more.
  package var nonEmpty: [Group] { groups.filter { !$0.nodes.isEmpty } }

  private mutating func place(_ id: NodeID) {
    let node = graph[id]
    switch node.op {
    case .input: break
    case .constant, .iota:
      if materialised.contains(id) { start(id, root: nil) }
    case .reshape:
      if views.copied.contains(id) { start(id, root: id) }
    case .contraction, .concatenate, .tileTransform: start(id, root: id)
    case .maximum(let window), .maximumPosition(let window):
      let twin = groups.firstIndex { group in
        guard let root = group.root, graph[root].operands == node.operands else { return false }
        switch graph[root].op {
        case .maximum(window), .maximumPosition(window): return true
        default: return false
        }
      }
      if let twin {
        join(id, twin)
      } else {
        start(id, root: id)
      }
    case .elementwise: if !inlined.contains(id) { placeElementwise(id) }
    }
  }

  /// The operands of a node, those of inlined operands in their place.
  private func sources(of id: NodeID) -> [NodeID] {
    graph[id].operands.flatMap { operand in
      inlined.contains(operand) ? sources(of: operand) : [operand]
    }
  }

  private static func materialised(_ graph: Graph, _ views: ViewedGraph) -> Set<NodeID> {
    var result: Set<NodeID> = []
    func need(_ id: NodeID) {
      switch graph[views.root(id)].op {
      case .constant, .iota: result.insert(views.root(id))
      default: break
      }
    }
    for node in graph.nodes {
      switch node.op {
      case .elementwise:
        for operand in node.operands where graph[operand].op == .reshape {
          if case .iota(.some) = graph[views.root(operand)].op { need(operand) }
        }
      case .reshape: break
      default: node.operands.forEach(need)
      }
    }
    for id in views.copied { need(graph[id].operands[0]) }
    graph.roots.forEach(need)
    return result
  }

  private mutating func start(_ id: NodeID, root: NodeID?) {
    groups.append(Group(nodes: [], root: root, domain: graph[id].shape))
    needs.append([])
    join(id, groups.count - 1)
  }

  private mutating func join(_ id: NodeID, _ group: Int) {
    groupOf[id] = group
    groups[group].nodes.append(id)
    for operand in sources(of: id) {
      guard let source = groupOf[views.root(operand)], source != group,
        !needs[group].contains(source)
      else { continue }
      needs[group].append(source)
    }
  }

  private mutating func placeElementwise(_ id: NodeID) {
    let operands = sources(of: id).map(views.root)
    let candidates = Set(operands.compactMap { groupOf[$0] }).sorted { a, b in
      (groups[a].root != nil ? 1 : 0, a) > (groups[b].root != nil ? 1 : 0, b)
    }
    for candidate in candidates where accepts(id, group: candidate, operands: operands) {
      join(id, candidate)
      return
    }
    start(id, root: nil)
  }

  private func accepts(_ id: NodeID, group: Int, operands: [NodeID]) -> Bool {
    let target = groups[group]
    if let root = target.root, case .concatenate = graph[root].op { return false }
    if let root = target.root, graph[root].op == .reshape { return false }
    guard target.nodes.count < maxNodes,
      target.domain.refines(graph[id].shape)
    else { return false }
    for operand in sources(of: id) {
      let source = views.root(operand)
      if groupOf[source] == group {
        // It is in registers at its own position only: it may not be repeated.
        guard graph[operand].shape == graph[id].shape,
          graph[operand].shape.elementCount == graph[source].shape.elementCount
        else { return false }
      } else if let other = groupOf[source], reaches(from: group, to: other) {
        return false
      }
    }
    return true
  }

  /// Whether `to` needs, directly or not, what `from` computes.
  private func reaches(from: Int, to: Int) -> Bool {
    if from == to { return true }
    var visited = [Bool](repeating: false, count: groups.count)
    var pending = [to]
    while let group = pending.popLast() {
      for source in needs[group] where !visited[source] {
        if source == from { return true }
        visited[source] = true
        pending.append(source)
      }
    }
    return false
  }

  /// Groups without a root whose results only one other group reads are computed there instead.
  private mutating func mergeFeeders() {
    for index in groups.indices.reversed() where groups[index].root == nil {
      let group = groups[index]
      var readers: Set<Int> = []
      var plain = true
      for id in group.nodes {
        for user in readersThroughViews(id) where groupOf[user.node] != index {
          guard let reader = groupOf[user.node], case .elementwise = graph[user.node].op,
            graph[user.operand].shape == graph[user.node].shape
          else {
            plain = false
            continue
          }
          readers.insert(reader)
        }
        if graph.roots.contains(where: { views.root($0) == id }), readers.isEmpty { plain = false }
      }
      guard plain, readers.count == 1, let reader = readers.first,
        groups[reader].domain == group.domain,
        groups[reader].nodes.count + group.nodes.count <= maxNodes
      else { continue }
      groups[reader].nodes += group.nodes
      for id in group.nodes { groupOf[id] = reader }
      groups[index].nodes = []
    }
  }

  private func readersThroughViews(_ id: NodeID) -> [(node: NodeID, operand: NodeID)] {
    var result: [(NodeID, NodeID)] = []
    var pending = [id]
    while let source = pending.popLast() {
      for user in users[source.index] {
        if graph[user].op == .reshape, !views.copied.contains(user) {
          pending.append(user)
        } else {
          result.append((user, source))
        }
      }
    }
    return result
  }

  private var storedNodes: Set<NodeID> {
    var stored = Set(graph.roots.map(views.root))
    for id in graph.ids {
      let node = graph[id]
      if node.op == .reshape, !views.copied.contains(id) { continue }
      for operand in node.operands where !inlined.contains(operand) {
        let source = views.root(operand)
        if groupOf[source] != groupOf[id] || groupOf[id] == nil {
          stored.insert(source)
        }
      }
    }
    return stored
  }
}
