/// C text under construction, indented as it is written.
struct CText: Sendable {
  private(set) var lines: [String] = []
  private var depth = 0

  mutating func line(_ text: String) {
    lines.append(text.isEmpty ? "" : String(repeating: "  ", count: depth) + text)
  }

  /// Lines of a rendered block; preprocessor lines stay at the margin.
  mutating func block(_ text: [String]) {
    for entry in text {
      if entry.hasPrefix("#") { lines.append(entry) } else { line(entry) }
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
    let space = indented ? String(repeating: "  ", count: depth) : ""
    lines += other.lines.map { $0.hasPrefix("#") || $0.isEmpty ? $0 : space + $0 }
  }

  /// Whether a variable occurs.
  func mentions(_ name: some StringProtocol) -> Bool {
    let name = name.utf8
    return lines.contains { line in
      line.utf8.split { !isWordByte($0) }.contains { $0.elementsEqual(name) }
    }
  }

  var text: String { lines.joined(separator: "\n") + "\n" }

  /// The text with empty lines in place of those that only other compilers than TinyCC read: it would
  /// spend as long on skipping the intrinsics as on what it is to compile.
  var textForTinyCC: String {
    var isOthers = false
    var kept: [String] = []
    kept.reserveCapacity(lines.count)
    for line in lines {
      switch line {
      case "#ifndef __TINYC__": isOthers = true
      case "#else", "#endif": isOthers = false
      default:
        kept.append(isOthers ? "" : line)
        continue
      }
      kept.append(line)
    }
    return kept.joined(separator: "\n") + "\n"
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
