import Foundation
import QuernDrawing
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What an XML parser finds in a file.
final class ParsedFile: NSObject, XMLParserDelegate {
  struct Element {
    var name: String
    var attributes: [String: String]
    var text = ""
  }

  /// In the order in which they begin.
  var elements: [Element] = []
  private var open: [Int] = []

  func texts(_ name: String) -> [String] { elements.filter { $0.name == name }.map(\.text) }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    if let place = open.last { elements[place].text += text }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    open.removeLast()
  }
}

func parse(_ text: String) throws -> ParsedFile {
  let parser = XMLParser(data: Data(text.utf8))
  let file = ParsedFile()
  parser.delegate = file
  let isWellFormed = parser.parse()
  try #require(isWellFormed, "\(String(describing: parser.parserError))")
  return file
}

/// One of everything that can be drawn, with data that are awkward.
enum Samples {
  static func grid(_ function: (Point) -> Double, size: Int = 21) -> FunctionGrid? {
    FunctionGrid(
      x: -1...1, y: -1...1, columns: size, rows: size,
      values: FunctionGrid.points(x: -1...1, y: -1...1, columns: size, rows: size).map(function))
  }

  static var plots: [Plot] {
    var lines = Plot("a < b", subtitle: "&", x: PlotAxis("x"), y: PlotAxis("y", .logarithmic))
    lines.add(LineMark([1, 0.1, 0, -1, .nan, .infinity, 1e-3], name: "<loss>", symbol: .ring))
    for symbol in PointSymbol.allCases {
      lines.add(PointMark([Point(2, 0.5)], name: symbol.rawValue, symbol: symbol))
    }
    lines.add(ReferenceLine(.horizontal, at: 0.2, note: "ε"))
    lines.add(ReferenceLine(.vertical, at: 3, note: "best"))
    lines.add(TextMark("here", at: Point(2, 0.3)))
    var planes = Plot("plane", x: PlotAxis("w₁"), y: PlotAxis("w₂"))
    if let bowl = grid({ $0.x * $0.x + $0.y * $0.y }),
      let holes = grid({ $0.x < 0 ? .nan : $0.y > 0.5 ? .infinity : $0.x })
    {
      planes.add(HeatMap(holes))
      planes.add(ContourBands(holes, levels: [0.2, 0.7]))
      planes.add(ContourBands(bowl, levels: bowl.levels(5)))
      planes.add(ContourMark(bowl, levels: bowl.levels(5, .logarithmic)))
    }
    planes.add(
      PathMark(
        [Point(-0.9, 0.5), Point(0.4, 0.1), Point(1e30, -1e30), Point(.nan, 0)],
        startLabel: "w⁰", endLabel: "end"))
    return [lines, planes, Plot(), Plot(width: .nan, height: -3)]
  }

  static var everything: [Drawing] {
    var diagram = Diagram("network")
    diagram.addLayers(
      [[.init("x₁", outline: .circle), .init("x<2>")], [.init("h", ["h", "8×8×32"])]])
    diagram.connect("x₁", to: "h", label: "w₁₁")
    diagram.connect("x<2>", to: "h", label: "w₂₁", bend: 20)
    diagram.connect("x₁", to: "nowhere")
    var cells = CellGrid.confusion([[5, 1, 0], [0, 7, 0], [2, 0, 9]])
    cells.frames = [.init(rows: 0..<2, columns: 1..<3)]
    return plots.map { $0.drawing() } + [
      diagram.drawing(), cells.drawing(),
      CellGrid("filter", values: [[-1, 0, .nan], [1, 2, 3]], map: .diverging).drawing(),
      BarChart("bars", [.init("a", 2), .init("b", -1), .init("c", .nan)]).drawing(),
      BarChart(
        "groups", [.init("a", [1, 2]), .init("b", [3, .infinity])], series: ["x", "y"],
        valueLabel: "ms"
      ).drawing(),
    ]
  }
}
