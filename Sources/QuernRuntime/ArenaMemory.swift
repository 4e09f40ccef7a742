import QuernErrors
import QuernGraph
import QuernPasses

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The memory of an instance: one block, zero at first, on a page boundary.
final class ArenaMemory {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// - Throws: `QuernError` where the system does not give that much memory.
  init(byteCount: Int) throws {
    // Large pages need a start on their own boundary, so ask for one more.
    let large = 2 << 20
    let rounded = (byteCount + large - 1) / large * large + large
    let memory = mmap(
      nil, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      throw QuernError(
        "arena", "the system does not give \(byteCount) bytes", remedy: "use a smaller batch")
    }
    base = memory
    self.byteCount = rounded
    #if os(Linux)
      // A request, not a need: where large pages are refused, small ones do.
      _ = madvise(memory, rounded, MADV_HUGEPAGE)
    #endif
  }

  /// Memory for a program, halos filled.
  ///
  /// - Throws: `QuernError` where the system does not give that much memory.
  convenience init(_ program: Program, byteCount: Int) throws {
    try self.init(byteCount: byteCount)
    for storage in program.storages.values { fill(storage) }
  }

  deinit { munmap(base, byteCount) }

  /// Where the arena starts: at the boundary of a large page.
  var start: UnsafeMutablePointer<CChar> {
    let large = 2 << 20
    let address = (Int(bitPattern: base) + large - 1) / large * large
    return base.advanced(by: address - Int(bitPattern: base)).assumingMemoryBound(to: CChar.self)
  }

  // MARK: Tensors

  /// Calls `body` with the address and byte count of each contiguous run of a tensor, in row-major
  /// order.
  func forEachRun(_ storage: Storage, _ body: (UnsafeMutableRawPointer, Int) -> Void) {
    let shape = storage.type.shape
    let first = UnsafeMutableRawPointer(start) + storage.offset
    // Inner dimensions without a gap between neighbours make one run.
    var run = storage.type.element.byteCount
    var outer = shape.rank
    while outer > 0, storage.strides[outer - 1] == run {
      run *= shape[outer - 1]
      outer -= 1
    }
    var index = [Int](repeating: 0, count: outer)
    while true {
      var offset = storage.origin
      for (position, stride) in zip(index, storage.strides) { offset += position * stride }
      body(first + offset, run)
      var dimension = outer - 1
      while dimension >= 0 {
        index[dimension] += 1
        if index[dimension] < shape[dimension] { break }
        index[dimension] = 0
        dimension -= 1
      }
      if dimension < 0 { return }
    }
  }

  /// Sets a storage and its halo to the halo's value.
  private func fill(_ storage: Storage) {
    guard storage.fill != 0, storage.type.element == .float32 else { return }
    let first = (UnsafeMutableRawPointer(start) + storage.offset)
      .assumingMemoryBound(to: Float.self)
    first.update(repeating: storage.fill, count: storage.byteCount / storage.type.element.byteCount)
  }
}
