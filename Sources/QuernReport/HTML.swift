import QuernDrawing

/// A piece of a page, written so that both HTML and XML parsers read it alike: every element closed,
/// every attribute quoted.
struct HTML {
  private enum Content {
    case element(String, [(String, String)], [HTML])
    case text(String)
    case verbatim(String)
  }

  private let content: Content

  /// An element; nothing is put between its children.
  init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [HTML] = []) {
    content = .element(name, attributes.map { ($0.key, $0.value) }, children)
  }

  /// An element with text alone in it.
  init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String) {
    self.init(name, attributes, [.text(text)])
  }

  private init(_ content: Content) { self.content = content }

  static func text(_ text: String) -> HTML { HTML(.text(text)) }
  /// Markup as it is, such as a drawing's.
  static func verbatim(_ markup: String) -> HTML { HTML(.verbatim(markup)) }

  /// These have no end tag: HTML parsers would take `</meta>` for a mistake, and `<td/>` for a
  /// beginning.
  private static let void: Set<String> = ["br", "hr", "img", "link", "meta"]
  /// After these a line ends, for people who read the source.
  private static let inline: Set<String> = ["a", "b", "code", "em", "span", "strong", "td", "th"]

  var markup: String {
    var result = ""
    write(to: &result)
    return result
  }

  private func write(to output: inout String) {
    switch content {
    case .text(let text): output += SVGElement.escaped(text)
    case .verbatim(let markup): output += markup
    case .element(let name, let attributes, let children):
      output += "<" + name
      for (key, value) in attributes { output += " \(key)=\"\(SVGElement.escaped(value))\"" }
      if Self.void.contains(name) {
        output += " />"
      } else {
        output += ">"
        for child in children { child.write(to: &output) }
        output += "</\(name)>"
      }
      if !Self.inline.contains(name) { output += "\n" }
    }
  }
}

extension HTML {
  /// A drawing, in the page itself.
  init(_ drawing: Drawing) { self = .verbatim(drawing.fragment) }

  /// A table whose columns are to the left (text) or to the right (numbers).
  ///
  /// - Parameter footer: a last row that stands apart.
  static func table(
    _ columns: [(title: String, isNumber: Bool)], _ rows: [[String]], footer: [String]? = nil
  ) -> HTML {
    func cell(_ name: String, _ text: String, _ column: Int) -> HTML {
      columns[column].isNumber
        ? HTML(name, ["class": "number"], text: text) : HTML(name, text: text)
    }
    func row(_ cells: [String]) -> HTML {
      HTML("tr", [:], cells.prefix(columns.count).enumerated().map { cell("td", $1, $0) })
    }
    var parts = [
      HTML(
        "thead", [:],
        [HTML("tr", [:], columns.enumerated().map { cell("th", $1.title, $0) })]),
      HTML("tbody", [:], rows.map(row)),
    ]
    if let footer { parts.append(HTML("tfoot", [:], [row(footer)])) }
    return HTML("div", ["class": "scroll"], [HTML("table", [:], parts)])
  }
}
