import QuernErrors
import QuernGraph

/// Kernels that run one right after the other, or alone.
package struct TopologicalOrder {
  /// By cluster, its kernels; a region's cluster has the number of its first.
  private var members: [[Int]]
  private var clusterOf: [Int]

  /// - Parameters:
  ///   - candidates: kernels that run one right after the other.
  ///   - count: of all kernels.
  package init(_ candidates: [[Int]], count: Int) {
    clusterOf = Array(0..<count)
    members = clusterOf.map { [$0] }
    for candidate in candidates {
      for member in candidate {
        clusterOf[member] = candidate[0]
        members[member] = []
      }
      members[candidate[0]] = candidate
    }
  }

  /// Whether one kernel's cluster is another's, or runs before it.
  ///
  /// - Parameter before: for each kernel, those that must run earlier.
  func precedes(_ first: Int, _ second: Int, _ before: [Set<Int>]) -> Bool {
    var isVisited = [Bool](repeating: false, count: members.count)
    isVisited[clusterOf[second]] = true
    var pending = [clusterOf[second]]
    while let cluster = pending.popLast() {
      if cluster == clusterOf[first] { return true }
      for member in members[cluster] {
        for earlier in before[member] where !isVisited[clusterOf[earlier]] {
          isVisited[clusterOf[earlier]] = true
          pending.append(clusterOf[earlier])
        }
      }
    }
    return false
  }

  /// Dependences first; among what could run, what has the oldest node.
  ///
  /// - Parameter before: for each kernel, those that must run earlier.
  /// - Throws: `QuernError` where kernels wait for each other.
  package func sorted(_ kernels: [Kernel], _ before: [Set<Int>]) throws(QuernError) -> [Int] {
    let age = members.map { $0.compactMap { kernels[$0].nodes.first }.min() ?? NodeID(0) }
    /// For each cluster, those that wait for it, and how many it waits for.
    var after = [[Int]](repeating: [], count: members.count)
    var waits = [Int](repeating: 0, count: members.count)
    for cluster in members.indices {
      for other in Set(members[cluster].flatMap { before[$0] }.map { clusterOf[$0] })
      where other != cluster {
        after[other].append(cluster)
        waits[cluster] += 1
      }
    }
    var ready = members.indices.filter { !members[$0].isEmpty && waits[$0] == 0 }
    var order: [Int] = []
    order.reserveCapacity(kernels.count)
    while let next = ready.indices.min(by: {
      (age[ready[$0]], ready[$0]) < (age[ready[$1]], ready[$1])
    }) {
      let cluster = ready.remove(at: next)
      order += members[cluster]
      for other in after[cluster] {
        waits[other] -= 1
        if waits[other] == 0 { ready.append(other) }
      }
    }
    if order.count < kernels.count {
      let names = members.indices.filter { waits[$0] > 0 }.flatMap { members[$0] }.map {
        kernels[$0].name
      }
      throw QuernError(
        "schedule", "kernels wait for each other: \(names.joined(separator: ", "))",
        remedy: "report this as a defect; until then use the interpreter for this graph")
    }
    return order
  }
}
