extension AddressedProgram {
  /// Nests are sound, have a stride for every axis, and touch nothing outside their tensors' storages.
  public func verify() throws {
    try program.verify()
    for (kernel, nests) in zip(program.kernels, nests) {
      for nest in nests {
        try nest.verifyReferences(kernel.name)
        for access in nest.accesses { try verify(access, nest, kernel.name) }
        for value in nest.values {
          if case .read(let access, let displacement) = value {
            try verify(nest.accesses[access], nest, kernel.name, displacement)
          }
        }
        for store in nest.stores {
          try verify(nest.accesses[store.access], nest, kernel.name, store.displacement)
        }
      }
    }
  }

  private func verify(
    _ access: MemoryAccess, _ nest: MemoryNest, _ kernel: String, _ displacement: Int = 0
  ) throws {
    guard access.strides.count == nest.axes.count else {
      throw defect(kernel, "\(access.strides.count) strides for \(nest.axes.count) axes")
    }
    guard let storage = program.storages[access.tensor] else {
      throw defect(kernel, "\(access.tensor), which it touches, has no storage")
    }
    var (low, high) = (access.offset + displacement, access.offset + displacement)
    for (axis, stride) in zip(nest.axes, access.strides) {
      // One step along the region's axis is one sum, of several chunks.
      let sums = axis.kind == .region ? nest.chunksPerSum ?? 1 : 1
      let reach = stride * ((access.isWritten ? axis.extent / sums : axis.extent) - 1)
      low += min(reach, 0)
      high += max(reach, 0)
    }
    let end = storage.offset + storage.byteCount
    guard low >= storage.offset, high + access.element.byteCount <= end else {
      throw defect(
        kernel,
        "it touches bytes \(low)..<\(high + access.element.byteCount) for \(access.tensor), which has "
          + "\(storage.offset)..<\(end)")
    }
  }
}
