import QuernGraph

extension Program {
  /// Nests are sound; kernels have the origins of their nodes; storages lie inside the arena, and apart
  /// while they are needed; regions do not overlap.
  public func verify() throws {
    try verifyNests(kernels)
    try verifyOrigins(kernels, in: graph)
    guard needsBarrier.count == kernels.count, (0...kernels.count).contains(preparedCount) else {
      throw defect("program", "\(needsBarrier.count) barriers for \(kernels.count) kernels")
    }
    try verifyRegions()
    var placed: [(tensor: NodeID, storage: Storage)] = []
    for (tensor, storage) in storages.sorted(by: { $0.key < $1.key })
    where storage.tensor == tensor {
      try verifyStorage(storage, tensor)
      let room = storage.isPrivate ? privateBytes : arenaBytes
      guard storage.offset >= 0, storage.offset + storage.byteCount + Arena.margin <= room else {
        throw defect("\(tensor)", "it lies at \(storage.offset) of \(room) bytes")
      }
      if !storage.isPrivate { placed.append((tensor, storage)) }
    }
    placed.sort { $0.storage.offset < $1.storage.offset }
    for (number, first) in placed.enumerated() {
      let end = first.storage.offset + first.storage.byteCount
      for second in placed[(number + 1)...] {
        if second.storage.offset >= end { break }
        guard !first.storage.lifetime.overlaps(second.storage.lifetime) else {
          throw defect("\(second.tensor)", "it lies where \(first.tensor) does, at the same time")
        }
      }
    }
  }

  private func verifyRegions() throws {
    var end = 0
    for region in regions {
      guard region.kernels.lowerBound >= end, region.kernels.upperBound <= kernels.count,
        region.chunks > 1
      else {
        throw defect("region", "kernels \(region.kernels), \(region.chunks) chunks")
      }
      end = region.kernels.upperBound
    }
  }
}
