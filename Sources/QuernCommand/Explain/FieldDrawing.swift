import Quern
import QuernDrawing
import QuernExplain

/// Draws the receptive field of one output, in the terminal and as SVG.
enum FieldDrawing {
  /// The most cells along a side. Of larger pictures a cell is a block of pixels.
  private static let largestSide = 96

  /// The picture, brighter where the gradient is larger, and lines about what was found.
  static func lines(_ field: MeasuredField, width: Int) -> [String] {
    let blocks = Blocks(field, largestSide: max(min(width - 2, largestSide), 8))
    let picture = TerminalPicture.lines(
      blocks.levels, height: blocks.height, width: blocks.width, range: 0...1)
    // Pixels that are not seen are blank, so the picture needs a frame.
    let rule = String(repeating: "─", count: blocks.width)
    var lines = [headline(field), "┌\(rule)┐"]
    lines += picture.map { "│\($0)│" }
    lines.append("└\(rule)┘")
    if blocks.side > 1 { lines.append("one character is \(blocks.side)×\(2 * blocks.side) pixels") }
    lines.append(
      "composed: rows \(text(field.composedRows)), columns \(text(field.composedColumns))")
    lines.append(
      "measured: rows \(text(field.measuredRows)), columns \(text(field.measuredColumns)); "
        + "\(Numbers.grouped(field.measuredPixels)) pixels, \(field.draws) draws: "
        + (field.agrees ? "the same" : "NOT the same"))
    if field.agrees, !field.fillsItsBox {
      lines.append(
        "Not every pixel in these rows and columns is seen: branches differ, or more draws of "
          + "max-pooling would find it.")
    }
    return lines
  }

  static func drawing(_ field: MeasuredField, network: String) -> Drawing {
    let blocks = Blocks(field, largestSide: largestSide)
    let unseen = Color.paleGray
    let map = ColorMap([Color(0xc6dbef), Color(0x6baed6), Color(0x2171b5), Color(0x08306b)])
    let cells = (0..<blocks.height).map { y in
      (0..<blocks.width).map { x -> CellGrid.Cell in
        let level = blocks.levels[y * blocks.width + x]
        return CellGrid.Cell(fill: level > 0 ? map(Double(level)) : unseen)
      }
    }
    var grid = CellGrid(
      "\(network): \(headline(field))", cells, rows: .init("row"), columns: .init("column"),
      cellWidth: blocks.width > 48 ? 8 : 14, cellHeight: blocks.width > 48 ? 8 : 14,
      gridColor: blocks.width > 48 ? nil : .white)
    if let rows = blocks.range(field.composedRows),
      let columns = blocks.range(field.composedColumns)
    {
      grid.frames = [.init(rows: rows, columns: columns, color: .vermilion, width: 2)]
    }
    return grid.drawing()
  }

  private static func headline(_ field: MeasuredField) -> String {
    let position = field.position.map(String.init).joined(separator: ", ")
    let box = "\(extent(field.composedRows))×\(extent(field.composedColumns))"
    return "what \(field.layer) at (\(position)) sees: \(box) of \(field.height)×\(field.width)"
  }

  private static func extent(_ positions: [Int]) -> Int {
    guard let first = positions.first, let last = positions.last else { return 0 }
    return last - first + 1
  }

  /// `3 … 9`, or a list of them where some between are missing.
  private static func text(_ positions: [Int]) -> String {
    guard let first = positions.first, let last = positions.last else { return "none" }
    if positions.count == last - first + 1 {
      return first == last ? "\(first)" : "\(first) … \(last)"
    }
    let shown = positions.prefix(12).map(String.init).joined(separator: ", ")
    return positions.count > 12 ? "\(shown), … \(last) (\(positions.count) of them)" : shown
  }

  /// A picture's gradients by square blocks of pixels, few enough to be drawn.
  private struct Blocks {
    /// Pixels along a side of a block.
    let side: Int
    let height: Int
    let width: Int
    /// The largest gradient in each block: 0 where no pixel is seen, else from 0.25, which can be told
    /// from 0, to 1.
    let levels: [Float]

    init(_ field: MeasuredField, largestSide: Int) {
      side = (max(field.height, field.width) + largestSide - 1) / largestSide
      (height, width) = ((field.height + side - 1) / side, (field.width + side - 1) / side)
      var largest = [Float](repeating: 0, count: height * width)
      for (place, weight) in field.weights.enumerated() where weight > 0 {
        let block = place / field.width / side * width + place % field.width / side
        // Gradients fall off fast from the middle. Square roots of them are easier to see.
        largest[block] = max(largest[block], 0.25 + 0.75 * weight.squareRoot())
      }
      levels = largest
    }

    /// The blocks from the first position through the last.
    func range(_ positions: [Int]) -> Range<Int>? {
      guard let first = positions.first, let last = positions.last else { return nil }
      return first / side..<last / side + 1
    }
  }
}
