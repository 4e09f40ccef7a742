/// A hash that is the same in every process and on every machine, for what is kept in files: FNV-1a, 64
/// bits.
package struct StableHash: Sendable {
  package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  package init() {}

  package init(_ text: String) {
    for byte in text.utf8 { add(byte) }
  }

  /// - Parameter number: a byte, as the hash was meant to take, or a word at once.
  package mutating func add(_ number: some FixedWidthInteger & UnsignedInteger) {
    value = (value ^ UInt64(truncatingIfNeeded: number)) &* 0x0000_0100_0000_01b3
  }

  /// 16 digits to base 16.
  package var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
