#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes to be read: those of an array, or of a file, which the system brings into memory as they are
/// touched.
struct ByteStore: Sendable {
  private enum Source {
    case array([UInt8])
    case file(FileMapping, start: Int)
  }

  let count: Int
  private let source: Source

  init(_ array: [UInt8]) {
    count = array.count
    source = .array(array)
  }

  /// The `count` bytes of a file from `start` on; nil where the system does not map it.
  init?(_ file: borrowing SystemFile, start: Int, count: Int) {
    guard count > 0, start + count <= file.size, let mapping = FileMapping(file) else { return nil }
    self.count = count
    source = .file(mapping, start: start)
  }

  func withUnsafeBufferPointer<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    switch source {
    case .array(let array): return try array.withUnsafeBufferPointer(body)
    case .file(let mapping, let start):
      return try withExtendedLifetime(mapping) {
        let bytes = UnsafeRawBufferPointer(rebasing: mapping.bytes[start..<start + count])
        return try body(bytes.bindMemory(to: UInt8.self))
      }
    }
  }
}

/// A file's contents as memory, for as long as this lives. Whoever shortens the file meanwhile takes the
/// memory away; one that is replaced, as programs do that write files anew, stays as it was.
private final class FileMapping: @unchecked Sendable {
  // Never written to.
  let bytes: UnsafeRawBufferPointer

  init?(_ file: borrowing SystemFile) {
    guard let bytes = file.map() else { return nil }
    self.bytes = bytes
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
  }
}
