/// A Protocol Buffers message, written field by field as its wire format has it
/// (protobuf.dev/programming-guides/encoding).
///
/// By hand, since what is needed are four kinds of field and no reading: swift-protobuf would be a
/// dependency, a generator and thousands of generated lines in their place.
package struct ProtobufMessage {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// The last three bits of a field's key.
  private enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  /// `int32`, `int64` or an enumeration; a negative one takes ten bytes.
  package mutating func integer(_ field: Int, _ value: Int) {
    key(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  package mutating func float(_ field: Int, _ value: Float) {
    key(field, .fixed32)
    bytes += LittleEndian.bytes(value.bitPattern)
  }

  package mutating func double(_ field: Int, _ value: Double) {
    key(field, .fixed64)
    bytes += LittleEndian.bytes(value.bitPattern)
  }

  package mutating func bytes(_ field: Int, _ value: some Collection<UInt8>) {
    key(field, .lengthDelimited)
    varint(UInt64(value.count))
    bytes += value
  }

  package mutating func string(_ field: Int, _ value: String) { bytes(field, value.utf8) }

  package mutating func message(_ field: Int, _ value: ProtobufMessage) {
    bytes(field, value.bytes)
  }

  private mutating func key(_ field: Int, _ type: WireType) {
    varint(UInt64(field) << 3 | type.rawValue)
  }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

enum LittleEndian {
  static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
