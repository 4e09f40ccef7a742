import QuernErrors

/// Small pictures on one sheet, in rows: a contact sheet.
///
/// Pixels are magnified as squares, since what matters of a filter is each of its numbers.
public struct Montage: Sendable {
  /// Pictures beside each other; nil makes a sheet that is about square and whose rows are full.
  public var columns: Int?
  /// Pixels of the sheet for the side of a picture's pixel, at least 1.
  public var magnification: Int
  /// Pixels of the sheet between pictures and around them.
  public var gap: Int
  /// What is seen in the gaps: red, green and blue.
  public var background: [Float]

  public init(
    columns: Int? = nil, magnification: Int = 1, gap: Int = 2,
    background: [Float] = [0.27, 0.29, 0.32]
  ) {
    self.columns = columns
    self.magnification = magnification
    self.gap = gap
    self.background = background
  }

  /// The magnification with which the larger side of a picture is about 64 pixels.
  public static func magnification(height: Int, width: Int) -> Int {
    max(64 / max(height, width, 1), 1)
  }

  /// Columns for so many pictures: the fewest, from the square root on, that leave no row half
  /// empty; where that would make a band of the sheet, the square root.
  public static func columns(count: Int) -> Int {
    var root = 1
    while root * root < count { root += 1 }
    return (root...max(root * 3 / 2, root)).first { count % $0 == 0 } ?? root
  }

  /// The sheet, in colour.
  ///
  /// - Parameter pictures: at least one; each lies in the corner of a cell of the largest's size.
  /// - Throws: `QuernError` where there are none, a number is out of range, or the sheet would be too
  ///   large.
  public func sheet(_ pictures: [Picture]) throws -> Picture {
    let columns = columns ?? Self.columns(count: pictures.count)
    guard !pictures.isEmpty, columns >= 1, magnification >= 1, gap >= 0, background.count == 3
    else {
      throw QuernError(
        .badArgument, in: "montage",
        found: "\(pictures.count) pictures, \(columns) columns, magnification \(magnification), "
          + "gap \(gap)", expected: "at least 1 of each, and a gap of at least 0")
    }
    let rows = (pictures.count + columns - 1) / columns
    let height = try extent(cells: rows, pictures.reduce(1) { max($0, $1.height) })
    let width = try extent(cells: columns, pictures.reduce(1) { max($0, $1.width) })
    var sheet = try Picture(height: height.total, width: width.total, colour: background)
    for (number, picture) in pictures.enumerated() {
      sheet.place(
        picture.inColour, row: gap + number / columns * height.step,
        column: gap + number % columns * width.step, magnification: magnification)
    }
    return sheet
  }

  private func extent(cells: Int, _ side: Int) throws -> (total: Int, step: Int) {
    let (magnified, tooLarge) = side.multipliedReportingOverflow(by: magnification)
    let (step, tooWide) = magnified.addingReportingOverflow(gap)
    let (inner, tooMany) = step.multipliedReportingOverflow(by: cells)
    let (total, tooLong) = inner.addingReportingOverflow(gap)
    guard !tooLarge, !tooWide, !tooMany, !tooLong else {
      throw QuernError(
        .overflow, in: "montage", found: "\(cells) cells of \(side)×\(magnification) pixels",
        expected: "a sheet of at most \(Picture.maximumPixelCount) pixels",
        remedy: "Show fewer pictures, or magnify less.")
    }
    return (total, step)
  }
}
