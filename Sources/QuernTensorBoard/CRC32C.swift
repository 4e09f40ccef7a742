/// The checksum of event files: CRC-32C (Castagnoli), as RFC 3720 (iSCSI) has it. zlib's is of
/// another polynomial.
package enum CRC32C {
  /// For each byte, what it does to the register; the polynomial 0x1EDC6F41, bits reversed.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1
    }
  }

  package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(($0 ^ UInt32($1)) & 0xff)] }
  }

  /// As records hold it: rotated and shifted, since a checksum of bytes that hold their own checksum
  /// tells little (TensorFlow, `core/lib/hash/crc32c.h`).
  package static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let sum = checksum(bytes)
    return (sum >> 15 | sum << 17) &+ 0xa282_ead8
  }
}
