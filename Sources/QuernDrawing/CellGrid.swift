/// Rows and columns of cells with colours and text, for confusion matrices, filters, worked
/// convolutions and receptive fields.
public struct CellGrid: Hashable, Sendable {
  public struct Cell: Hashable, Sendable {
    public var text: String
    public var fill: Color
    /// The text's colour; nil for one that can be read on `fill`.
    public var ink: Color?
    public var isBold: Bool

    public init(
      _ text: String = "", fill: Color = .white, ink: Color? = nil, isBold: Bool = false
    ) {
      self.text = text
      self.fill = fill
      self.ink = ink
      self.isBold = isBold
    }
  }

  /// What is written beside the rows, or above the columns.
  public struct Header: Hashable, Sendable {
    /// What they all are, such as "predicted". That of rows is written upwards.
    public var title: String
    /// One for each row or column; none to leave them out.
    public var labels: [String]

    public init(_ title: String = "", labels: [String] = []) {
      self.title = title
      self.labels = labels
    }
  }

  /// A frame around a block of cells, such as the part of a picture that a filter lies on.
  public struct Frame: Hashable, Sendable {
    public var rows: Range<Int>
    public var columns: Range<Int>
    public var color: Color
    /// In pixels.
    public var width: Double

    public init(
      rows: Range<Int>, columns: Range<Int>, color: Color = .vermilion, width: Double = 3
    ) {
      self.rows = rows
      self.columns = columns
      self.color = color
      self.width = width
    }
  }

  public var title: String
  /// Row after row; rows may be of different lengths.
  public var cells: [[Cell]]
  public var rows: Header
  public var columns: Header
  public var frames: [Frame] = []
  /// In pixels.
  public var cellWidth: Double
  public var cellHeight: Double
  /// The colour of the lines between cells; nil for no lines, as in pictures.
  public var gridColor: Color?

  public init(
    _ title: String = "", _ cells: [[Cell]], rows: Header = Header(), columns: Header = Header(),
    cellWidth: Double = 34, cellHeight: Double = 34, gridColor: Color? = .grid
  ) {
    self.title = title
    self.cells = cells
    self.rows = rows
    self.columns = columns
    self.cellWidth = cellWidth
    self.cellHeight = cellHeight
    self.gridColor = gridColor
  }

  /// A grid of numbers, each in the colour that a map has for it.
  ///
  /// - Parameters:
  ///   - title: written above the grid.
  ///   - values: row after row.
  ///   - map: the colours of the numbers.
  ///   - range: the numbers that get the map's first and last colour; nil for the smallest and
  ///     largest there are.
  ///   - cellSize: the side of a cell, in pixels.
  ///   - gridColor: the colour of the lines between cells; nil for no lines.
  ///   - text: what is written in the cell of a number.
  public init(
    _ title: String = "", values: [[Double]], map: ColorMap, range: ClosedRange<Double>? = nil,
    cellSize: Double = 34, gridColor: Color? = .grid, text: (Double) -> String = { _ in "" }
  ) {
    let finite = values.joined().filter(\.isFinite)
    let low = range?.lowerBound ?? finite.min() ?? 0
    let high = range?.upperBound ?? finite.max() ?? 1
    self.init(
      title,
      values.map { row in
        row.map { value in
          Cell(text(value), fill: map(high > low ? (value - low) / (high - low) : 0.5))
        }
      }, cellWidth: cellSize, cellHeight: cellSize, gridColor: gridColor)
  }

  /// A confusion matrix. A row is an actual class, a column a predicted one. What is right is blue,
  /// what is wrong red; the larger a count's share of its row, the stronger the colour.
  public static func confusion(
    _ counts: [[Int]], classes: [String]? = nil, title: String = "Confusion matrix"
  ) -> CellGrid {
    let largest = counts.joined().max() ?? 0
    let cells = counts.enumerated().map { actual, row -> [Cell] in
      let total = max(row.reduce(0, +), 1)
      return row.enumerated().map { predicted, count in
        if count == 0 { return Cell("·", ink: .outline) }
        let share = Double(count) / Double(total)
        // Mistakes are few: the root makes them visible.
        let fill =
          actual == predicted
          ? Color(0xdeebf7).mixed(with: Color(0x2171b5), share)
          : Color.white.mixed(with: Color(0xb2182b), share.squareRoot())
        return Cell("\(count)", fill: fill, isBold: actual == predicted)
      }
    }
    let names = classes ?? (0..<counts.count).map(String.init)
    let width = max(TextStyle(size: 12, isBold: true).width(of: "\(largest)") + 12, 36)
    return CellGrid(
      title, cells, rows: Header("actual", labels: names),
      columns: Header("predicted", labels: names), cellWidth: width, cellHeight: 32)
  }

  private static let labelStyle = TextStyle(size: 12, color: .mutedInk, anchor: .middle)
  private static let titleStyle = TextStyle(size: 15, isBold: true)

  public func drawing(margin: Double = 18) -> Drawing {
    let columnCount = cells.map(\.count).max() ?? 0
    let labelWidth =
      rows.labels.isEmpty ? 0 : (rows.labels.map { Self.labelStyle.width(of: $0) }.max() ?? 0) + 8
    let widestColumnLabel = columns.labels.map { Self.labelStyle.width(of: $0) }.max() ?? 0
    let isTurned = widestColumnLabel > cellWidth - 2
    let left = margin + (rows.title.isEmpty ? 0 : 22) + labelWidth
    let top =
      margin + (title.isEmpty ? 0 : 30) + (columns.title.isEmpty ? 0 : 20)
      + (columns.labels.isEmpty ? 0 : isTurned ? widestColumnLabel + 8 : 20)
    let gridWidth = Double(columnCount) * cellWidth
    let gridHeight = Double(cells.count) * cellHeight
    var drawing = Drawing(
      width: max(left + gridWidth + margin, margin * 2 + Self.titleStyle.width(of: title)),
      height: top + gridHeight + margin, title: title)
    drawing.text(title, at: Point(margin, margin + 8), Self.titleStyle)

    drawCells(at: Point(left, top), into: &drawing)
    var style = Self.labelStyle
    for (number, label) in columns.labels.prefix(columnCount).enumerated() {
      let x = left + (Double(number) + 0.5) * cellWidth
      style.anchor = isTurned ? .start : .middle
      drawing.text(
        label, at: Point(x, top - (isTurned ? 6 : 11)), style, angle: isTurned ? -90 : 0)
    }
    style.anchor = .end
    for (number, label) in rows.labels.prefix(cells.count).enumerated() {
      drawing.text(
        label, at: Point(left - 8, top + (Double(number) + 0.5) * cellHeight), style)
    }
    var titleStyle = TextStyle(size: 12.5, anchor: .middle)
    drawing.text(
      rows.title, at: Point(margin + 6, top + gridHeight / 2), titleStyle, angle: -90)
    titleStyle.anchor = .middle
    drawing.text(
      columns.title,
      at: Point(left + gridWidth / 2, margin + (title.isEmpty ? 0 : 30) + 6), titleStyle)
    for frame in frames {
      let bounds = Rectangle(
        x: left + Double(frame.columns.lowerBound) * cellWidth,
        y: top + Double(frame.rows.lowerBound) * cellHeight,
        width: Double(frame.columns.count) * cellWidth,
        height: Double(frame.rows.count) * cellHeight)
      drawing.rectangle(
        bounds, fill: nil, stroke: Stroke(frame.color, width: frame.width), cornerRadius: 2)
    }
    return drawing
  }

  private func drawCells(at origin: Point, into drawing: inout Drawing) {
    let stroke = gridColor.map { Stroke($0, width: 1) }
    for (y, row) in cells.enumerated() {
      for (x, cell) in row.enumerated() {
        let bounds = Rectangle(
          x: origin.x + Double(x) * cellWidth, y: origin.y + Double(y) * cellHeight,
          // Cells without lines between them overlap a little, so that no gap is seen.
          width: cellWidth + (stroke == nil && x + 1 < row.count ? 0.4 : 0),
          height: cellHeight + (stroke == nil && y + 1 < cells.count ? 0.4 : 0))
        drawing.rectangle(bounds, fill: cell.fill, stroke: stroke)
        var style = TextStyle(
          size: min(12.5, cellHeight * 0.5), color: cell.ink ?? cell.fill.legibleInk,
          anchor: .middle, isBold: cell.isBold)
        let width = style.width(of: cell.text)
        if width > cellWidth - 4, width > 0 { style.size *= max(cellWidth - 4, 4) / width }
        drawing.text(
          cell.text,
          at: Point(bounds.x + cellWidth / 2, bounds.y + cellHeight / 2), style)
      }
    }
  }
}
