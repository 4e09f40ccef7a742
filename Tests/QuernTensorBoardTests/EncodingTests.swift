import QuernTensorBoard
import Testing

/// Bytes against those that standards and TensorBoard's own code have.
@Suite struct EncodingTests {
  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// The check value of the CRC catalogue, and the examples of RFC 3720, B.4.
  @Test func checksums() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xe306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46dd_794e)
    #expect(CRC32C.checksum((0..<32).reversed()) == 0x113f_db5c)
    #expect(CRC32C.checksum([]) == 0)
  }

  /// The examples of Protocol Buffers' page on encoding.
  @Test func fields() {
    var a = ProtobufMessage()
    a.integer(1, 150)
    #expect(hex(a.bytes) == "089601")
    var b = ProtobufMessage()
    b.string(2, "testing")
    #expect(hex(b.bytes) == "120774657374696e67")
    var c = ProtobufMessage()
    c.message(3, a)
    #expect(hex(c.bytes) == "1a03089601")
    var negative = ProtobufMessage()
    negative.integer(1, -2)
    #expect(hex(negative.bytes) == "08feffffffffffffffff01")
    var fixed = ProtobufMessage()
    fixed.float(2, 0.5)
    fixed.double(16, -2)
    #expect(hex(fixed.bytes) == "150000003f" + "810100000000000000c0")
    var ends = ProtobufMessage()
    ends.integer(1, 0)
    ends.integer(1, 127)
    ends.integer(1, 128)
    #expect(hex(ends.bytes) == "0800" + "087f" + "088001")
  }

  /// What `tensorboard.compat.proto.event_pb2` makes of the same events.
  @Test func events() {
    let first = Event(wallTime: 1.5, step: 0, .fileVersion("brain.Event:2"))
    #expect(hex(first.message.bytes) == "09000000000000f83f1a0d627261696e2e4576656e743a32")
    let summary = Event(
      wallTime: 1.5, step: 300,
      .summary([
        .scalar("a/b", 0.5),
        SummaryValue(
          "p", .image(height: 2, width: 3, channels: 1, png: [0x89, 0x50, 0x4e])),
      ]))
    #expect(
      hex(summary.message.bytes)
        == "09000000000000f83f10ac022a1e0a0a0a03612f62150000003f"
        + "0a100a0170220b080210031801220389504e")
    let start = Event(wallTime: 1.5, step: 7, .sessionStart)
    #expect(hex(start.message.bytes) == "09000000000000f83f10073a020801")
  }

  /// What `tensorboard.summary.writer.record_writer` makes of the first event.
  @Test func records() {
    let first = Event(wallTime: 1.5, step: 0, .fileVersion("brain.Event:2"))
    #expect(
      hex(first.record)
        == "1800000000000000" + "a37f4b22"
        + "09000000000000f83f1a0d627261696e2e4576656e743a32" + "2a28646c")
  }
}
