#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A page of the documentation whose fenced blocks after certain comments come from the code.
///
/// `<!-- stage: … -->` asks ``WalkStages``; `<!-- file: PATH -->` is a file, and
/// `<!-- file: PATH NAME -->` the declaration of a name in it, with its comment.
struct Page {
  static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  let path: String
  private(set) var lines: [String]
  /// Requests whose blocks are not what the code makes.
  private(set) var stale: [String] = []
  private(set) var blockCount = 0

  struct Malformed: Error { var problem: String }

  static func contents(_ path: String) throws -> String {
    try String(decoding: Data(contentsOf: URL(filePath: "\(root)/\(path)")), as: UTF8.self)
  }

  /// Reads a page and renews its blocks.
  init(_ path: String, _ stages: WalkStages) throws {
    self.path = path
    let old = try Self.contents(path).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    lines = []
    var index = 0
    while index < old.count {
      lines.append(old[index])
      index += 1
      guard let request = Self.request(lines[lines.count - 1]) else { continue }
      guard index < old.count, old[index].hasPrefix("```"),
        let end = old[(index + 1)...].firstIndex(of: "```")
      else { throw Malformed(problem: "\(path): no block after <!-- \(request) -->") }
      let text = try Self.text(request, stages)
      let block = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      if Array(old[(index + 1)..<end]) != block { stale.append(request) }
      blockCount += 1
      lines.append(old[index])
      lines += block
      lines.append("```")
      index = end + 1
    }
  }

  func write() throws {
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: "\(Self.root)/\(path)"))
  }

  private static func request(_ line: String) -> String? {
    for kind in ["stage", "file"] where line.hasPrefix("<!-- \(kind): ") && line.hasSuffix(" -->") {
      return String(line.dropFirst(5).dropLast(4))
    }
    return nil
  }

  private static func text(_ request: String, _ stages: WalkStages) throws -> String {
    if request.hasPrefix("stage: ") { return try stages.text(String(request.dropFirst(7))) }
    let words = request.dropFirst(6).split(separator: " ")
    var text = try contents(String(words[0]))
    while text.hasSuffix("\n") { text.removeLast() }
    return words.count < 2 ? text : try declaration(String(words[1]), in: text)
  }

  /// The declaration of a type, variable or function at the margin, with the comment before it.
  private static func declaration(_ name: String, in text: String) throws -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard
      let head = lines.firstIndex(where: { line in
        ["struct ", "let ", "func "].contains { line.hasPrefix($0 + name) }
      }), let end = lines[head...].firstIndex(where: { $0 == "}" || $0 == ")" })
    else { throw Malformed(problem: "no declaration of \(name)") }
    var start = head
    while start > 0, lines[start - 1].hasPrefix("///") { start -= 1 }
    return lines[start...end].joined(separator: "\n")
  }
}
