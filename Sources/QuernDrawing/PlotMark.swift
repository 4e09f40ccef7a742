/// Something drawn over a plot's axes.
public protocol PlotMark: Sendable {
  /// What the legend calls it; empty for no entry.
  var name: String { get }
  /// Nil for the palette's next.
  var color: Color? { get }
  /// How the legend shows it.
  var swatch: Legend.Swatch { get }
  /// Whether it covers the area, which then needs no grid and no room around the data.
  var fillsArea: Bool { get }
  /// Points that the axes are to show, in the axes' units; what has no place is left out.
  var corners: [Point] { get }

  /// Draws it, nothing outside the frame's area.
  func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing)
}

extension PlotMark {
  public var name: String { "" }
  public var color: Color? { nil }
  public var swatch: Legend.Swatch { .line(dashes: []) }
  public var fillsArea: Bool { false }
}

/// A plot's area and what pixels its numbers have.
public struct PlotFrame: Hashable, Sendable {
  /// Between the axes, in pixels.
  public let area: Rectangle
  public let x: PlotScale
  public let y: PlotScale

  public init(area: Rectangle, x: PlotScale, y: PlotScale) {
    self.area = area
    self.x = x
    self.y = y
  }

  /// The pixel of a point; not finite where it has no place.
  public func place(_ point: Point) -> Point { Point(x(point.x), y(point.y)) }
}

/// The shape of a plotted point.
public enum PointSymbol: String, Hashable, Sendable, CaseIterable {
  case circle, ring, square, diamond, triangle, cross

  /// Draws the symbol; `radius` is half its width, in pixels.
  public func draw(
    at center: Point, radius: Double, color: Color, into drawing: inout Drawing
  ) {
    let rim = Stroke(.white, width: 1)
    func corners(_ places: [(Double, Double)]) -> [Point] {
      places.map { center + Point($0.0, $0.1) * radius }
    }
    switch self {
    case .circle: drawing.circle(center, radius: radius, fill: color, stroke: rim)
    case .ring:
      drawing.circle(center, radius: radius, fill: .white, stroke: Stroke(color, width: 2))
    case .square:
      drawing.polygon(
        corners([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]), fill: color, stroke: rim)
    case .diamond:
      drawing.polygon(
        corners([(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)]), fill: color, stroke: rim)
    case .triangle:
      drawing.polygon(corners([(0, -1.1), (1.1, 0.9), (-1.1, 0.9)]), fill: color, stroke: rim)
    case .cross:
      for line in [[(-1.0, -1.0), (1.0, 1.0)], [(-1, 1), (1, -1)]] {
        drawing.line(corners(line), Stroke(color, width: 2))
      }
    }
  }
}

/// Names beside what they stand for, in rows.
public struct Legend: Hashable, Sendable {
  /// How an entry is shown.
  public enum Swatch: Hashable, Sendable {
    case line(dashes: [Double])
    case symbol(PointSymbol)
    case lineWithSymbol(PointSymbol)
    case area
  }

  struct Entry: Hashable, Sendable {
    var name: String
    var swatch: Swatch
    var color: Color
  }

  private static let style = TextStyle(size: 12)
  private static let rowHeight = 19.0
  private static let swatchWidth = 22.0
  private let rows: [[Entry]]

  /// - Parameter width: rows become no wider, in pixels.
  init(_ entries: [Entry], width: Double) {
    var rows: [[Entry]] = []
    var used = Double.infinity
    for entry in entries {
      let needed = Self.width(entry)
      if used + needed > width {
        rows.append([])
        used = 0
      }
      rows[rows.count - 1].append(entry)
      used += needed
    }
    self.rows = rows
  }

  var height: Double { Double(rows.count) * Self.rowHeight }

  private static func width(_ entry: Entry) -> Double {
    swatchWidth + 6 + style.width(of: entry.name) + 14
  }

  func draw(at origin: Point, into drawing: inout Drawing) {
    for (number, row) in rows.enumerated() {
      var x = origin.x
      let y = origin.y + (Double(number) + 0.5) * Self.rowHeight
      for entry in row {
        draw(entry, from: Point(x, y), into: &drawing)
        drawing.text(entry.name, at: Point(x + Self.swatchWidth + 6, y), Self.style)
        x += Self.width(entry)
      }
    }
  }

  private func draw(_ entry: Entry, from start: Point, into drawing: inout Drawing) {
    let end = start + Point(Self.swatchWidth, 0)
    let middle = (start + end) * 0.5
    switch entry.swatch {
    case .line(let dashes):
      drawing.line([start, end], Stroke(entry.color, width: 2.5, dashes: dashes))
    case .symbol(let symbol):
      symbol.draw(at: middle, radius: 4.5, color: entry.color, into: &drawing)
    case .lineWithSymbol(let symbol):
      drawing.line([start, end], Stroke(entry.color, width: 2))
      symbol.draw(at: middle, radius: 4, color: entry.color, into: &drawing)
    case .area:
      drawing.rectangle(
        Rectangle(center: middle, width: Self.swatchWidth - 4, height: 11), fill: entry.color,
        cornerRadius: 2)
    }
  }
}
