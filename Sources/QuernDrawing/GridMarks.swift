/// Lines of equal value of a function over the plane, labelled where there is room.
public struct ContourMark: PlotMark, Hashable {
  public var grid: FunctionGrid
  public var levels: [Double]
  public var color: Color?
  /// Whether values are written on the lines.
  public var hasLabels: Bool

  public init(
    _ grid: FunctionGrid, levels: [Double], color: Color? = .outline, hasLabels: Bool = true
  ) {
    self.grid = grid
    self.levels = levels
    self.color = color
    self.hasLabels = hasLabels
  }

  public var corners: [Point] { grid.corners }
  public var fillsArea: Bool { true }

  public func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing) {
    var labels: [(text: String, place: Point)] = []
    for level in levels where level.isFinite {
      var isLabelled = false
      for line in grid.contour(at: level) {
        for part in frame.area.clip(PathMark.thinned(line.map(frame.place), apart: 0.8)) {
          drawing.line(part, Stroke(color, width: 0.9, opacity: 0.8))
          guard hasLabels, !isLabelled,
            let place = Self.labelPlace(part, in: frame.area, besides: labels.map(\.place))
          else { continue }
          labels.append((NumberText.significant(level, digits: 2), place))
          isLabelled = true
        }
      }
    }
    for label in labels {
      drawing.text(
        label.text, at: label.place, TextStyle(size: 9.5, color: .mutedInk, anchor: .middle),
        halo: .white)
    }
  }

  /// A point of a line long enough, far from the border and from other labels.
  private static func labelPlace(
    _ line: [Point], in area: Rectangle, besides others: [Point]
  ) -> Point? {
    let length = zip(line, line.dropFirst()).reduce(0) { $0 + ($1.1 - $1.0).length }
    guard length > 70 else { return nil }
    let inner = area.expanded(by: -22)
    // From the middle outwards.
    return (0..<line.count).lazy.map { step in
      line[(line.count / 2 + (step % 2 == 0 ? step / 2 : line.count - 1 - step / 2)) % line.count]
    }.first { place in
      inner.contains(place)
        && others.allSatisfy { abs($0.x - place.x) > 52 || abs($0.y - place.y) > 20 }
    }
  }
}

/// Areas between levels of a function over the plane, in colours from the lowest to the highest.
public struct ContourBands: PlotMark, Hashable {
  public var grid: FunctionGrid
  public var levels: [Double]
  public var map: ColorMap

  public init(_ grid: FunctionGrid, levels: [Double], map: ColorMap = .haze) {
    self.grid = grid
    self.levels = levels
    self.map = map
  }

  public var color: Color? { map(0.5) }
  public var corners: [Point] { grid.corners }
  public var fillsArea: Bool { true }

  public func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing) {
    let levels = levels.filter(\.isFinite).sorted()
    let bounds = Self.bounds(grid, in: frame)
    guard bounds.width > 0, bounds.height > 0 else { return }
    drawing.rectangle(bounds, fill: map(0))
    // Each band covers what lies above its level; the next one covers it in turn.
    for (number, level) in levels.enumerated() {
      let path = path(above: level, in: frame)
      guard !path.isEmpty else { continue }
      let fill = map(Double(number + 1) / Double(levels.count)).hex
      // The stroke closes the hairlines that viewers leave between neighbouring areas.
      drawing.add(
        SVGElement(
          "path", ["d": path, "fill": fill, "stroke": fill, "stroke-width": "0.6"]))
    }
  }

  static func bounds(_ grid: FunctionGrid, in frame: PlotFrame) -> Rectangle {
    let (a, b) = (frame.place(grid.corners[0]), frame.place(grid.corners[1]))
    let left = max(min(a.x, b.x), frame.area.x)
    let top = max(min(a.y, b.y), frame.area.y)
    return Rectangle(
      x: left, y: top, width: min(max(a.x, b.x), frame.area.maxX) - left,
      height: min(max(a.y, b.y), frame.area.maxY) - top)
  }

  /// The parts of all cells that lie above a level; runs of whole cells as one rectangle.
  private func path(above level: Double, in frame: PlotFrame) -> String {
    var path = ""
    func add(_ corners: [(column: Double, row: Double)]) {
      let places = corners.map { frame.place(grid.location(column: $0.column, row: $0.row)) }
      guard places.allSatisfy({ frame.area.expanded(by: 0.5).contains($0) }) else { return }
      path += Drawing.compactArea(places)
    }
    for row in 0..<grid.rows - 1 {
      var runStart: Int?
      func endRun(_ column: Int) {
        guard let start = runStart else { return }
        let (left, right) = (Double(start), Double(column))
        let (lower, upper) = (Double(row), Double(row + 1))
        add([(left, lower), (right, lower), (right, upper), (left, upper)])
        runStart = nil
      }
      for column in 0..<grid.columns - 1 {
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map { (column + $0.0, row + $0.1) }
        let values = corners.map { grid[$0.0, $0.1] }
        // What is no number is nowhere above; what is beyond all numbers is.
        if values.contains(where: \.isNaN) || values.allSatisfy({ $0 < level }) {
          endRun(column)
        } else if values.allSatisfy({ $0 >= level }) {
          if runStart == nil { runStart = column }
        } else {
          endRun(column)
          var polygon: [(column: Double, row: Double)] = []
          for side in 0..<4 {
            let (from, to) = (corners[side], corners[(side + 1) % 4])
            let (start, end) = (values[side], values[(side + 1) % 4])
            if start >= level { polygon.append((Double(from.0), Double(from.1))) }
            if (start >= level) != (end >= level) {
              let share = start.isFinite && end.isFinite ? (level - start) / (end - start) : 0.5
              polygon.append(
                (
                  Double(from.0) + Double(to.0 - from.0) * share,
                  Double(from.1) + Double(to.1 - from.1) * share
                ))
            }
          }
          add(polygon)
        }
      }
      endRun(grid.columns - 1)
    }
    return path
  }
}

/// A function over the plane as coloured cells, one around each point of its grid.
public struct HeatMap: PlotMark, Hashable {
  public var grid: FunctionGrid
  public var map: ColorMap
  /// What gets the first and the last colour; nil for the smallest and the largest value.
  public var range: ClosedRange<Double>?

  /// How many colours are told apart: more are not seen, and make the file larger.
  private static let colorCount = 64

  public init(_ grid: FunctionGrid, map: ColorMap = .viridis, range: ClosedRange<Double>? = nil) {
    self.grid = grid
    self.map = map
    self.range = range
  }

  public var color: Color? { map(0.5) }
  public var corners: [Point] { grid.corners }
  public var fillsArea: Bool { true }

  public func draw(in frame: PlotFrame, color: Color, into drawing: inout Drawing) {
    guard let range = range ?? grid.extremes else { return }
    let bounds = ContourBands.bounds(grid, in: frame)
    let length = range.upperBound - range.lowerBound
    // One path a colour, each of runs of cells.
    var paths = [String](repeating: "", count: Self.colorCount)
    for row in 0..<grid.rows {
      var column = 0
      while column < grid.columns {
        let shade = shade(grid[column, row], from: range.lowerBound, length: length)
        var end = column + 1
        while end < grid.columns,
          self.shade(grid[end, row], from: range.lowerBound, length: length) == shade
        {
          end += 1
        }
        if let shade {
          let corners = [(column, row), (end, row), (end, row + 1), (column, row + 1)].map {
            let place = frame.place(
              grid.location(column: Double($0.0) - 0.5, row: Double($0.1) - 0.5))
            return Point(
              min(max(place.x, bounds.x), bounds.maxX), min(max(place.y, bounds.y), bounds.maxY))
          }
          paths[shade] += Drawing.compactArea(corners)
        }
        column = end
      }
    }
    for (shade, path) in paths.enumerated() where !path.isEmpty {
      let fill = map(Double(shade) / Double(Self.colorCount - 1)).hex
      drawing.add(
        SVGElement("path", ["d": path, "fill": fill, "shape-rendering": "crispEdges"]))
    }
  }

  private func shade(_ value: Double, from low: Double, length: Double) -> Int? {
    guard !value.isNaN else { return nil }
    let share = length > 0 ? min(max((value - low) / length, 0), 1) : 0.5
    return Int((share * Double(Self.colorCount - 1)).rounded())
  }
}
