import QuernDrawing
import Testing

@Suite struct DrawingTests {
  @Test func textIsEscaped() throws {
    let text = "a < b && \"c\" > 'd' \u{1}\u{0}"
    var drawing = Drawing(width: 100, height: 50, title: text)
    drawing.text(text, at: Point(10, 10))
    let file = try parse(drawing.svg)
    // XML has no way to write the two controls.
    #expect(file.texts("text") == ["a < b && \"c\" > 'd' \u{fffd}\u{fffd}"])
    #expect(file.texts("title") == file.texts("text"))
  }

  @Test func theBackgroundIsOpaque() throws {
    let file = try parse(Drawing(width: 120, height: 50).svg)
    let first = try #require(file.elements.dropFirst().first)
    #expect(first.name == "rect" && first.attributes["fill"] == "#ffffff")
    #expect(first.attributes["width"] == "100%" && first.attributes["height"] == "100%")
    #expect(file.elements[0].attributes["viewBox"] == "0 0 120 50")
  }

  @Test func nothingIsReferredTo() {
    let svg = Samples.everything.map(\.svg).joined()
    for word in ["href", "url(", "<style", "<script", " id=", "clip-path"] {
      #expect(!svg.contains(word), "\(word)")
    }
  }

  @Test func equalDrawingsAreEqualText() {
    #expect(Samples.everything.map(\.svg) == Samples.everything.map(\.svg))
  }

  @Test func everythingIsWellFormed() throws {
    for drawing in Samples.everything {
      let file = try parse(drawing.svg)
      #expect(file.elements.count > 5)
      for element in file.elements {
        for (name, value) in element.attributes where name != "viewBox" {
          #expect(!value.lowercased().contains("nan"), "\(element)")
          #expect(!value.lowercased().contains("inf") || name == "font-family", "\(element)")
        }
      }
    }
  }

  @Test func aPartIsPlacedAndScaled() throws {
    var whole = Drawing(width: 200, height: 100)
    whole.add(Drawing(width: 50, height: 40), at: Point(10, 20), scale: 2)
    let parts = try parse(whole.svg).elements.filter { $0.name == "svg" }
    #expect(parts.count == 2)
    #expect(parts[1].attributes["x"] == "10" && parts[1].attributes["width"] == "100")
    #expect(parts[1].attributes["viewBox"] == "0 0 50 40")
  }

  @Test func numbersThatHaveNoPlaceDrawNothing() {
    var drawing = Drawing(width: 10, height: 10)
    drawing.line([Point(0, 0), Point(.nan, 1)])
    drawing.line([Point(0, 0)])
    drawing.circle(Point(.infinity, 0), radius: 3, fill: .blue)
    drawing.text("x", at: Point(0, .nan))
    drawing.arrow(from: Point(1, 1), to: Point(1, 1))
    #expect(drawing.elements.isEmpty)
  }

  @Test func numbersAsText() {
    #expect(NumberText.fixed(-0.004, decimals: 2) == "0.00")
    #expect(NumberText.fixed(-1.5, decimals: 1) == "−1.5")
    #expect(NumberText.fixed(2.50, decimals: 3, trailingZeros: .dropped) == "2.5")
    #expect(NumberText.significant(0.000_012_5) == "1.25×10⁻⁵")
    #expect(NumberText.significant(1_250_000) == "1.25×10⁶")
    #expect(NumberText.significant(99.96) == "100")
    #expect(NumberText.scientific(9.9999e-8) == "10⁻⁷")
    #expect(NumberText.fixed(.nan, decimals: 1) == "–")
  }

  @Test func colors() {
    #expect(Color(0x0072b2).hex == "#0072b2")
    #expect(Color.black.mixed(with: .white, 0.5).hex == "#808080")
    #expect(ColorMap.grays(-3) == .black && ColorMap.grays(7) == .white)
    #expect(ColorMap.viridis(1).hex == "#fde725")
    #expect(Color.black.legibleInk == .white && Color.white.legibleInk == .ink)
    #expect(Color.series(-1) == Color.palette.last)
  }

  @Test func clipping() throws {
    let area = Rectangle(x: 0, y: 0, width: 10, height: 10)
    let inside = try #require(area.clip(from: Point(-5, 5), to: Point(15, 5)))
    #expect(inside.start == Point(0, 5) && inside.end == Point(10, 5))
    #expect(area.clip(from: Point(-5, -1), to: Point(15, -1)) == nil)
    #expect(area.clip(from: Point(1, 2), to: Point(3, 4))?.end == Point(3, 4))
    // Out and in again: two parts; what is not finite breaks a line.
    let parts = area.clip([
      Point(1, 1), Point(1, 20), Point(5, 20), Point(5, 1), Point(.nan, 1), Point(7, 1),
      Point(8, 1),
    ])
    #expect(
      parts == [
        [Point(1, 1), Point(1, 10)], [Point(5, 10), Point(5, 1)], [Point(7, 1), Point(8, 1)],
      ])
  }
}
