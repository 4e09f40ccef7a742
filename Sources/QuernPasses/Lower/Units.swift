import QuernGraph

/// Kernels that run one right after the other, or alone.
package struct Units {
  /// By unit, its kernels; a chain's unit has the number of its first.
  private var members: [[Int]]
  private var unitOf: [Int]

  /// - Parameters:
  ///   - chains: kernels that run one right after the other.
  ///   - count: of all kernels.
  package init(_ chains: [[Int]], count: Int) {
    unitOf = Array(0..<count)
    members = unitOf.map { [$0] }
    for chain in chains {
      for member in chain {
        unitOf[member] = chain[0]
        members[member] = []
      }
      members[chain[0]] = chain
    }
  }

  /// Whether one kernel's unit is another's, or runs before it.
  ///
  /// - Parameter before: for each kernel, those that must run earlier.
  func precedes(_ first: Int, _ second: Int, _ before: [Set<Int>]) -> Bool {
    var isVisited = [Bool](repeating: false, count: members.count)
    isVisited[unitOf[second]] = true
    var pending = [unitOf[second]]
    while let unit = pending.popLast() {
      if unit == unitOf[first] { return true }
      for member in members[unit] {
        for earlier in before[member] where !isVisited[unitOf[earlier]] {
          isVisited[unitOf[earlier]] = true
          pending.append(unitOf[earlier])
        }
      }
    }
    return false
  }

  /// Dependences first; among what could run, what has the oldest node.
  ///
  /// - Parameter before: for each kernel, those that must run earlier.
  /// - Throws: ``LoweringError`` where kernels wait for each other.
  package func sorted(_ kernels: [Kernel], _ before: [Set<Int>]) throws(LoweringError) -> [Int] {
    let age = members.map { $0.compactMap { kernels[$0].nodes.first }.min() ?? NodeID(0) }
    /// For each unit, those that wait for it, and how many it waits for.
    var after = [[Int]](repeating: [], count: members.count)
    var waits = [Int](repeating: 0, count: members.count)
    for unit in members.indices {
      for other in Set(members[unit].flatMap { before[$0] }.map { unitOf[$0] }) where other != unit
      {
        after[other].append(unit)
        waits[unit] += 1
      }
    }
    var ready = members.indices.filter { !members[$0].isEmpty && waits[$0] == 0 }
    var order: [Int] = []
    order.reserveCapacity(kernels.count)
    while let next = ready.indices.min(by: {
      (age[ready[$0]], ready[$0]) < (age[ready[$1]], ready[$1])
    }) {
      let unit = ready.remove(at: next)
      order += members[unit]
      for other in after[unit] {
        waits[other] -= 1
        if waits[other] == 0 { ready.append(other) }
      }
    }
    if order.count < kernels.count {
      let names = members.indices.filter { waits[$0] > 0 }.flatMap { members[$0] }.map {
        kernels[$0].name
      }
      throw LoweringError(
        "schedule", "kernels wait for each other: \(names.joined(separator: ", "))",
        mend: "report this as a defect; until then use the interpreter for this graph")
    }
    return order
  }
}
