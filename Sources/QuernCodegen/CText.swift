/// C text under construction, indented as it is written.
struct CText: Sendable {
  private struct Line {
    /// Of indentation; preprocessor lines stay at the margin.
    var depth: Int
    var text: String
  }

  private var lines: [Line] = []
  private var depth = 0

  mutating func line(_ text: String) { lines.append(Line(depth: depth, text: text)) }

  /// Lines of a rendered block; preprocessor lines stay at the margin.
  mutating func block(_ text: [String]) {
    for entry in text {
      lines.append(Line(depth: entry.utf8.first == UInt8(ascii: "#") ? 0 : depth, text: entry))
    }
  }

  mutating func braces<Failure>(
    _ head: String, _ body: (inout CText) throws(Failure) -> Void
  ) throws(Failure) {
    line(head.isEmpty ? "{" : head + " {")
    depth += 1
    try body(&self)
    depth -= 1
    line("}")
  }

  /// A comment, wrapped at 96 columns.
  mutating func comment(_ text: String) {
    var current = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      if !current.isEmpty, current.count + word.count > 90 - 2 * depth {
        line("// " + current)
        current = "  "
      }
      current += current.isEmpty || current == "  " ? String(word) : " " + word
    }
    if !current.isEmpty { line("// " + current) }
  }

  mutating func append(_ other: CText, indented: Bool = false) {
    guard indented, depth > 0 else {
      lines += other.lines
      return
    }
    lines.reserveCapacity(lines.count + other.lines.count)
    for var line in other.lines {
      if line.text.utf8.first != UInt8(ascii: "#") { line.depth += depth }
      lines.append(line)
    }
  }

  /// Whether a variable occurs.
  func mentions(_ name: some StringProtocol) -> Bool {
    let name = name.utf8
    return lines.contains { line in
      line.text.utf8.split { !isWordByte($0) }.contains { $0.elementsEqual(name) }
    }
  }

  var text: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(lines.reduce(0) { $0 + $1.text.utf8.count + 2 * $1.depth + 1 })
    for line in lines {
      if !line.text.isEmpty {
        for _ in 0..<line.depth * 2 { bytes.append(UInt8(ascii: " ")) }
        bytes += line.text.utf8
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Whether a byte belongs to a name in C.
private func isWordByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...:
    true
  default: false
  }
}

/// C for a sum of products, leaving out what is zero: `n * 784 + x`.
func affineText(_ terms: [(variable: String, coefficient: Int)], offset: Int = 0) -> String {
  var parts: [String] = []
  for term in terms where term.coefficient != 0 {
    parts.append(
      term.coefficient == 1 ? term.variable : "\(term.variable) * \(term.coefficient)")
  }
  if offset != 0 || parts.isEmpty { parts.append("\(offset)") }
  return parts.joined(separator: " + ")
}
