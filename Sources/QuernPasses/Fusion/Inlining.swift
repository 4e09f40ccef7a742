import QuernGraph
import QuernMachine

/// Elementwise nodes that are computed wherever they are read, from tensors that lie in memory anyway:
/// keeping them would take as much memory again, and the time to write and read it.
///
/// Such are comparisons (where a ReLU was positive), and what little arithmetic there is between a
/// tensor and the sums that are made of it: a batch's values less their mean, squared; or a gradient
/// times those.
struct Inlining {
  private let graph: Graph
  private let views: ViewedGraph
  private let users: [[NodeID]]
  private let roots: Set<NodeID>
  private let tuning: Tuning.Inlining
  /// What has been chosen so far; operands come before their users.
  private(set) var nodes: Set<NodeID> = []
  /// For each of those, the ops and the large tensors it takes.
  private var weights: [NodeID: (ops: Int, tensors: Set<NodeID>)] = [:]

  init(
    _ graph: Graph, _ views: ViewedGraph, _ users: [[NodeID]], _ tuning: Tuning.Inlining
  ) {
    self.tuning = tuning
    self.graph = graph
    self.views = views
    self.users = users
    roots = Set(graph.roots.map(views.root))
    for id in graph.ids {
      guard case .elementwise(let op) = graph[id].op, !roots.contains(id) else { continue }
      switch op {
      case .less, .lessOrEqual, .equal: if isComparison(id) { nodes.insert(id) }
      case .add, .subtract, .multiply, .negate: chooseArithmetic(id)
      default: break
      }
    }
  }

  private func isElementwise(_ id: NodeID) -> Bool {
    if case .elementwise = graph[id].op { true } else { false }
  }

  private func isConstant(_ id: NodeID) -> Bool {
    if case .constant = graph[views.root(id)].op { true } else { false }
  }

  private func isReshape(_ id: NodeID) -> Bool {
    if case .reshape = graph[id].op { true } else { false }
  }

  /// Whether something reads it from memory whatever else is computed where.
  private func isStored(_ id: NodeID) -> Bool {
    if case .input = graph[id].op { return true }
    return roots.contains(id)
      || users[id.index].contains { !isElementwise($0) && !isReshape($0) }
  }

  private func isComparison(_ id: NodeID) -> Bool {
    let node = graph[id]
    let tensors = node.operands.filter { !isConstant($0) }
    guard tensors.count == 1, let source = tensors.first, !isReshape(source),
      graph[source].shape == node.shape, isStored(source)
    else { return false }
    return users[id.index].allSatisfy { isElementwise($0) && graph[$0].shape == node.shape }
  }

  private mutating func chooseArithmetic(_ id: NodeID) {
    let node = graph[id]
    guard node.shape.elementCount >= tuning.minElements, node.type.element == .float32,
      !users[id.index].isEmpty,
      users[id.index].allSatisfy({ user in
        isElementwise(user) && graph[user].shape == node.shape || readsOnce(user, id)
      })
    else { return }
    var ops = 1
    var tensors: Set<NodeID> = []
    for operand in node.operands where !isConstant(operand) {
      let shape = graph[operand].shape
      if let inner = weights[operand] {
        guard shape == node.shape else { return }
        ops += inner.ops
        tensors.formUnion(inner.tensors)
      } else if shape.elementCount * tuning.smallOperandRatio <= node.shape.elementCount {
        guard !nodes.contains(operand), isFloat(operand) else { return }
      } else {
        guard shape == node.shape, !isReshape(operand), isFloat(operand), isStored(operand) else {
          return
        }
        tensors.insert(operand)
      }
    }
    // Two tensors are read again for each user, instead of being read, written and read once each.
    guard !tensors.isEmpty, ops <= tuning.maxOps,
      tensors.count == 1 || tensors.count == 2 && users[id.index].count <= 3
    else { return }
    nodes.insert(id)
    weights[id] = (ops, tensors)
  }

  private func isFloat(_ id: NodeID) -> Bool {
    let root = graph[views.root(id)]
    if case .iota = root.op { return false }
    return root.type.element == .float32
  }

  /// Whether a node is a sum that reads each element of an operand just once.
  private func readsOnce(_ user: NodeID, _ operand: NodeID) -> Bool {
    guard case .contraction(let contraction) = graph[user].op,
      contraction.reductionCount > 1, contraction.factors.allSatisfy({ $0.match == nil })
    else { return false }
    return zip(graph[user].operands, contraction.factors).allSatisfy {
      $0 != operand || contraction.readsOnce($1, graph[operand].shape)
    }
  }
}

extension Contraction {
  /// Whether every position of all axes reads another element of a factor, and all are read.
  fileprivate func readsOnce(_ factor: Factor, _ shape: Shape) -> Bool {
    var left = Set(axes.indices.filter { axes[$0].extent > 1 })
    for (index, extent) in zip(factor.map, shape.extents) {
      guard index.offset == 0, index.divisor == 1 else { return false }
      // As the digits of a number: each axis is worth as much as those after it can count to.
      var worth = 1
      for term in index.terms.sorted(by: { $0.coefficient < $1.coefficient }) {
        if axes[term.axis].extent == 1 { continue }
        guard term.coefficient == worth, left.remove(term.axis) != nil else { return false }
        worth *= axes[term.axis].extent
      }
      guard worth == extent else { return false }
    }
    return left.isEmpty
  }
}
