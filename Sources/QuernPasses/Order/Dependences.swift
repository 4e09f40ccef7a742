import QuernGraph

/// Which kernels read what others write.
struct Dependences {
  /// For each kernel, those whose results it reads, and those that read its results.
  private(set) var before: [Set<Int>]
  private(set) var after: [Set<Int>]
  /// For each tensor, the kernels that read it.
  private(set) var readers: [NodeID: Set<Int>] = [:]

  /// - Parameter uses: of one kernel for each group, in the groups' order.
  init(_ uses: [TensorUse], groupOf: [NodeID: Int]) {
    before = Array(repeating: [], count: uses.count)
    after = before
    for (index, use) in uses.enumerated() {
      for tensor in use.reads {
        readers[tensor, default: []].insert(index)
        guard let producer = groupOf[tensor], producer != index else { continue }
        before[index].insert(producer)
        after[producer].insert(index)
      }
    }
  }
}
