import QuernGraph

/// The order of kernels, and which updates are written in place.
struct Schedule {
  /// Indices of groups, in the order they run.
  private(set) var order: [Int] = []
  /// Input → the node whose value is written straight over it.
  private(set) var inPlace: [NodeID: NodeID] = [:]
  /// How many kernels at the start of the order depend on nothing but fixed inputs.
  private(set) var preparedCount = 0
  /// Those inputs, and what the kernels at the start write.
  private(set) var fixed: Set<NodeID>

  /// - Parameters:
  ///   - kernels: one for each group, in the groups' order.
  ///   - chains: kernels that run one right after the other.
  init(
    _ graph: Graph, views: Views, kernels: [Kernel], groupOf: [NodeID: Int], survey: HaloSurvey,
    chains: [Chain]
  ) {
    fixed = Self.fixedInputs(graph)
    var before = [Set<Int>](repeating: [], count: kernels.count)
    var readers: [NodeID: Set<Int>] = [:]
    for (index, kernel) in kernels.enumerated() {
      for access in kernel.reads {
        readers[access.tensor, default: []].insert(index)
        if let producer = groupOf[access.tensor], producer != index {
          before[index].insert(producer)
        }
      }
    }
    var taken: Set<NodeID> = []
    for update in graph.updates {
      guard let writer = groupOf[update.value], views.root(update.value) == update.value,
        !taken.contains(update.value), survey.canShare(update.input, update.value),
        kernels[writer].readsInPlace(update.input, where: update.value)
      else { continue }
      let others = readers[update.input, default: []].subtracting([writer])
      // Whoever reads the old value must run first; that must not close a circle.
      guard others.allSatisfy({ !Self.precedes(writer, $0, before) }) else { continue }
      before[writer].formUnion(others)
      inPlace[update.input] = update.value
      taken.insert(update.value)
    }
    let prepared = Self.prepared(fixed, kernels, groupOf)
      .subtracting(chains.flatMap(\.members))
    for index in prepared { fixed.formUnion(kernels[index].writes.map(\.tensor)) }
    let all = Self.sorted(kernels, before, chains)
    order = all.filter(prepared.contains) + all.filter { !prepared.contains($0) }
    preparedCount = prepared.count
  }

  /// Inputs that people set and no step replaces: parameters and state.
  private static func fixedInputs(_ graph: Graph) -> Set<NodeID> {
    let updated = Set(graph.updates.map(\.input))
    return Set(
      graph.inputs.filter { id, input, _ in
        (input.role == .parameter || input.role == .state) && !updated.contains(id)
      }.map(\.id))
  }

  /// Kernels that compute the same in every step: all that they read are fixed inputs, or what other
  /// such kernels made of those.
  private static func prepared(
    _ fixed: Set<NodeID>, _ kernels: [Kernel], _ groupOf: [NodeID: Int]
  ) -> Set<Int> {
    var prepared: Set<Int> = []
    // Groups are in an order in which most follow what they read; the rest need another round.
    var count = -1
    while count != prepared.count {
      count = prepared.count
      for (index, kernel) in kernels.enumerated() where !prepared.contains(index) {
        let sources = kernel.reads.map(\.tensor)
        if !sources.isEmpty,
          sources.allSatisfy({ source in
            fixed.contains(source) || groupOf[source].map(prepared.contains) ?? false
          })
        {
          prepared.insert(index)
        }
      }
    }
    return prepared
  }

  private static func precedes(_ first: Int, _ second: Int, _ before: [Set<Int>]) -> Bool {
    var visited: Set<Int> = [second]
    var pending = [second]
    while let index = pending.popLast() {
      if index == first { return true }
      for earlier in before[index] where visited.insert(earlier).inserted {
        pending.append(earlier)
      }
    }
    return false
  }

  /// Dependences first; among what could run, what has the oldest node. A chain is one thing.
  private static func sorted(
    _ kernels: [Kernel], _ before: [Set<Int>], _ chains: [Chain]
  ) -> [Int] {
    var unitOf = Array(kernels.indices)
    var units = kernels.indices.map { [$0] }
    for chain in chains {
      let first = chain.members[0]
      for member in chain.members { unitOf[member] = first }
      for member in chain.members.dropFirst() { units[member] = [] }
      units[first] = chain.members
    }
    var remaining = units.enumerated().map { unit, members in
      Set(members.flatMap { before[$0] }.map { unitOf[$0] }).subtracting([unit])
    }
    let age = units.map { $0.compactMap { kernels[$0].nodes.first }.min() ?? NodeID(0) }
    var left = Set(units.indices.filter { !units[$0].isEmpty })
    var order: [Int] = []
    while !left.isEmpty {
      let ready = left.filter { remaining[$0].isEmpty }
      guard let next = ready.min(by: { (age[$0], $0) < (age[$1], $1) }) else { break }
      order += units[next]
      left.remove(next)
      for index in left { remaining[index].remove(next) }
    }
    return order
  }
}

extension Piece {
  /// Reads of tensors in memory: those of the factors, then those of the values.
  public var reads: [TensorAccess] {
    factors.map(\.read)
      + values.compactMap { if case .read(let access) = $0 { access } else { nil } }
  }
}

extension Kernel {
  /// All reads of tensors in memory.
  public var reads: [TensorAccess] { pieces.flatMap(\.reads) }

  public var writes: [TensorAccess] { pieces.flatMap { $0.stores.map(\.access) } }

  /// Whether the kernel reads `input`, if at all, only at the element it then stores `value` to.
  func readsInPlace(_ input: NodeID, where value: NodeID) -> Bool {
    for piece in pieces {
      if piece.factors.contains(where: { $0.read.tensor == input }) { return false }
      let stores = piece.stores.filter { $0.access.tensor == value }
      for case .read(let access) in piece.values where access.tensor == input {
        // Of the several elements that a transform's tile holds, each is read for its own new value.
        guard
          stores.contains(where: { $0.access.map == access.map && $0.access.view == access.view })
        else { return false }
      }
    }
    return true
  }
}
