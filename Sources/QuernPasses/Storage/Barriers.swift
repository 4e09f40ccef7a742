import QuernGraph

/// A kernel waits where it reads or writes memory that another has written, or writes what another
/// has read, since the last time all threads met. Regions are gone through twice, so that their
/// first kernels also wait for their last; private ones wait once, before all their chunks.
func barriers(
  _ uses: [TensorUse], _ storages: [NodeID: Storage], _ regions: [Region]
) -> [Bool] {
  let regionAt = regions.byPosition(count: uses.count)
  var read: [Range<Int>] = []
  var written: [Range<Int>] = []
  func ranges(_ tensors: [NodeID]) -> [Range<Int>] {
    tensors.compactMap { id in
      storages[id].flatMap { $0.isPrivate ? nil : $0.offset..<$0.offset + $0.byteCount }
    }
  }
  var result = [Bool](repeating: false, count: uses.count)
  func visit(_ position: Int) {
    let region = regionAt[position].flatMap { $0.isPrivate ? $0 : nil }
    if let region, position != region.kernels.lowerBound { return }
    let together = uses[region?.kernels ?? position..<position + 1]
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
    if let region = regionAt[position], !region.isPrivate, region.kernels.last == position {
      region.kernels.forEach(visit)
    }
  }
  return result
}
