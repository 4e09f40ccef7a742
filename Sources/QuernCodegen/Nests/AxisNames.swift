import QuernPasses

/// What the C calls the loops over axes, which people may name as they like.
enum AxisNames {
  /// The letters and digits of a name; underscores are the generator's.
  static func plain(_ name: String) -> String {
    let bytes = name.asIdentifier.utf8.filter { $0 != UInt8(ascii: "_") }
    let isWord = bytes.first.map { $0 >= UInt8(ascii: "A") } ?? false
    return (isWord ? "" : "axis") + String(decoding: bytes, as: UTF8.self)
  }

  /// Whether C, or the C that is generated, means something else by a plain name.
  static func isTaken(_ name: String) -> Bool {
    if taken.contains(name) { return true }
    // Tensors, registers, indices and such are numbered.
    let letters = name.utf8.prefix { $0 >= UInt8(ascii: "A") }
    return letters.count < name.utf8.count && numbered.contains { letters.elementsEqual($0.utf8) }
  }

  private static let numbered = ["t", "v", "index", "lanes", "region"]

  private static let taken: Set = [
    // The language's.
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
    "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
    "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union",
    "unsigned", "void", "volatile", "while", "asm", "typeof", "linux", "unix",
    // The generator's.
    "arena", "thread", "share", "chunk", "team", "tile", "end", "first", "prefetch", "call", "next",
    "partial",
    "panel", "panels", "source", "scratch", "spill", "sums", "factors", "halfway", "to", "from",
    "lane", "step", "vector", "position", "m", "l", "PRIVATE",
  ]
}
