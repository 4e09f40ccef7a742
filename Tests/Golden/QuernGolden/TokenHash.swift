/// FNV-1a over 64 bits: the same everywhere, unlike Swift's own hashes.
struct TokenHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

  mutating func add(bytes: some Sequence<UInt8>) { for byte in bytes { add(byte) } }

  /// Adds C without comments. White space counts only where it separates two words, and at the end of
  /// the preprocessor's lines.
  mutating func add(tokensOf text: String) {
    var text = text
    text.withUTF8 { bytes in
      var scanner = Scanner(bytes: bytes)
      while let token = scanner.next() {
        add(bytes: token)
        add(0)
      }
    }
  }

  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Cuts C into tokens: words, strings, single other characters, and the ends of directives.
private struct Scanner {
  let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var isDirective = false
  private var startsLine = true

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private func byte(_ offset: Int) -> UInt8 {
    position + offset < bytes.count ? bytes[position + offset] : 0
  }

  private mutating func take(_ count: Int) -> UnsafeBufferPointer<UInt8>.SubSequence {
    let end = min(position + count, bytes.count)
    defer { position = end }
    return bytes[position..<end]
  }

  mutating func next() -> UnsafeBufferPointer<UInt8>.SubSequence? {
    while position < bytes.count {
      switch byte(0) {
      case UInt8(ascii: "\n"):
        startsLine = true
        if isDirective {
          isDirective = false
          return take(1)
        }
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
        while position < bytes.count, byte(0) != UInt8(ascii: "\n") { position += 1 }
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"):
        position += 2
        while position < bytes.count,
          byte(0) != UInt8(ascii: "*") || byte(1) != UInt8(ascii: "/")
        {
          position += 1
        }
        position += 2
      default: return token()
      }
    }
    return nil
  }

  private mutating func token() -> UnsafeBufferPointer<UInt8>.SubSequence {
    if byte(0) == UInt8(ascii: "#"), startsLine { isDirective = true }
    startsLine = false
    if byte(0) == UInt8(ascii: "\"") {
      var length = 1
      while position + length < bytes.count, byte(length) != UInt8(ascii: "\"") {
        length += byte(length) == UInt8(ascii: "\\") ? 2 : 1
      }
      return take(length + 1)
    }
    var length = 0
    while isWordByte(byte(length)) { length += 1 }
    return take(max(1, length))
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "."), 0x80...:
      true
    default: false
    }
  }
}
