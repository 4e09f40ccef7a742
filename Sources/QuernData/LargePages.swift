#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes in memory that nobody has touched before: filled with zeros first, they would take twice as long.
///
/// - Parameters:
///   - count: for which there is to be room.
///   - fill: writes the bytes, and gives back how many there are.
package func bytesInLargePages(
  _ count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Int
) rethrows -> [UInt8] {
  try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    let target = UnsafeMutableRawBufferPointer(buffer)
    preferLargePages(target)
    filled = try fill(target)
  }
}

/// Asks for large pages behind a buffer that is about to be filled: with small ones, the first touch
/// of each takes longer than the copy into it. Only ever a hint.
private func preferLargePages(_ buffer: UnsafeMutableRawBufferPointer) {
  #if os(Linux)
    let large = 2 << 20
    guard let start = buffer.baseAddress, buffer.count >= 2 * large else { return }
    let first = (UInt(bitPattern: start) + UInt(large - 1)) & ~UInt(large - 1)
    let end = (UInt(bitPattern: start) + UInt(buffer.count)) & ~UInt(large - 1)
    madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_HUGEPAGE)
  #endif
}
