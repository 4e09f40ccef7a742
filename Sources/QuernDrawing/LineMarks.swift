/// A line through points, with a symbol at each where wanted.
public struct LineMark: PlotMark, Hashable {
  public var points: [Point]
  public var name: String
  public var color: Color?
  /// In pixels.
  public var width: Double
  public var dashes: [Double]
  public var symbol: PointSymbol?

  public init(
    _ points: [Point], name: String = "", color: Color? = nil, width: Double = 2,
    dashes: [Double] = [], symbol: PointSymbol? = nil
  ) {
    self.points = points
    self.name = name
    self.color = color
    self.width = width
    self.dashes = dashes
    self.symbol = symbol
  }

  /// Values over `start`, `start` + 1, …: a curve over epochs.
  public init(
    _ values: [Double], from start: Int = 1, name: String = "", color: Color? = nil,
    width: Double = 2, dashes: [Double] = [], symbol: PointSymbol? = nil
  ) {
    self.init(
      values.enumerated().map { Point(Double(start + $0), $1) }, name: name, color: color,
      width: width, dashes: dashes, symbol: symbol)
  }

  public var corners: [Point] { points }
  public var swatch: Legend.Swatch {
    symbol.map { .lineWithSymbol($0) } ?? .line(dashes: dashes)
  }

  public func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing) {
    let places = points.map(frame.place)
    for part in frame.area.clip(places) {
      drawing.line(part, Stroke(color, width: width, dashes: dashes))
    }
    // A lone point makes no line, and would not be seen.
    let symbol = symbol ?? (places.count == 1 ? .circle : nil)
    guard let symbol else { return }
    for place in places where frame.area.contains(place) {
      symbol.draw(at: place, radius: 3.5, color: color, into: &drawing)
    }
  }
}

/// Points without a line.
public struct PointMark: PlotMark, Hashable {
  public var points: [Point]
  public var name: String
  public var color: Color?
  public var symbol: PointSymbol
  /// In pixels.
  public var radius: Double

  public init(
    _ points: [Point], name: String = "", color: Color? = nil, symbol: PointSymbol = .circle,
    radius: Double = 4
  ) {
    self.points = points
    self.name = name
    self.color = color
    self.symbol = symbol
    self.radius = radius
  }

  public var corners: [Point] { points }
  public var swatch: Legend.Swatch { .symbol(symbol) }

  public func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing) {
    for place in points.map(frame.place) where frame.area.contains(place) {
      symbol.draw(at: place, radius: radius, color: color, into: &drawing)
    }
  }
}

/// A way through points, with arrows along it, its beginning and its end marked: descent over
/// contours.
public struct PathMark: PlotMark, Hashable {
  public var points: [Point]
  public var name: String
  public var color: Color?
  /// Whether each point gets a dot; dots closer than a few pixels are left out.
  public var hasDots: Bool
  /// Written beside the first and the last point.
  public var startLabel: String
  public var endLabel: String

  public init(
    _ points: [Point], name: String = "", color: Color? = .vermilion, hasDots: Bool = true,
    startLabel: String = "", endLabel: String = ""
  ) {
    self.points = points
    self.name = name
    self.color = color
    self.hasDots = hasDots
    self.startLabel = startLabel
    self.endLabel = endLabel
  }

  public var corners: [Point] { points }
  public var swatch: Legend.Swatch { .lineWithSymbol(.circle) }

  public func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing) {
    let places = points.map(frame.place)
    for part in frame.area.clip(Self.thinned(places, apart: 0.4)) {
      drawing.line(part, Stroke(.white, width: 3.6, opacity: 0.75))
      drawing.line(part, Stroke(color, width: 1.8))
    }
    drawArrows(places, in: frame.area, color: color, into: &drawing)
    if hasDots {
      for place in Self.thinned(places, apart: 7).dropFirst() where frame.area.contains(place) {
        drawing.circle(place, radius: 2.4, fill: color, stroke: Stroke(.white, width: 0.8))
      }
    }
    let style = TextStyle(size: 12, isBold: true)
    for (place, label, symbol) in [
      (places.first, startLabel, PointSymbol.ring), (places.last, endLabel, .diamond),
    ] {
      guard let place, frame.area.contains(place) else { continue }
      symbol.draw(at: place, radius: symbol == .ring ? 5 : 5.5, color: color, into: &drawing)
      var style = style
      // Towards the middle, where there is room.
      let isRight = place.x > frame.area.center.x
      style.anchor = isRight ? .end : .start
      drawing.text(
        label, at: place + Point(isRight ? -10 : 10, place.y < frame.area.y + 20 ? 12 : -12), style,
        halo: .white)
    }
  }

  /// Arrow heads in the middle of segments that have room for one, not too close to each other.
  private func drawArrows(
    _ places: [Point], in area: Rectangle, color: Color, into drawing: inout Drawing
  ) {
    var last: Point?
    for (start, end) in zip(places, places.dropFirst()) {
      let delta = end - start
      guard delta.length >= 22, delta.length.isFinite else { continue }
      let middle = (start + end) * 0.5
      guard area.contains(middle), last.map({ (middle - $0).length > 30 }) ?? true else { continue }
      last = middle
      let direction = delta * (1 / delta.length)
      let side = Point(-direction.y, direction.x) * 4
      drawing.polygon(
        [middle + direction * 6, middle - direction * 4 + side, middle - direction * 4 - side],
        fill: color, stroke: Stroke(.white, width: 0.8))
    }
  }

  /// The first and the last point, and those between that lie this far from the one before.
  static func thinned(_ places: [Point], apart distance: Double) -> [Point] {
    guard let first = places.first, let last = places.last else { return [] }
    var kept = [first]
    for place in places.dropFirst().dropLast() {
      if !place.isFinite || !(kept[kept.count - 1] - place).length.isFinite
        || (place - kept[kept.count - 1]).length >= distance
      {
        kept.append(place)
      }
    }
    if places.count > 1 { kept.append(last) }
    return kept
  }
}

/// A straight line across the area at a number, with a note: a limit, a best epoch.
public struct ReferenceLine: PlotMark, Hashable {
  public enum Direction: Hashable, Sendable {
    /// At a y.
    case horizontal
    /// At an x.
    case vertical
  }

  public var direction: Direction
  public var value: Double
  /// Written along the line.
  public var note: String
  public var color: Color?

  public init(
    _ direction: Direction, at value: Double, note: String = "", color: Color? = .gray
  ) {
    self.direction = direction
    self.value = value
    self.note = note
    self.color = color
  }

  public var corners: [Point] {
    // The other coordinate has no place, and is left out.
    direction == .horizontal ? [Point(.nan, value)] : [Point(value, .nan)]
  }

  public func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing) {
    let area = frame.area
    let stroke = Stroke(color, width: 1.2, dashes: [5, 4])
    var style = TextStyle(size: 11, color: color, anchor: .end)
    switch direction {
    case .horizontal:
      let y = frame.y(value)
      guard area.y <= y, y <= area.maxY else { return }
      drawing.line([Point(area.x, y), Point(area.maxX, y)], stroke)
      drawing.text(
        note, at: Point(area.maxX - 4, y < area.y + 18 ? y + 9 : y - 8), style, halo: .white)
    case .vertical:
      let x = frame.x(value)
      guard area.x <= x, x <= area.maxX else { return }
      drawing.line([Point(x, area.y), Point(x, area.maxY)], stroke)
      if x < area.center.x { style.anchor = .start }
      drawing.text(
        note, at: Point(x + (style.anchor == .start ? 6 : -6), area.y + 10), style, halo: .white)
    }
  }
}

/// A note at a point.
public struct TextMark: PlotMark, Hashable {
  public var text: String
  public var point: Point
  public var color: Color?
  public var anchor: TextStyle.Anchor

  public init(
    _ text: String, at point: Point, color: Color? = .ink, anchor: TextStyle.Anchor = .start
  ) {
    self.text = text
    self.point = point
    self.color = color
    self.anchor = anchor
  }

  public var corners: [Point] { [point] }

  public func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing) {
    let place = frame.place(point)
    guard frame.area.contains(place) else { return }
    drawing.text(
      text, at: place, TextStyle(size: 11.5, color: color, anchor: anchor), halo: .white)
  }
}
