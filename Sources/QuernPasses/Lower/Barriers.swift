import QuernGraph

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
