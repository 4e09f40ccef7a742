/// Machine code made elsewhere, in pages that can be executed, for C code to call by name.
///
/// The blocks stay in memory as long as this object lives, and do not change: any number of threads may
/// run them at once.
public final class CodeBlocks: Sendable {
  private let pages: CodePages?
  /// Bytes from the start of the pages to each block.
  private let offsets: [(name: String, offset: Int)]

  /// Bytes of a cache line, where every block starts.
  private static let alignment = 64

  /// Copies the blocks.
  ///
  /// - Parameter blocks: position-independent code; names are unique.
  /// - Throws: `CompileError.system` where the system has no memory or forbids new code.
  public init(_ blocks: [(name: String, bytes: [UInt8])]) throws {
    guard !blocks.isEmpty else {
      (pages, offsets) = (nil, [])
      return
    }
    var offsets: [(name: String, offset: Int)] = []
    var size = 0
    for block in blocks {
      offsets.append((block.name, size))
      size += (block.bytes.count + Self.alignment - 1) / Self.alignment * Self.alignment
    }
    let pages = try CodePages(size: size)
    for (block, place) in zip(blocks, offsets) {
      pages.start?.advanced(by: place.offset)
        .copyMemory(from: block.bytes, byteCount: block.bytes.count)
    }
    do {
      try pages.makeExecutable()
    } catch {
      pages.unmap()
      throw error
    }
    (self.pages, self.offsets) = (pages, offsets)
  }

  deinit { pages?.unmap() }

  /// Where each block starts, valid while this object lives; to be handed to a ``CCompiler``.
  public var symbols: [String: UnsafeRawPointer] {
    guard let start = pages?.start else { return [:] }
    var symbols: [String: UnsafeRawPointer] = [:]
    symbols.reserveCapacity(offsets.count)
    for (name, offset) in offsets { symbols[name] = UnsafeRawPointer(start.advanced(by: offset)) }
    return symbols
  }
}
