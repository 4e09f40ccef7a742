/// A plot over two axes: marks one over the other, with title, axes, grid and legend.
///
///     var plot = Plot("Loss", x: PlotAxis("epoch", isIntegral: true), y: PlotAxis("loss", .logarithmic))
///     plot.add(LineMark(losses, name: "training"))
///     let text = plot.drawing().svg
public struct Plot: Sendable {
  public var title: String
  /// A line below the title, such as the settings behind the data.
  public var subtitle: String
  public var x: PlotAxis
  public var y: PlotAxis
  /// In pixels.
  public var width: Double
  public var height: Double
  /// What is drawn, in this order. A mark without a colour of its own takes the palette's next.
  public private(set) var marks: [any PlotMark] = []
  /// Whether grid lines are drawn below the marks.
  public var hasGrid: Bool

  public init(
    _ title: String = "", subtitle: String = "", x: PlotAxis = PlotAxis(), y: PlotAxis = PlotAxis(),
    width: Double = 720, height: Double = 440, hasGrid: Bool = true
  ) {
    self.title = title
    self.subtitle = subtitle
    self.x = x
    self.y = y
    self.width = width.isFinite ? max(width, 160) : 720
    self.height = height.isFinite ? max(height, 120) : 440
    self.hasGrid = hasGrid
  }

  public mutating func add(_ mark: any PlotMark) { marks.append(mark) }

  private static let titleStyle = TextStyle(size: 16, isBold: true)
  private static let subtitleStyle = TextStyle(size: 12, color: .mutedInk)
  private static let tickStyle = TextStyle(size: 11, color: .mutedInk)
  private static let labelStyle = TextStyle(size: 12.5, anchor: .middle)

  public func drawing() -> Drawing {
    var drawing = Drawing(
      width: width, height: height,
      title: subtitle.isEmpty ? title : title.isEmpty ? subtitle : "\(title): \(subtitle)")
    let colors = assignedColors
    let fillsArea = marks.contains { $0.fillsArea }
    let xDomain = x.domain(of: extent(\.x, x), padding: fillsArea ? 0 : 0.03)
    let yDomain = y.domain(of: extent(\.y, y), padding: fillsArea ? 0 : 0.05)

    // Above the area: title, subtitle, legend.
    var top = 16.0
    var lines: [(String, TextStyle, Double)] = []
    if !title.isEmpty {
      lines.append((title, Self.titleStyle, top + 8))
      top += 24
    }
    if !subtitle.isEmpty {
      lines.append((subtitle, Self.subtitleStyle, top + 6))
      top += 20
    }
    let legend = Legend(
      zip(marks, colors).compactMap { mark, color in
        mark.name.isEmpty ? nil : Legend.Entry(name: mark.name, swatch: mark.swatch, color: color)
      }, width: width - 90)
    let legendTop = top
    top += legend.height + (legend.height > 0 || !lines.isEmpty ? 8 : 0)

    let bottom = height - (x.label.isEmpty ? 30 : 52)
    let yTicks = PlotTick.ticks(
      yDomain, spacing: y.spacing, count: max(Int((bottom - top) / 55), 2), isIntegral: y.isIntegral
    )
    let labelWidth = yTicks.map { Self.tickStyle.width(of: $0.label) }.max() ?? 0
    let left = 14 + (y.label.isEmpty ? 0 : 20) + labelWidth + 8
    let area = Rectangle(
      x: left, y: top, width: max(width - 24 - left, 20), height: max(bottom - top, 20))
    let xTicks = PlotTick.ticks(
      xDomain, spacing: x.spacing, count: max(Int(area.width / 85), 2), isIntegral: x.isIntegral)
    let frame = PlotFrame(
      area: area,
      x: PlotScale(x.spacing, domain: xDomain, start: area.x, end: area.maxX),
      y: PlotScale(y.spacing, domain: yDomain, start: area.maxY, end: area.y))

    for (text, style, y) in lines { drawing.text(text, at: Point(left, y), style) }
    legend.draw(at: Point(left, legendTop), into: &drawing)
    if hasGrid, !fillsArea { drawGrid(frame, xTicks, yTicks, into: &drawing) }
    for (mark, color) in zip(marks, colors) { mark.draw(in: frame, color: color, into: &drawing) }
    drawAxes(frame, xTicks, yTicks, lines: fillsArea ? .box : .leftAndBottom, into: &drawing)
    return drawing
  }

  /// For each mark its own colour, or the palette's next.
  private var assignedColors: [Color] {
    var next = 0
    return marks.map { mark in
      if let color = mark.color { return color }
      defer { next += 1 }
      return Color.series(next)
    }
  }

  /// The smallest and largest coordinate that has a place on an axis.
  private func extent(
    _ coordinate: KeyPath<Point, Double>, _ axis: PlotAxis
  ) -> ClosedRange<Double>? {
    var range: ClosedRange<Double>?
    for value in marks.flatMap({ $0.corners }).map({ $0[keyPath: coordinate] })
    where axis.holds(value) {
      range = range.map { min($0.lowerBound, value)...max($0.upperBound, value) } ?? value...value
    }
    return range
  }

  private func drawGrid(
    _ frame: PlotFrame, _ xTicks: [PlotTick], _ yTicks: [PlotTick], into drawing: inout Drawing
  ) {
    let area = frame.area
    for tick in xTicks {
      let place = frame.x(tick.value)
      drawing.line(
        [Point(place, area.y), Point(place, area.maxY)],
        Stroke(.grid, width: tick.label.isEmpty ? 0.5 : 1))
    }
    for tick in yTicks {
      let place = frame.y(tick.value)
      drawing.line(
        [Point(area.x, place), Point(area.maxX, place)],
        Stroke(.grid, width: tick.label.isEmpty ? 0.5 : 1))
    }
  }

  /// On which sides of the area a line is drawn.
  private enum AxisLines {
    /// On all four: around marks that fill the area.
    case box
    case leftAndBottom
  }

  private func drawAxes(
    _ frame: PlotFrame, _ xTicks: [PlotTick], _ yTicks: [PlotTick], lines: AxisLines,
    into drawing: inout Drawing
  ) {
    let area = frame.area
    let axis = Stroke(.outline, width: 1)
    switch lines {
    case .box: drawing.rectangle(area, fill: nil, stroke: axis)
    case .leftAndBottom:
      drawing.line(
        [Point(area.x, area.y), Point(area.x, area.maxY), Point(area.maxX, area.maxY)], axis)
    }
    var style = Self.tickStyle
    style.anchor = .middle
    for tick in xTicks {
      let place = frame.x(tick.value)
      drawing.line(
        [Point(place, area.maxY), Point(place, area.maxY + (tick.label.isEmpty ? 3 : 5))], axis)
      drawing.text(tick.label, at: Point(place, area.maxY + 15), style)
    }
    style.anchor = .end
    for tick in yTicks {
      let place = frame.y(tick.value)
      drawing.line(
        [Point(area.x - (tick.label.isEmpty ? 3 : 5), place), Point(area.x, place)], axis)
      drawing.text(tick.label, at: Point(area.x - 8, place), style)
    }
    drawing.text(x.label, at: Point(area.center.x, area.maxY + 37), Self.labelStyle)
    drawing.text(y.label, at: Point(18, area.center.y), Self.labelStyle, angle: -90)
  }
}
