import CZlib
import QuernErrors

/// Reads a file, or bytes in memory, from front to back; unpacks gzip on the way.
///
/// Gzip is told by its first two bytes, not by the file's name. Members that follow one another
/// count as one stream, as `gzip` itself has it; zero bytes after the last are padding.
final class ByteReader {
  /// The file's path, for messages.
  let name: String
  /// Whether the source is gzipped.
  let isCompressed: Bool
  /// No more than this many bytes can come out: the file's size, or what deflate can make of it.
  let sizeLimit: Int

  private let source: Source
  /// Raw bytes read ahead: those between `next` and `end` are still to be used.
  private let chunk: UnsafeMutableRawBufferPointer
  private var next = 0
  private var end = 0
  /// Bytes that a plain source has given so far.
  private var position = 0
  private let stream: UnsafeMutablePointer<z_stream>
  private var isBetweenMembers = false

  private final class Source {
    let file: SystemFile?
    init(_ file: consuming SystemFile?) { self.file = file }

    func map(start: Int, count: Int) -> ByteStore? {
      switch file {
      case .some(let file): ByteStore(file, start: start, count: count)
      case .none: nil
      }
    }
  }

  /// Opens a file.
  /// - Throws: `QuernError` if it is missing, no regular file, or not readable.
  convenience init(path: String) throws {
    let file = try SystemFile(reading: path)
    let size = file.size
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    let count: Int
    do { count = try file.read(into: chunk) } catch {
      chunk.deallocate()
      throw error
    }
    try self.init(name: path, source: Source(file), chunk: chunk, count: count, size: size)
  }

  /// Reads from memory; `name` stands in messages where a path would.
  convenience init(bytes: [UInt8], name: String) throws {
    let chunk = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, bytes.count), alignment: 16)
    chunk.copyBytes(from: bytes)
    try self.init(
      name: name, source: Source(nil), chunk: chunk, count: bytes.count, size: bytes.count)
  }

  private init(
    name: String, source: Source, chunk: UnsafeMutableRawBufferPointer, count: Int, size: Int
  ) throws {
    self.name = name
    self.source = source
    self.chunk = chunk
    end = count
    isCompressed = count >= 2 && chunk[0] == 0x1f && chunk[1] == 0x8b
    // Deflate packs at most 258 bytes into 2 bits: 1,032 to 1.
    let (limit, overflowed) = size.multipliedReportingOverflow(by: isCompressed ? 1032 : 1)
    sizeLimit = overflowed ? Int.max : limit
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    if isCompressed {
      // 15 window bits, the most there are; plus 16: gzip's header and checksum.
      let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      guard status == Z_OK else {
        throw QuernError(
          .unreadable, in: name, found: "zlib cannot start (code \(status))",
          expected: "a working zlib of version \(ZLIB_VERSION)")
      }
    }
  }

  deinit {
    if isCompressed { inflateEnd(stream) }
    stream.deinitialize(count: 1)
    stream.deallocate()
    chunk.deallocate()
  }

  /// Fills `target`, and returns how many bytes there were: fewer only at the end.
  /// - Throws: `QuernError` if reading fails, or if packed data are corrupt or end too early.
  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < target.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
      let count = isCompressed ? try unpack(into: rest) : try copy(into: rest)
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Checks that nothing is left, and with it gzip's checksum, which stands at the end.
  /// - Parameter expected: what the contents should have been, for the message.
  func finish(expected: String) throws {
    var extra: UInt8 = 0
    let count = try withUnsafeMutableBytes(of: &extra) { try read(into: $0) }
    if count > 0 {
      throw QuernError(
        .trailingBytes, in: name, found: "goes on after its last element", expected: expected,
        remedy: "The header and the contents disagree: fetch or write the file anew.")
    }
  }

  /// What is left, where it is just `count` bytes of a plain file that the system maps into memory; nil
  /// otherwise, and ``read(into:)`` goes on from here.
  func mapRest(count: Int) -> ByteStore? {
    guard !isCompressed, position + count == sizeLimit else { return nil }
    return source.map(start: position, count: count)
  }

  private func copy(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    let count: Int
    if next == end {
      count = try source.file?.read(into: target) ?? 0
    } else {
      count = min(target.count, end - next)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: chunk[next..<next + count]))
      next += count
    }
    position += count
    return count
  }

  /// Makes sure that raw bytes are at hand; false at the end of the source.
  private func refill() throws -> Bool {
    if next < end { return true }
    next = 0
    end = try source.file?.read(into: chunk) ?? 0
    return end > 0
  }

  private func unpack(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      if isBetweenMembers {
        guard try startNextMember() else { return 0 }
      }
      guard try refill() else {
        throw QuernError(
          .truncated, in: name, found: "the gzip data end too early",
          expected: "a whole gzip stream", remedy: "Fetch the file again.")
      }
      let room = min(target.count, Int(UInt32.max))
      stream.pointee.next_in = (chunk.baseAddress! + next).assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_in = UInt32(end - next)
      stream.pointee.next_out = target.baseAddress!.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(room)
      let status = inflate(stream, Z_NO_FLUSH)
      next = end - Int(stream.pointee.avail_in)
      let count = room - Int(stream.pointee.avail_out)
      switch status {
      case Z_STREAM_END: isBetweenMembers = true
      case Z_OK, Z_BUF_ERROR: break
      default:
        let message = stream.pointee.msg.map { String(cString: $0) } ?? "code \(status)"
        throw QuernError(
          .corrupt, in: name, found: "the gzip data are corrupt (zlib: \(message))",
          expected: "an intact gzip stream", remedy: "Fetch the file again.")
      }
      if count > 0 { return count }
    }
  }

  /// After a member's end: true if another begins, false at the end (zeros are padding).
  private func startNextMember() throws -> Bool {
    var skipped = 0
    while try refill() {
      if chunk[next] == 0x1f && skipped == 0 {
        inflateReset(stream)
        isBetweenMembers = false
        return true
      }
      guard chunk[next] == 0 else {
        throw QuernError(
          .trailingBytes, in: name, found: "there are other bytes after the gzip data",
          expected: "nothing, or another gzip member", remedy: "Fetch the file again.")
      }
      next += 1
      skipped += 1
    }
    return false
  }
}
