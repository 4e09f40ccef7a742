import QuernGraph

/// The tensors in memory that a kernel reads and writes, each once.
struct TensorUse {
  let reads: [NodeID]
  let writes: [NodeID]

  var all: [NodeID] { reads + writes }

  init(_ kernel: Kernel) {
    var (reads, writes): ([NodeID], [NodeID]) = ([], [])
    for piece in kernel.pieces {
      for factor in piece.factors { Self.add(factor.read.tensor, to: &reads) }
      for case .read(let access) in piece.values { Self.add(access.tensor, to: &reads) }
      for store in piece.stores { Self.add(store.access.tensor, to: &writes) }
    }
    (self.reads, self.writes) = (reads, writes)
  }

  /// There are few.
  private static func add(_ tensor: NodeID, to list: inout [NodeID]) {
    if !list.contains(tensor) { list.append(tensor) }
  }
}

/// From the first write to the last use; inputs, outputs, halos and what is prepared keep their places
/// for good. What a section uses it uses to its end, since it starts again.
func setLifetimes(
  _ storages: inout [NodeID: Storage], _ uses: [TensorUse], _ preparedCount: Int,
  _ sections: [Section], _ graph: Graph, _ views: Views, _ owner: [NodeID: NodeID]
) {
  let whole = -1...uses.count
  var spans: [NodeID: (Int, Int)] = [:]
  let sectionAt = sections.byPosition(count: uses.count)
  for (position, use) in uses.enumerated() {
    let section = sectionAt[position]?.kernels
    let (from, through) =
      section.map { ($0.lowerBound, $0.upperBound - 1) } ?? (position, position)
    for tensor in use.all {
      let tensor = owner[tensor] ?? tensor
      let known = spans[tensor] ?? (from, through)
      spans[tensor] = (min(known.0, from), max(known.1, through))
    }
  }
  let outputs = Set(graph.outputs.map { owner[views.root($0.node)] ?? views.root($0.node) })
  let inputs = Set(graph.inputs.map(\.id))
  let prepared = Set(uses[..<preparedCount].flatMap(\.writes))
  for (tensor, storage) in storages {
    let lasting =
      outputs.contains(tensor) || inputs.contains(tensor) || storage.hasHalo
      || prepared.contains(tensor)
    if lasting {
      storages[tensor]?.lifetime = whole
    } else if let span = spans[tensor] {
      storages[tensor]?.lifetime = span.0...span.1
    }
  }
}

/// A kernel waits where it reads or writes memory that another has written, or writes what another
/// has read, since the last time all threads met. Sections are gone through twice, so that their
/// first kernels also wait for their last; private ones wait once, before all their chunks.
func barriers(
  _ uses: [TensorUse], _ storages: [NodeID: Storage], _ sections: [Section]
) -> [Bool] {
  let sectionAt = sections.byPosition(count: uses.count)
  var read: [Range<Int>] = []
  var written: [Range<Int>] = []
  func ranges(_ tensors: [NodeID]) -> [Range<Int>] {
    tensors.compactMap { id in
      storages[id].flatMap { $0.isPrivate ? nil : $0.offset..<$0.offset + $0.byteCount }
    }
  }
  var result = [Bool](repeating: false, count: uses.count)
  func visit(_ position: Int) {
    let section = sectionAt[position].flatMap { $0.isPrivate ? $0 : nil }
    if let section, position != section.kernels.lowerBound { return }
    let together = uses[section?.kernels ?? position..<position + 1]
    let reads = together.flatMap { ranges($0.reads) }
    let writes = together.flatMap { ranges($0.writes) }
    let waits =
      result[position]
      || (reads + writes).contains { range in written.contains { $0.overlaps(range) } }
      || writes.contains { range in read.contains { $0.overlaps(range) } }
    if waits {
      read = []
      written = []
    }
    read += reads
    written += writes
    result[position] = waits
  }
  for position in uses.indices {
    visit(position)
    if let section = sectionAt[position], !section.isPrivate, section.kernels.last == position {
      section.kernels.forEach(visit)
    }
  }
  return result
}

extension [Section] {
  /// For each position in the order of kernels, the section that it belongs to.
  fileprivate func byPosition(count: Int) -> [Section?] {
    var result = [Section?](repeating: nil, count: count)
    for section in self {
      for position in section.kernels { result[position] = section }
    }
    return result
  }
}
