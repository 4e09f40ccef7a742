import QuernGraph

/// The order of kernels, and which updates are written in place.
struct Schedule {
  /// Indices of groups, in the order they run.
  private(set) var order: [Int] = []
  /// Input → the node whose value is written straight over it.
  private(set) var inPlace: [NodeID: NodeID] = [:]
  /// How many kernels at the start of the order run before the first step.
  let preparedCount: Int
  /// What those read and write.
  let fixed: Set<NodeID>

  /// - Parameters:
  ///   - kernels: one for each group, in the groups' order.
  ///   - chains: kernels that run one right after the other; none of them is prepared.
  init(
    _ graph: Graph, views: Views, kernels: [Kernel], groupOf: [NodeID: Int], survey: HaloSurvey,
    dependences: Dependences, chains: [Chain], preparation: Preparation
  ) {
    let units = Units(chains, count: kernels.count)
    var before = dependences.before
    var taken: Set<NodeID> = []
    for update in graph.updates {
      guard let writer = groupOf[update.value], views.root(update.value) == update.value,
        !taken.contains(update.value), survey.canShare(update.input, update.value),
        kernels[writer].readsInPlace(update.input, where: update.value)
      else { continue }
      let others = dependences.readers[update.input, default: []].subtracting([writer])
      // Whoever reads the old value must run first, on all pictures; that must not close a circle.
      guard others.allSatisfy({ !units.precedes(writer, $0, before) }) else { continue }
      before[writer].formUnion(others)
      inPlace[update.input] = update.value
      taken.insert(update.value)
    }
    let all = units.sorted(kernels, before)
    let prepared = preparation.kernels
    order = all.filter(prepared.contains) + all.filter { !prepared.contains($0) }
    (preparedCount, fixed) = (prepared.count, preparation.tensors)
  }
}

/// Kernels that run one right after the other, or alone.
private struct Units {
  /// By unit, its kernels; a chain's unit has the number of its first.
  private var members: [[Int]]
  private var unitOf: [Int]

  init(_ chains: [Chain], count: Int) {
    unitOf = Array(0..<count)
    members = unitOf.map { [$0] }
    for chain in chains {
      let first = chain.members[0]
      for member in chain.members {
        unitOf[member] = first
        members[member] = []
      }
      members[first] = chain.members
    }
  }

  /// Whether one kernel's unit is another's, or runs before it.
  func precedes(_ first: Int, _ second: Int, _ before: [Set<Int>]) -> Bool {
    var visited: Set<Int> = [unitOf[second]]
    var pending = [unitOf[second]]
    while let unit = pending.popLast() {
      if unit == unitOf[first] { return true }
      for earlier in members[unit].flatMap({ before[$0] }).map({ unitOf[$0] })
      where visited.insert(earlier).inserted {
        pending.append(earlier)
      }
    }
    return false
  }

  /// Dependences first; among what could run, what has the oldest node.
  func sorted(_ kernels: [Kernel], _ before: [Set<Int>]) -> [Int] {
    var remaining = members.enumerated().map { unit, members in
      Set(members.flatMap { before[$0] }.map { unitOf[$0] }).subtracting([unit])
    }
    let age = members.map { $0.compactMap { kernels[$0].nodes.first }.min() ?? NodeID(0) }
    var left = Set(members.indices.filter { !members[$0].isEmpty })
    var order: [Int] = []
    while !left.isEmpty {
      let ready = left.filter { remaining[$0].isEmpty }
      guard let next = ready.min(by: { (age[$0], $0) < (age[$1], $1) }) else { break }
      order += members[next]
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
