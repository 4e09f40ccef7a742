import Foundation
import QuernDrawing
import QuernImages
import QuernLayers
import QuernReport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What an XML parser finds in a page.
final class ParsedPage: NSObject, XMLParserDelegate {
  struct Element {
    var name: String
    var attributes: [String: String]
    /// With that of the elements in it.
    var text = ""
  }

  /// In the order in which they begin.
  private(set) var elements: [Element] = []
  private var open: [Int] = []

  init(_ text: String) throws {
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    let isWellFormed = parser.parse()
    try #require(isWellFormed, "\(String(describing: parser.parserError))")
  }

  func texts(_ name: String) -> [String] { elements.filter { $0.name == name }.map(\.text) }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    for place in open { elements[place].text += text }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    open.removeLast()
  }
}

@Suite struct PageTests {
  private static let network = Network(
    "a<b>&\"c\"", input: .picture(height: 8, width: 8, channels: 1)
  ) {
    Conv2D(4, kernel: 3, padding: .same)
    ReLU()
    Flatten()
    Dense(2)
  }

  private func report() throws -> TrainingReport {
    var curves = LearningCurves(model: "m")
    for epoch in 1...3 {
      for step in 1...4 {
        curves.addStep(
          at: Double(epoch - 1) + Double(step) / 4, loss: 2 / Double(epoch),
          learningRate: 0.1 / Double(epoch))
      }
      curves.add(
        .init(
          epoch: epoch, loss: 1 / Double(epoch), accuracy: 0.9, evaluationLoss: 0.3,
          evaluationAccuracy: 0.95, learningRate: 0.1 / Double(epoch), seconds: 61))
    }
    let picture = try Picture(height: 8, width: 8, colour: [0.5])
    return TrainingReport(
      run: .init(model: Self.network.name, outcome: "finished & done", curves: curves),
      network: .init(
        summary: try Self.network.summary(), diagram: try NetworkDiagram(Self.network).diagram),
      evaluation: .init(
        dataset: "test set", loss: 0.1234, confusion: [[7, 1], [0, 12]],
        classNames: ["T<shirt", "coat"],
        mistakes: [
          .init(index: 17, picture: picture, actual: 0, predicted: 1, probability: 0.917)
        ]),
      filters: .init(sheet: picture, caption: "conv1: 4 filters"),
      kernels: (0..<20).map {
        .init(
          name: "k\($0)", milliseconds: Double($0) + 1, limitMilliseconds: 0.5, gigaflops: 10,
          megabytes: 1)
      }, settings: [.init("Seed", "42"), .init("Optimizer", "momentum")])
  }

  @Test func holdsWhatItShould() throws {
    let html = try report().html
    #expect(html.hasPrefix("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\""))
    let page = try ParsedPage(html)
    #expect(page.texts("h1") == ["Training report: a<b>&\"c\""])
    #expect(
      page.texts("h2") == [
        "Learning curves", "On the test set", "Wrong pictures", "First layer", "Network",
        "Time by kernel", "Settings",
      ])
    // Loss, error, learning rate; confusion; network; kernels.
    #expect(page.elements.filter { $0.name == "svg" }.count == 6)
    let texts = page.texts("text")
    for text in [
      "training", "each step", "predicted", "T<shirt", "conv1 + relu1", "k19",
    ] {
      #expect(texts.contains(text), "\(text)")
    }
    #expect(!texts.contains("k0") && !texts.contains("k3") && texts.contains("k4"))
    // 1 + 2 + 3 + 4 ms.
    #expect(page.texts("p").contains { $0.contains("4 others are not drawn: 10 ms together.") })
    let tiles = page.texts("li")
    #expect(tiles.contains("5.00 %error on the test set"))
    #expect(tiles.contains("3 min 3 sin epochs"))
    // 4 filters of 3×3 + 1, and 2 neurons of 8·8·4 + 1.
    #expect(tiles.contains("554parameters"))
    #expect(page.texts("figcaption").contains("T<shirt → coat91.7 %picture 17"))
    let rows = page.texts("tr")
    #expect(rows.contains("T<shirt887.5 %100.0 %"))
    #expect(rows.contains("coat12100.0 %92.3 %"))
    #expect(rows.contains("conv1Conv2D8×8×4402,3043×3"))
    #expect(rows.filter { $0.hasPrefix("k") && $0 != "kernel" }.count >= 20)
    #expect(page.texts("dt") == ["Seed", "Optimizer"] && page.texts("dd") == ["42", "momentum"])
  }

  /// Nothing is fetched and nothing runs; pictures are PNG files of the right size.
  @Test func refersToNothing() throws {
    let html = try report().html
    let page = try ParsedPage(html)
    let names = Set(page.elements.map(\.name))
    #expect(names.isDisjoint(with: ["script", "link", "iframe", "object", "embed", "a"]))
    var pictures = 0
    for element in page.elements {
      for (name, value) in element.attributes {
        #expect(!name.hasPrefix("on") && name != "href", "\(element)")
        #expect(!value.contains("://") || name == "xmlns", "\(element)")
        guard name == "src" else { continue }
        let prefix = "data:image/png;base64,"
        try #require(value.hasPrefix(prefix))
        let data = try #require(Data(base64Encoded: String(value.dropFirst(prefix.count))))
        let picture = try Picture(png: Array(data), name: "img")
        #expect(picture.height == 8 && picture.width == 8)
        #expect(element.attributes["alt"]?.isEmpty == false)
        pictures += 1
      }
    }
    #expect(pictures == 2)
    let style = try #require(page.texts("style").first)
    #expect(!style.contains("url(") && !style.contains("@import"))
    #expect(style.contains("prefers-color-scheme: dark"))
  }

  /// As HTML parsers want it: end tags for all but the void elements, and for those none.
  @Test func isHTML() throws {
    let html = try report().html
    for name in ["td", "th", "div", "p", "dd", "figcaption", "title"] {
      #expect(!html.contains("<\(name)/>") && !html.contains("<\(name) />"))
    }
    for name in ["meta", "img"] { #expect(!html.contains("</\(name)>")) }
  }

  /// A run that was interrupted in its first epoch, of a network without pictures or kernels.
  @Test func withoutMost() throws {
    let network = Network("plain", input: .features(3)) { Dense(2) }
    var curves = LearningCurves(model: "plain")
    curves.addStep(at: 0.1, loss: 1, learningRate: 0.1)
    let page = try ParsedPage(
      TrainingReport(
        run: .init(model: "plain", outcome: "interrupted", curves: curves),
        network: .init(
          summary: try network.summary(), diagram: try NetworkDiagram(network).diagram)
      ).html)
    #expect(page.texts("h2") == ["Learning curves", "Network"])
    #expect(page.texts("li") == ["8parameters"])
    let empty = try ParsedPage(
      TrainingReport(
        run: .init(
          model: "plain", outcome: "interrupted", curves: LearningCurves(model: "plain")),
        network: .init(summary: try network.summary(), diagram: Diagram()),
        evaluation: .init(dataset: "test set", loss: .nan, confusion: [[0, 0], [0, 3]])
      ).html)
    #expect(empty.texts("h2") == ["On the test set", "Wrong pictures", "Network"])
    #expect(empty.texts("p").contains("There is none."))
  }
}
