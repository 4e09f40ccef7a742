/// Boxes and circles with arrows between them: networks, computation graphs.
///
///     var diagram = Diagram("a(x) = FC₂(f(FC₁(x)))")
///     diagram.addLayers([[.init("x")], [.init("FC₁"), .init("f")], [.init("a")]])
///     diagram.connect("x", to: "FC₁")
public struct Diagram: Hashable, Sendable {
  /// Something with an outline, lines of text in it, and a name that arrows refer to.
  public struct Item: Hashable, Sendable {
    public enum Outline: Hashable, Sendable { case rectangle, rounded, circle, none }

    public var id: String
    /// A line each; the first is larger where there are several.
    public var lines: [String]
    public var outline: Outline
    public var fill: Color
    public var color: Color
    /// Nil for what the text takes.
    public var width: Double?
    public var height: Double?
    /// Of the middle, in pixels.
    public var center: Point

    /// An item in which the id is written where there are no lines.
    public init(
      _ id: String, _ lines: [String] = [], outline: Outline = .rounded, fill: Color = .paleGray,
      color: Color = .outline, width: Double? = nil, height: Double? = nil,
      center: Point = Point(0, 0)
    ) {
      self.id = id
      self.lines = lines.isEmpty ? [id] : lines
      self.outline = outline
      self.fill = fill
      self.color = color
      self.width = width
      self.height = height
      self.center = center
    }

    func style(ofLine number: Int) -> TextStyle {
      number == 0
        ? TextStyle(size: 13, color: fill.legibleInk, anchor: .middle, isBold: lines.count > 1)
        : TextStyle(
          size: 11, color: fill.brightness > 0.58 ? .mutedInk : .white, anchor: .middle)
    }

    /// Width and height, in pixels.
    var size: (width: Double, height: Double) {
      let text = lines.enumerated().map { style(ofLine: $0).width(of: $1) }.max() ?? 0
      let natural = (width: text + 22, height: Double(lines.count) * 17 + 13)
      if outline == .circle {
        let side = max(width ?? height ?? max(natural.width - 6, natural.height, 38), 4)
        return (side, side)
      }
      return (max(width ?? natural.width, 4), max(height ?? natural.height, 4))
    }

    /// What it takes, in pixels.
    public var bounds: Rectangle {
      Rectangle(center: center, width: size.width, height: size.height)
    }

    /// Where a line from the middle to another point leaves the outline, with some room.
    func edge(towards point: Point) -> Point {
      let delta = point - center
      guard delta.length > 0 else { return center }
      let (halfWidth, halfHeight) = (size.width / 2 + 3, size.height / 2 + 3)
      if outline == .circle { return center + delta * (halfWidth / delta.length) }
      let scale = min(
        delta.x == 0 ? .infinity : halfWidth / abs(delta.x),
        delta.y == 0 ? .infinity : halfHeight / abs(delta.y))
      return center + delta * min(scale, 1)
    }
  }

  /// An arrow from one item to another.
  public struct Arrow: Hashable, Sendable {
    public var from: String
    public var to: String
    public var label: String
    public var stroke: Stroke
    /// How far its middle lies to the left of its direction, in pixels.
    public var bend: Double
    /// Where the label lies on the way, from 0 to 1.
    public var labelPlace: Double
  }

  /// The direction in which layers follow each other.
  public enum Direction: Hashable, Sendable { case rightward, downward }

  public var title: String
  public private(set) var items: [Item] = []
  public private(set) var arrows: [Arrow] = []

  public init(_ title: String = "") { self.title = title }

  /// Adds an item, in place of one with the same id.
  public mutating func add(_ item: Item) {
    if let place = items.firstIndex(where: { $0.id == item.id }) {
      items[place] = item
    } else {
      items.append(item)
    }
  }

  /// Adds items in layers, each layer's items side by side about a common middle line.
  ///
  /// - Parameters:
  ///   - layers: the items of each layer.
  ///   - direction: where the next layer comes to lie.
  ///   - gap: between the layers, in pixels.
  ///   - spacing: between the items of a layer.
  public mutating func addLayers(
    _ layers: [[Item]], _ direction: Direction = .rightward, gap: Double = 70, spacing: Double = 22
  ) {
    var place = 0.0
    for layer in layers where !layer.isEmpty {
      let sizes = layer.map { item in
        direction == .rightward
          ? (along: item.size.width, across: item.size.height)
          : (along: item.size.height, across: item.size.width)
      }
      let depth = sizes.map(\.along).max() ?? 0
      let length = sizes.reduce(0) { $0 + $1.across } + spacing * Double(layer.count - 1)
      var across = -length / 2
      for (item, size) in zip(layer, sizes) {
        var item = item
        let (a, b) = (place + depth / 2, across + size.across / 2)
        item.center = direction == .rightward ? Point(a, b) : Point(b, a)
        add(item)
        across += size.across + spacing
      }
      place += depth + gap
    }
  }

  /// An arrow between two items; nothing where one of them is not there.
  public mutating func connect(
    _ from: String, to: String, label: String = "", _ stroke: Stroke = Stroke(), bend: Double = 0,
    labelPlace: Double = 0.5
  ) {
    arrows.append(
      Arrow(
        from: from, to: to, label: label, stroke: stroke, bend: bend, labelPlace: labelPlace))
  }

  /// - Parameter margin: room around the items, in pixels.
  public func drawing(margin: Double = 24) -> Drawing {
    let titleStyle = TextStyle(size: 15, isBold: true)
    var bounds = items.first?.bounds ?? Rectangle(x: 0, y: 0, width: 0, height: 0)
    func include(_ other: Rectangle) {
      let (left, top) = (min(bounds.x, other.x), min(bounds.y, other.y))
      bounds = Rectangle(
        x: left, y: top, width: max(bounds.maxX, other.maxX) - left,
        height: max(bounds.maxY, other.maxY) - top)
    }
    for item in items { include(item.bounds) }
    let byID = Dictionary(items.map { ($0.id, $0) }) { $1 }
    let ends = arrows.compactMap { arrow -> (Arrow, Point, Point)? in
      guard let from = byID[arrow.from], let to = byID[arrow.to], from.id != to.id else {
        return nil
      }
      let middle = Self.control(from.center, to.center, bend: arrow.bend)
      return (arrow, from.edge(towards: middle), to.edge(towards: middle))
    }
    for (arrow, start, end) in ends where arrow.bend != 0 {
      let top = Self.point(at: 0.5, start, end, bend: arrow.bend)
      include(Rectangle(center: top, width: 4, height: 4))
    }

    let titleHeight = title.isEmpty ? 0.0 : 30
    let width = max(bounds.width + 2 * margin, titleStyle.width(of: title) + 2 * margin)
    var drawing = Drawing(
      width: width, height: bounds.height + 2 * margin + titleHeight, title: title)
    drawing.text(title, at: Point(margin, margin), titleStyle)
    let shift = Point(
      (width - bounds.width) / 2 - bounds.x, margin + titleHeight - bounds.y)

    for (arrow, start, end) in ends {
      drawing.arrow(from: start + shift, to: end + shift, arrow.stroke, bend: arrow.bend)
    }
    for item in items { draw(item, shift: shift, into: &drawing) }
    for (arrow, start, end) in ends {
      let place = Self.point(at: arrow.labelPlace, start, end, bend: arrow.bend)
      drawing.text(
        arrow.label, at: place + shift, TextStyle(size: 11.5, anchor: .middle), halo: .white)
    }
    return drawing
  }

  private func draw(_ item: Item, shift: Point, into drawing: inout Drawing) {
    let center = item.center + shift
    let bounds = Rectangle(center: center, width: item.size.width, height: item.size.height)
    let stroke = Stroke(item.color, width: 1.5)
    switch item.outline {
    case .rectangle: drawing.rectangle(bounds, fill: item.fill, stroke: stroke)
    case .rounded: drawing.rectangle(bounds, fill: item.fill, stroke: stroke, cornerRadius: 7)
    case .circle:
      drawing.circle(center, radius: bounds.width / 2, fill: item.fill, stroke: stroke)
    case .none: break
    }
    for (number, line) in item.lines.enumerated() {
      let y = center.y + (Double(number) - Double(item.lines.count - 1) / 2) * 17
      drawing.text(line, at: Point(center.x, y), item.style(ofLine: number))
    }
  }

  private static func control(_ start: Point, _ end: Point, bend: Double) -> Point {
    let delta = end - start
    guard delta.length > 0 else { return start }
    let normal = Point(delta.y, -delta.x) * (1 / delta.length)
    return (start + end) * 0.5 + normal * (2 * bend)
  }

  private static func point(at share: Double, _ start: Point, _ end: Point, bend: Double) -> Point {
    let control = control(start, end, bend: bend)
    let rest = 1 - share
    return start * (rest * rest) + control * (2 * rest * share) + end * (share * share)
  }
}
