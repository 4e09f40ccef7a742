import QuernGraph

/// The tensors in memory that a kernel reads and writes, each once.
package struct TensorUse {
  let reads: [NodeID]
  let writes: [NodeID]

  /// What is read, then what is written; the same tensor may be both.
  package var all: [NodeID] { reads + writes }

  package init(_ kernel: Kernel) {
    (reads, writes) = (Self.tensors(kernel.reads), Self.tensors(kernel.writes))
  }

  private static func tensors(_ accesses: [TensorAccess]) -> [NodeID] {
    var list: [NodeID] = []
    // There are few.
    for access in accesses where !list.contains(access.tensor) { list.append(access.tensor) }
    return list
  }
}
