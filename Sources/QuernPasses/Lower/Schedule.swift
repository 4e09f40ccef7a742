import QuernGraph

/// The order of kernels, and which updates are written in place.
struct Schedule {
  /// Indices of groups, in the order they run.
  private(set) var order: [Int] = []
  /// Input → the node whose value is written straight over it.
  private(set) var inPlace: [NodeID: NodeID] = [:]

  /// - Parameter kernels: one for each group, in the groups' order.
  init(
    _ graph: Graph, views: Views, kernels: [Kernel], groupOf: [NodeID: Int], survey: HaloSurvey
  ) {
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
    order = Self.sorted(kernels, before)
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

  /// Dependences first; among kernels that could run, the one whose last node is oldest.
  private static func sorted(_ kernels: [Kernel], _ before: [Set<Int>]) -> [Int] {
    var remaining = before
    var left = Set(kernels.indices)
    var order: [Int] = []
    while !left.isEmpty {
      let ready = left.filter { remaining[$0].isEmpty }
      guard
        let next = ready.min(by: {
          (kernels[$0].nodes.first ?? NodeID(0)) < (kernels[$1].nodes.first ?? NodeID(0))
        })
      else { break }
      order.append(next)
      left.remove(next)
      for index in left { remaining[index].remove(next) }
    }
    return order
  }
}

extension Kernel {
  /// All reads of tensors in memory.
  public var reads: [TensorAccess] {
    pieces.flatMap { piece in
      piece.factors.map(\.read)
        + piece.values.compactMap { value in
          if case .read(let access) = value { return access }
          return nil
        }
    }
  }

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
