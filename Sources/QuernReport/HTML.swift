import QuernDrawing

/// A piece of a page that HTML and XML parsers read alike: every element is closed, every attribute
/// quoted.
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
  /// Markup that is written as it is, such as a drawing's.
  static func verbatim(_ markup: String) -> HTML { HTML(.verbatim(markup)) }

  /// Elements without an end tag. HTML parsers take `</meta>` for a mistake, and `<td/>` for a start
  /// tag, so which elements are closed by `/>` depends on their name.
  private static let void: Set<String> = ["br", "hr", "img", "link", "meta"]
  /// Elements within a line. After any other a line ends, for people who read the source.
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
  /// A drawing, as SVG in the page itself.
  init(_ drawing: Drawing) { self = .verbatim(drawing.fragment) }

  /// A column of a table, with its title.
  enum Column {
    /// Aligned to the left.
    case text(String)
    /// Aligned to the right.
    case number(String)

    var title: String {
      switch self {
      case .text(let title), .number(let title): title
      }
    }
  }

  /// A table.
  ///
  /// - Parameters:
  ///   - columns: from left to right.
  ///   - rows: from top to bottom, with a text for each column.
  ///   - footer: a last row that stands apart.
  static func table(_ columns: [Column], _ rows: [[String]], footer: [String]? = nil) -> HTML {
    func cell(_ name: String, _ text: String, _ column: Int) -> HTML {
      switch columns[column] {
      case .text: HTML(name, text: text)
      case .number: HTML(name, ["class": "number"], text: text)
      }
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
