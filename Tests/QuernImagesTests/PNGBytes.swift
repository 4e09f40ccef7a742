import CZlib
import Testing

/// PNG files made by hand, of kinds that Quern does not write.
enum PNGBytes {
  /// - Parameters:
  ///   - rows: each with the samples of a row, packed.
  ///   - colourType: 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha.
  ///   - chunks: what comes before the picture's data.
  static func make(
    width: Int, rows: [[UInt8]], depth: UInt8, colourType: UInt8,
    chunks: [(String, [UInt8])] = []
  ) throws -> [UInt8] {
    let header = number(width) + number(rows.count) + [depth, colourType, 0, 0, 0]
    let raw = rows.reduce(into: [UInt8]()) { $0 += [0] + $1 }
    var size = compressBound(uLong(raw.count))
    var packed = [UInt8](repeating: 0, count: Int(size))
    try #require(compress(&packed, &size, raw, uLong(raw.count)) == Z_OK)
    var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    file += chunk("IHDR", header)
    for (name, data) in chunks { file += chunk(name, data) }
    return file + chunk("IDAT", Array(packed[..<Int(size)])) + chunk("IEND", [])
  }

  static func number(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(value).bigEndian) { Array($0) }
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return number(data.count) + body + number(Int(crc32(0, body, uInt(body.count))))
  }
}
