import QuernGraph
import QuernPasses

/// The bytes of a program's arena, as a host that is not Quern would set and read them.
struct ArenaImage {
  let program: Program
  var bytes: [UInt8]

  /// Zeros; storages with another halo are filled with its value.
  init(_ program: Program, byteCount: Int) {
    self.program = program
    bytes = [UInt8](repeating: 0, count: byteCount)
    for storage in program.storages.values where storage.fill != 0 {
      guard storage.type.element == .float32 else { continue }
      for offset in stride(from: 0, to: storage.byteCount, by: 4) {
        set(storage.fill.bitPattern, at: storage.offset + offset)
      }
    }
  }

  private mutating func set(_ word: UInt32, at offset: Int) {
    withUnsafeBytes(of: word) { source in
      for (index, byte) in source.enumerated() { bytes[offset + index] = byte }
    }
  }

  /// Where each element of a tensor lies, in row-major order.
  private func offsets(_ storage: Storage) -> [Int] {
    var offsets = [storage.offset + storage.origin]
    for (extent, stride) in zip(storage.type.shape.extents, storage.strides) {
      offsets = offsets.flatMap { start in (0..<extent).map { start + $0 * stride } }
    }
    return offsets
  }

  private func storage(_ name: String) -> Storage? {
    (program.graph.input(named: name) ?? program.outputNodes[name]).flatMap { program.storages[$0] }
  }

  /// - Parameter words: the elements' bits; bytes for `uint8`.
  mutating func write(_ name: String, _ words: [UInt32]) {
    guard let storage = storage(name) else { return }
    for (offset, word) in zip(offsets(storage), words) {
      if storage.type.element == .uint8 {
        bytes[offset] = UInt8(truncatingIfNeeded: word)
      } else {
        set(word, at: offset)
      }
    }
  }

  func words(_ name: String) -> [UInt32]? {
    guard let storage = storage(name) else { return nil }
    return offsets(storage).map { offset in
      storage.type.element == .uint8
        ? UInt32(bytes[offset])
        : bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }
  }
}
