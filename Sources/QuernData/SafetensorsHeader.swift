import QuernErrors

/// Reads a safetensors header: an object of objects of a fixed form, in JSON.
///
/// It is read here because Foundation's readers keep one of two entries of the same name without a
/// word, and because loading Foundation costs more time than a network's compilation.
struct SafetensorsHeaderParser {
  struct Entry {
    let name: String
    let elementType: String
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  private let bytes: ArraySlice<UInt8>
  private let file: String
  private var position: Int

  init(bytes: ArraySlice<UInt8>, name: String) {
    self.bytes = bytes
    file = name
    position = bytes.startIndex
  }

  mutating func parse() throws -> (entries: [Entry], metadata: [String: String]) {
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    try object(of: "tensors") { parser, name in
      if name == Safetensors.metadataKey {
        try parser.object(of: "metadata") { parser, key in metadata[key] = try parser.string() }
      } else {
        entries.append(try parser.entry(name))
      }
    }
    skipBlanks()
    if position < bytes.endIndex { throw malformed("the end of the header") }
    return (entries, metadata)
  }

  private mutating func entry(_ name: String) throws -> Entry {
    var elementType: String?
    var shape: [Int]?
    var offsets: [Int]?
    try object(of: "tensor \"\(name)\"") { parser, key in
      switch key {
      case "dtype": elementType = try parser.string()
      case "shape": shape = try parser.numbers()
      case "data_offsets": offsets = try parser.numbers()
      default: throw parser.malformed("dtype, shape or data_offsets, not \"\(key)\"")
      }
    }
    guard let elementType, let shape, let offsets, offsets.count == 2 else {
      throw QuernError(
        .corrupt, in: file, found: "the entry of tensor \"\(name)\" is incomplete",
        expected: "dtype, shape and two data_offsets", remedy: "The file is damaged.")
    }
    return Entry(
      name: name, elementType: elementType, shape: shape, begin: offsets[0], end: offsets[1])
  }

  /// Reads an object, handing each key to `member`, which reads the value.
  private mutating func object(
    of what: String, member: (inout SafetensorsHeaderParser, String) throws -> Void
  ) throws {
    var seen: Set<String> = []
    try list(from: "{", to: "}") { parser in
      let key = try parser.string()
      guard seen.insert(key).inserted else {
        throw QuernError(
          .duplicate, in: parser.file, found: "\"\(key)\" occurs twice among the \(what)",
          expected: "every name once", remedy: "The file is damaged.")
      }
      try parser.expect(":")
      try member(&parser, key)
    }
  }

  private mutating func numbers() throws -> [Int] {
    var result: [Int] = []
    try list(from: "[", to: "]") { parser in result.append(try parser.number()) }
    return result
  }

  private mutating func list(
    from opening: Unicode.Scalar, to closing: Unicode.Scalar,
    element: (inout SafetensorsHeaderParser) throws -> Void
  ) throws {
    try expect(opening)
    if accept(closing) { return }
    repeat { try element(&self) } while accept(",")
    try expect(closing)
  }

  private mutating func number() throws -> Int {
    skipBlanks()
    let start = position
    var value = 0
    while let byte = peek, (0x30...0x39).contains(byte) {
      let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, carried) = tens.addingReportingOverflow(Int(byte - 0x30))
      if overflowed || carried {
        throw QuernError(
          .overflow, in: file, found: "a number at byte \(start) of the file is too large",
          expected: "numbers below 2^63", remedy: "The file is damaged.")
      }
      value = sum
      position += 1
    }
    let hasLeadingZero = position - start > 1 && bytes[start] == 0x30
    if position == start || hasLeadingZero { throw malformed("a whole number of zero or more") }
    return value
  }

  private mutating func string() throws -> String {
    try expect("\"")
    var text: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        let string = String(decoding: text, as: UTF8.self)
        guard string.utf8.elementsEqual(text) else { throw malformed("text in UTF-8") }
        return string
      case UInt8(ascii: "\\"): text += String(try escape()).utf8
      case 0..<0x20: throw malformed("no control characters in a string")
      default: text.append(byte)
      }
    }
    throw malformed("the end of a string")
  }

  /// What follows a backslash.
  private mutating func escape() throws -> Character {
    guard let byte = peek else { throw malformed("the end of a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var code = try fourDigits()
      if (0xd800..<0xdc00).contains(code) {
        // The first half of a pair: UTF-16 of a character beyond U+FFFF.
        guard peek == UInt8(ascii: "\\") else { throw malformed("the second half of a pair") }
        position += 1
        guard peek == UInt8(ascii: "u") else { throw malformed("the second half of a pair") }
        position += 1
        let low = try fourDigits()
        guard (0xdc00..<0xe000).contains(low) else { throw malformed("the second half of a pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw malformed("a character's code") }
      return Character(scalar)
    default: throw malformed("an escape that JSON knows")
    }
  }

  private mutating func fourDigits() throws -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw malformed("four hexadecimal digits")
      }
      position += 1
      code = code << 4 | UInt32(digit)
    }
    return code
  }

  private var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || (0x09...0x0a).contains(byte) || byte == 0x0d {
      position += 1
    }
  }

  private mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard peek == UInt8(ascii: scalar) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ scalar: Unicode.Scalar) throws {
    if !accept(scalar) { throw malformed("\"\(scalar)\"") }
  }

  private func malformed(_ expected: String) -> QuernError {
    QuernError(
      .corrupt, in: file, found: "the header is malformed at byte \(position) of the file",
      expected: expected, remedy: "The file is damaged, or no safetensors file.")
  }
}
