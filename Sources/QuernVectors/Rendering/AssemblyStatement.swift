/// A part of C for TinyCC.
enum AssemblyPart {
  case text(String)
  case statement(AssemblyStatement)

  /// The parts with their statements' bytes in them, indented in loops.
  static func lines(_ parts: [AssemblyPart]) -> [String] {
    var indentation = ""
    return parts.flatMap { part -> [String] in
      if case .text("}") = part { indentation = "" }
      defer { if case .text(let text) = part, text.hasSuffix("{") { indentation = "  " } }
      switch part {
      case .text(let text): return [indentation + text]
      case .statement(let statement): return statement.lines.map { indentation + $0 }
      }
    }
  }
}

/// A statement of TinyCC's inline assembler.
struct AssemblyStatement {
  var bytes: [UInt8]
  /// Outputs, inputs and what is changed, as they follow the code.
  var operands: String

  /// With a call of the bytes in place of them.
  func call(_ name: String) -> String {
    "__asm__ volatile(\"call \(name)\" \(operands));"
  }

  /// With the bytes in it, as `.quad` numbers: TinyCC takes half the time for those than where each
  /// byte is a number of its own.
  var lines: [String] {
    var lines = ["__asm__ volatile("]
    let quads = bytes.count / 8
    bytes.withUnsafeBytes { raw in
      var line: [UInt8] = []
      for first in stride(from: 0, to: quads, by: 4) {
        line.removeAll(keepingCapacity: true)
        line += "  \".quad ".utf8
        for index in first..<min(first + 4, quads) {
          if index > first { line.append(UInt8(ascii: ",")) }
          let value = raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
          Self.append(UInt64(littleEndian: value), digits: 16, to: &line)
        }
        line += "\\n\"".utf8
        lines.append(String(decoding: line, as: UTF8.self))
      }
      if quads * 8 < raw.count {
        line.removeAll(keepingCapacity: true)
        line += "  \".byte ".utf8
        for index in quads * 8..<raw.count {
          if index > quads * 8 { line.append(UInt8(ascii: ",")) }
          Self.append(UInt64(raw[index]), digits: 2, to: &line)
        }
        line.append(UInt8(ascii: "\""))
        lines.append(String(decoding: line, as: UTF8.self))
      }
    }
    return lines + ["  \(operands));"]
  }

  /// A number as C writes it to base 16.
  private static func append(_ value: UInt64, digits: Int, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "0"))
    line.append(UInt8(ascii: "x"))
    for digit in (0..<UInt64(digits)).reversed() {
      let nibble = UInt8(truncatingIfNeeded: value >> (4 * digit)) & 15
      line.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
    }
  }
}
