import QuernVectors

/// C text under construction, indented as it is written.
struct CText: Sendable {
  private struct Line {
    /// Of indentation; preprocessor lines stay at the margin.
    var depth: Int
    var content: Content

    /// Whether it is the preprocessor's.
    var isDirective: Bool {
      if case .text(let text) = content { CText.isDirective(text) } else { false }
    }
  }

  private enum Content {
    case text(String)
    /// What is not text before ``CText/resolve(_:)``.
    case fragment(CodeFragment)
  }

  private var lines: [Line] = []
  private var depth = 0
  /// What the text calls that is not C.
  var machineCode: [MachineCode] = []

  mutating func line(_ text: String) {
    lines.append(Line(depth: Self.isDirective(text) ? 0 : depth, content: .text(text)))
  }

  mutating func fragment(_ fragment: CodeFragment?) {
    if let fragment { lines.append(Line(depth: depth, content: .fragment(fragment))) }
  }

  /// A variable that points where another does.
  mutating func pointer(_ type: String, _ name: Name, from: Name) {
    fragment(.pointer(type: type, name: name, from: from))
  }

  /// Lines of a block, at this depth.
  mutating func block(_ other: CText) { append(other, indented: true) }

  private static func isDirective(_ text: String) -> Bool {
    text.utf8.first == UInt8(ascii: "#")
  }

  /// Writes fragments as text, neighbours together, with the machine code that it calls.
  mutating func resolve(_ renderer: inout KernelRenderer) {
    let known = renderer.machineCode.count
    var resolved: [Line] = []
    resolved.reserveCapacity(lines.count)
    var index = 0
    while index < lines.count {
      let depth = lines[index].depth
      var fragments: [CodeFragment] = []
      while index < lines.count, case .fragment(let fragment) = lines[index].content,
        lines[index].depth == depth
      {
        fragments.append(fragment)
        index += 1
      }
      if fragments.isEmpty {
        resolved.append(lines[index])
        index += 1
        continue
      }
      let text = renderer.lines(fragments) { isNeeded($0, from: index, depth: depth) }
      resolved += text.map {
        Line(depth: Self.isDirective($0) ? 0 : depth, content: .text($0))
      }
    }
    lines = resolved
    machineCode += renderer.machineCode[known...]
  }

  /// Whether lines mention a variable before its scope ends.
  private func isNeeded(_ pointer: Name, from start: Int, depth: Int) -> Bool {
    let name = pointer.text
    for line in lines[start...] where !line.isDirective {
      switch line.content {
      case .fragment(let fragment): if fragment.mentions(pointer) { return true }
      case .text(let text):
        if line.depth < depth { return false }
        if text.mentions(name) { return true }
      }
    }
    return false
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
    // In characters, of which there may be fewer than bytes.
    var width = 0
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      let added = word.count
      if width > 0, width + added > 90 - 2 * depth {
        line("// " + current)
        (current, width) = ("  ", 2)
      } else if width > 0 {
        current += " "
        width += 1
      }
      current += word
      width += added
    }
    if width > 0 { line("// " + current) }
  }

  mutating func append(_ other: CText, indented: Bool = false) {
    machineCode += other.machineCode
    guard indented, depth > 0 else {
      lines += other.lines
      return
    }
    lines.reserveCapacity(lines.count + other.lines.count)
    for var line in other.lines {
      if !line.isDirective { line.depth += depth }
      lines.append(line)
    }
  }

  /// Whether a variable occurs in text.
  func mentions(_ name: some StringProtocol) -> Bool {
    lines.contains { line in
      if case .text(let text) = line.content { text.mentions(name) } else { false }
    }
  }

  /// All lines; there are no fragments left.
  var text: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(40 * lines.count)
    for line in lines {
      guard case .text(let text) = line.content else { continue }
      if !text.isEmpty {
        for _ in 0..<line.depth * 2 { bytes.append(UInt8(ascii: " ")) }
        bytes += text.utf8
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension String {
  /// Whether a variable occurs in this line of C.
  fileprivate func mentions(_ name: some StringProtocol) -> Bool {
    var rest = utf8[...]
    while let start = rest.firstIndex(where: isWordByte) {
      let word = rest[start...].prefix(while: isWordByte)
      if word.elementsEqual(name.utf8) { return true }
      rest = rest[word.endIndex...]
    }
    return false
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
