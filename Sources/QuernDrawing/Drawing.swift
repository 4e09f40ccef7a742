/// A picture of lines, areas and text: what plots and diagrams become, and ``svg`` writes.
///
/// The file refers to nothing outside itself and has an opaque background, so that it looks the same
/// on a white page and in dark mode. There are no ids in it: several can stand in one HTML page.
public struct Drawing: Hashable, Sendable {
  /// In pixels.
  public var width: Double
  public var height: Double
  /// What the picture is, for those who hear it, and for the tip under the mouse.
  public var title: String
  public var background: Color
  /// In the order they are drawn.
  public private(set) var elements: [SVGElement] = []

  public init(width: Double, height: Double, title: String = "", background: Color = .white) {
    self.width = width.isFinite ? max(width, 1) : 1
    self.height = height.isFinite ? max(height, 1) : 1
    self.title = title
    self.background = background
  }

  /// Fonts that most systems have one of.
  static let fontFamily = "Inter, 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif"

  /// The element for an HTML page, or as part of another drawing.
  public var element: SVGElement {
    let (width, height) = (NumberText.coordinate(width), NumberText.coordinate(height))
    var children: [SVGElement] = []
    if !title.isEmpty { children.append(SVGElement("title", text: title)) }
    children.append(
      SVGElement("rect", ["width": "100%", "height": "100%", "fill": background.hex]))
    return SVGElement(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height,
        "viewBox": "0 0 \(width) \(height)", "role": "img", "font-family": Self.fontFamily,
      ], children: children + elements)
  }

  /// The element as text, for an HTML page.
  public var fragment: String {
    var text = ""
    element.write(to: &text, depth: 0)
    return text
  }

  /// The whole file.
  public var svg: String { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + fragment }

  // MARK: Elements

  public mutating func add(_ element: SVGElement) { elements.append(element) }

  /// Another drawing as a part of this one.
  ///
  /// - Parameters:
  ///   - other: the drawing that is added.
  ///   - origin: where its upper left corner comes to lie.
  ///   - scale: how much larger it becomes.
  public mutating func add(_ other: Drawing, at origin: Point, scale: Double = 1) {
    var element = other.element
    element.attributes.removeAll { ["xmlns", "font-family", "role"].contains($0.name) }
    element.set("x", NumberText.coordinate(origin.x))
    element.set("y", NumberText.coordinate(origin.y))
    element.set("width", NumberText.coordinate(other.width * scale))
    element.set("height", NumberText.coordinate(other.height * scale))
    add(element)
  }

  /// A line through points; a single one that is not finite, or fewer than two, draws nothing.
  public mutating func line(_ points: [Point], _ stroke: Stroke = Stroke()) {
    guard points.count > 1, points.allSatisfy(\.isFinite) else { return }
    var element = SVGElement("path", ["d": Self.path(points), "fill": "none"])
    stroke.apply(to: &element)
    add(element)
  }

  /// An area.
  public mutating func polygon(_ points: [Point], fill: Color?, stroke: Stroke? = nil) {
    guard points.count > 2, points.allSatisfy(\.isFinite) else { return }
    var element = SVGElement(
      "path", ["d": Self.path(points) + "Z", "fill": fill?.hex ?? "none"])
    stroke?.apply(to: &element)
    add(element)
  }

  public mutating func rectangle(
    _ rectangle: Rectangle, fill: Color?, stroke: Stroke? = nil, cornerRadius: Double = 0
  ) {
    var element = SVGElement(
      "rect",
      [
        "x": NumberText.coordinate(rectangle.x), "y": NumberText.coordinate(rectangle.y),
        "width": NumberText.coordinate(max(rectangle.width, 0)),
        "height": NumberText.coordinate(max(rectangle.height, 0)), "fill": fill?.hex ?? "none",
      ])
    if cornerRadius > 0 { element.set("rx", NumberText.coordinate(cornerRadius)) }
    stroke?.apply(to: &element)
    add(element)
  }

  public mutating func circle(
    _ center: Point, radius: Double, fill: Color?, stroke: Stroke? = nil
  ) {
    guard center.isFinite else { return }
    var element = SVGElement(
      "circle",
      [
        "cx": NumberText.coordinate(center.x), "cy": NumberText.coordinate(center.y),
        "r": NumberText.coordinate(max(radius, 0)), "fill": fill?.hex ?? "none",
      ])
    stroke?.apply(to: &element)
    add(element)
  }

  /// A line of text.
  ///
  /// - Parameters:
  ///   - text: the line; nothing is drawn where it is empty.
  ///   - point: of the anchor: on the left, in the middle or on the right; in height its middle.
  ///   - style: size, colour, anchor and weight of the text.
  ///   - angle: in degrees, clockwise about `point`.
  ///   - halo: a rim of this colour, on which text can be read over lines.
  public mutating func text(
    _ text: String, at point: Point, _ style: TextStyle = TextStyle(), angle: Double = 0,
    halo: Color? = nil
  ) {
    guard !text.isEmpty, point.isFinite else { return }
    // Capitals are about 0.72 em high; "dominant-baseline" is not known to every viewer.
    let baseline = point.y + style.size * 0.355
    var element = SVGElement(
      "text",
      [
        "x": NumberText.coordinate(point.x), "y": NumberText.coordinate(baseline),
        "font-size": NumberText.coordinate(style.size), "fill": style.color.hex,
      ], text: text)
    if style.anchor != .start { element.set("text-anchor", style.anchor.rawValue) }
    if style.isBold { element.set("font-weight", "600") }
    if style.isItalic { element.set("font-style", "italic") }
    if angle != 0 {
      let center = "\(NumberText.coordinate(point.x)) \(NumberText.coordinate(point.y))"
      element.set("transform", "rotate(\(NumberText.coordinate(angle)) \(center))")
    }
    if let halo {
      element.set("stroke", halo.hex)
      element.set("stroke-width", "3.5")
      element.set("stroke-linejoin", "round")
      element.set("paint-order", "stroke")
    }
    add(element)
  }

  /// A line with a head at its end.
  ///
  /// - Parameters:
  ///   - start: where the line begins.
  ///   - end: the head's tip.
  ///   - stroke: colour and width of the line; the head has the same colour.
  ///   - bend: how far the line's middle is moved to the left of its direction, in pixels.
  ///   - headLength: in pixels; shorter where the line is short.
  public mutating func arrow(
    from start: Point, to end: Point, _ stroke: Stroke = Stroke(), bend: Double = 0,
    headLength: Double = 9
  ) {
    let length = (end - start).length
    guard length > 0, length.isFinite else { return }
    let normal = Point((end - start).y / length, -(end - start).x / length)
    let control = (start + end) * 0.5 + normal * (2 * bend)
    let last = end - (bend == 0 ? start : control)
    guard last.length > 0 else { return }
    let direction = last * (1 / last.length)
    let head = min(headLength, length * 0.6)
    let base = end - direction * head
    var element = SVGElement(
      "path",
      [
        "d": bend == 0
          ? Self.path([start, base])
          : "M\(Self.pair(start))Q\(Self.pair(control)) \(Self.pair(base))", "fill": "none",
      ])
    stroke.apply(to: &element)
    add(element)
    let side = Point(-direction.y, direction.x) * (head * 0.42)
    polygon([end, base + side, base - side], fill: stroke.color)
  }

  // MARK: Path text

  static func pair(_ point: Point) -> String {
    NumberText.coordinate(point.x) + " " + NumberText.coordinate(point.y)
  }

  static func path(_ points: [Point]) -> String {
    guard let first = points.first else { return "" }
    return "M" + pair(first) + points.dropFirst().map { "L" + pair($0) }.joined()
  }

  /// A closed area in tenths of a pixel, each corner told from the one before: much shorter where
  /// there are thousands of small ones.
  static func compactArea(_ points: [Point]) -> String {
    func tenths(_ value: Double) -> Int { Int((min(max(value, -1e6), 1e6) * 10).rounded()) }
    func text(_ tenths: Int) -> String {
      let whole = tenths.magnitude / 10
      let rest = tenths.magnitude % 10
      return (tenths < 0 ? "-" : "")
        + (rest == 0 ? "\(whole)" : "\(whole == 0 ? "" : "\(whole)").\(rest)")
    }
    guard let first = points.first, points.allSatisfy(\.isFinite) else { return "" }
    var (x, y) = (tenths(first.x), tenths(first.y))
    var path = "M\(text(x)) \(text(y))"
    for point in points.dropFirst() {
      let (dx, dy) = (tenths(point.x) - x, tenths(point.y) - y)
      if dx == 0, dy == 0 { continue }
      path += dy == 0 ? "h\(text(dx))" : dx == 0 ? "v\(text(dy))" : "l\(text(dx)) \(text(dy))"
      x += dx
      y += dy
    }
    return path + "z"
  }
}
