/// Machine code made elsewhere, in pages that can be executed, for C code to call by name.
public final class CodeBlocks {
  /// Where each block starts; to be handed to a ``CCompiler``.
  public let symbols: [String: UnsafeRawPointer]
  private let pages: CodePages?

  /// Bytes of a cache line, where every block starts.
  private static let alignment = 64

  /// Copies the blocks.
  ///
  /// - Parameter blocks: position-independent code; names are unique.
  /// - Throws: `CompileError.system` where the system has no memory or forbids new code.
  public init(_ blocks: [(name: String, bytes: [UInt8])]) throws {
    guard !blocks.isEmpty else {
      (symbols, pages) = ([:], nil)
      return
    }
    var offsets: [Int] = []
    var size = 0
    for block in blocks {
      offsets.append(size)
      size += (block.bytes.count + Self.alignment - 1) / Self.alignment * Self.alignment
    }
    let pages = try CodePages(size: size)
    var addresses: [String: UnsafeRawPointer] = [:]
    addresses.reserveCapacity(blocks.count)
    for (block, offset) in zip(blocks, offsets) {
      guard let place = pages.start?.advanced(by: offset) else { continue }
      place.copyMemory(from: block.bytes, byteCount: block.bytes.count)
      addresses[block.name] = UnsafeRawPointer(place)
    }
    do {
      try pages.makeExecutable()
    } catch {
      pages.unmap()
      throw error
    }
    (symbols, self.pages) = (addresses, pages)
  }

  deinit { pages?.unmap() }
}
