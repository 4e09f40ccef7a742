/// Lengths side by side: time by kernel, error by model.
public struct BarChart: Hashable, Sendable {
  public struct Bar: Hashable, Sendable {
    public var label: String
    /// One for each of the chart's series; not finite for one that is missing.
    public var values: [Double]
    /// Written behind the bar instead of its number; for bars of a single value.
    public var note: String

    public init(_ label: String, _ values: [Double], note: String = "") {
      self.label = label
      self.values = values
      self.note = note
    }

    public init(_ label: String, _ value: Double, note: String = "") {
      self.init(label, [value], note: note)
    }
  }

  public var title: String
  public var subtitle: String
  public var bars: [Bar]
  /// Names of the values of a bar; none where there is one.
  public var series: [String]
  /// What the lengths are, with the unit.
  public var valueLabel: String
  /// In pixels.
  public var width: Double
  /// One each for the series; the palette's where there are fewer.
  public var colors: [Color]

  public init(
    _ title: String = "", subtitle: String = "", _ bars: [Bar], series: [String] = [],
    valueLabel: String = "", width: Double = 720, colors: [Color] = []
  ) {
    self.title = title
    self.subtitle = subtitle
    self.bars = bars
    self.series = series
    self.valueLabel = valueLabel
    self.width = width.isFinite ? max(width, 200) : 720
    self.colors = colors
  }

  private static let labelStyle = TextStyle(size: 12, anchor: .end)
  private static let noteStyle = TextStyle(size: 11, color: .mutedInk)
  private static let tickStyle = TextStyle(size: 11, color: .mutedInk, anchor: .middle)

  private func color(_ series: Int) -> Color {
    colors.indices.contains(series) ? colors[series] : Color.series(series)
  }

  /// Bars from left to right, one below the other.
  public func drawing() -> Drawing {
    let count = max(bars.map(\.values.count).max() ?? 1, 1)
    let thickness = count == 1 ? 18.0 : 12
    let rowHeight = thickness * Double(count) + 9

    var top = 16.0
    var header: [(String, TextStyle, Double)] = []
    if !title.isEmpty {
      header.append((title, TextStyle(size: 16, isBold: true), top + 8))
      top += 26
    }
    if !subtitle.isEmpty {
      header.append((subtitle, TextStyle(size: 12, color: .mutedInk), top + 4))
      top += 20
    }
    let legend = Legend(
      series.enumerated().map { Legend.Entry(name: $1, swatch: .area, color: color($0)) },
      width: width - 60)
    let legendTop = top
    top += legend.height + 8

    let labelWidth = bars.map { Self.labelStyle.width(of: $0.label) }.max() ?? 0
    let left = 16 + min(labelWidth, width * 0.45) + 8
    let notes = bars.flatMap { bar in bar.values.map { note($0, of: bar) } }
    let noteWidth = notes.map { Self.noteStyle.width(of: $0) }.max() ?? 0
    let bottom = top + rowHeight * Double(bars.count)
    let values = bars.flatMap(\.values).filter(\.isFinite)
    let domain = PlotAxis(includesZero: true).domain(
      of: min(values.min() ?? 0, 0)...max(values.max() ?? 1, 0), padding: 0)
    let scale = PlotScale(
      .linear, domain: domain, start: left, end: max(width - 24 - noteWidth, left + 40))

    var drawing = Drawing(
      width: width, height: bottom + (valueLabel.isEmpty ? 32 : 54), title: title)
    for (text, style, y) in header { drawing.text(text, at: Point(16, y), style) }
    legend.draw(at: Point(16, legendTop), into: &drawing)
    for tick in PlotTick.ticks(domain, count: max(Int((scale.end - left) / 90), 2)) {
      let x = scale(tick.value)
      drawing.line([Point(x, top), Point(x, bottom)], Stroke(.grid, width: 1))
      drawing.text(tick.label, at: Point(x, bottom + 13), Self.tickStyle)
    }
    for (number, bar) in bars.enumerated() {
      draw(
        bar, at: top + rowHeight * Double(number), thickness: thickness, rowHeight: rowHeight,
        scale, into: &drawing)
    }
    drawing.line(
      [Point(scale(0), top), Point(scale(0), bottom)], Stroke(.outline, width: 1))
    drawing.text(
      valueLabel, at: Point((left + scale.end) / 2, bottom + 36),
      TextStyle(size: 12.5, anchor: .middle))
    return drawing
  }

  private func note(_ value: Double, of bar: Bar) -> String {
    !value.isFinite
      ? "" : bar.note.isEmpty || bar.values.count > 1 ? NumberText.significant(value) : bar.note
  }

  private func draw(
    _ bar: Bar, at top: Double, thickness: Double, rowHeight: Double, _ scale: PlotScale,
    into drawing: inout Drawing
  ) {
    var label = Self.labelStyle
    let room = scale.start - 24
    let width = label.width(of: bar.label)
    if width > room { label.size *= max(room / width, 0.6) }
    drawing.text(bar.label, at: Point(scale.start - 8, top + rowHeight / 2), label)
    for (number, value) in bar.values.enumerated() where value.isFinite {
      let y = top + 4.5 + thickness * Double(number)
      let (start, end) = (min(scale(0), scale(value)), max(scale(0), scale(value)))
      drawing.rectangle(
        Rectangle(x: start, y: y, width: end - start, height: thickness - (number == 0 ? 0 : 1)),
        fill: color(number), cornerRadius: 1.5)
      drawing.text(
        note(value, of: bar), at: Point(end + 5, y + thickness / 2), Self.noteStyle)
    }
  }
}
