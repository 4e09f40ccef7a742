import QuernGraph

/// The tensors in memory that a kernel reads and writes, each once.
package struct TensorUse {
  let reads: [NodeID]
  let writes: [NodeID]

  /// What is read, then what is written; the same tensor may be both.
  package var all: [NodeID] { reads + writes }

  package init(_ kernel: Kernel) {
    var (reads, writes): ([NodeID], [NodeID]) = ([], [])
    // There are few.
    func note(_ tensor: NodeID, _ list: inout [NodeID]) {
      if !list.contains(tensor) { list.append(tensor) }
    }
    for nest in kernel.nests {
      for access in nest.accesses {
        if access.isWritten { note(access.tensor, &writes) } else { note(access.tensor, &reads) }
      }
    }
    (self.reads, self.writes) = (reads, writes)
  }
}
