import Foundation
import QuernErrors
import QuernTensorBoard
import Testing

@Suite struct EventFileTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "quern-events-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  /// The records' data; fails where a length or a checksum is wrong.
  private func records(_ path: String) throws -> [[UInt8]] {
    var rest = [UInt8](try Data(contentsOf: URL(filePath: path)))[...]
    func take(_ count: Int) throws -> [UInt8] {
      try #require(rest.count >= count)
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    func number(_ bytes: [UInt8]) -> UInt64 {
      bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    var records: [[UInt8]] = []
    while !rest.isEmpty {
      let length = try take(8)
      #expect(number(try take(4)) == UInt64(CRC32C.masked(length)))
      let data = try take(Int(number(length)))
      #expect(number(try take(4)) == UInt64(CRC32C.masked(data)))
      records.append(data)
    }
    return records
  }

  @Test func oneRun() throws {
    try withFolder { folder in
      let file = try EventFile(folder: folder)
      try file.write([.scalar("loss", 1)], step: 1)
      try file.write([.scalar("loss", 0.5), .scalar("rate", 0.1)], step: 2)
      try file.flush()
      let name = try #require(file.path.split(separator: "/").last)
      let parts = name.split(separator: ".", maxSplits: 4)
      #expect(parts.prefix(3) == ["events", "out", "tfevents"])
      #expect(parts.count == 5 && parts[3].count == 10 && parts[3].allSatisfy(\.isNumber))
      let found = try records(file.path)
      #expect(found.count == 3)
      #expect(found[0].suffix(13) == Array("brain.Event:2".utf8)[...])
      #expect(
        found[2].suffix(4)
          == Event(wallTime: 0, step: 0, .summary([.scalar("", 0.1)])).message
          .bytes.suffix(4))
    }
  }

  /// Two processes of a run in one second, the second of which goes on from step 7.
  @Test func resumedRun() throws {
    try withFolder { folder in
      let first = try EventFile(folder: folder)
      let second = try EventFile(folder: folder, resumingAfter: 7)
      #expect(first.path < second.path)
      #expect(try records(first.path).count == 1)
      let found = try records(second.path)
      #expect(found.count == 2)
      let start = Event(wallTime: 0, step: 8, .sessionStart).message.bytes
      #expect(found[1].dropFirst(9) == start.dropFirst(9))
    }
  }

  @Test func badFolder() throws {
    let error = #expect(throws: QuernError.self) { try EventFile(folder: "/no/such/folder") }
    #expect(error?.kind == .unwritable)
    #expect(error?.description.contains("/no/such/folder/events.out.tfevents") == true)
  }
}
