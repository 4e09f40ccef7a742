#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A function's values at the points of a grid.
public struct FunctionGrid: Hashable, Sendable {
  public let x: ClosedRange<Double>
  public let y: ClosedRange<Double>
  /// Points along x and y, at least 2 each.
  public let columns: Int
  public let rows: Int
  /// Row after row, from the smallest y up; `rows` × `columns`.
  public let values: [Double]

  /// - Parameters:
  ///   - x: from the first column to the last.
  ///   - y: from the first row to the last.
  ///   - columns: points along x.
  ///   - rows: points along y.
  ///   - values: row after row, from the smallest y up; `nan` for what is not known.
  /// - Returns: nil where there are fewer than 2×2 points, another number of values than points, or
  ///   a range is empty or not finite.
  public init?(
    x: ClosedRange<Double>, y: ClosedRange<Double>, columns: Int, rows: Int, values: [Double]
  ) {
    guard columns >= 2, rows >= 2, values.count == columns * rows,
      (x.upperBound - x.lowerBound).isFinite, (y.upperBound - y.lowerBound).isFinite,
      x.lowerBound < x.upperBound, y.lowerBound < y.upperBound
    else { return nil }
    self.x = x
    self.y = y
    self.columns = columns
    self.rows = rows
    self.values = values
  }

  /// The points of a grid in the order of its values.
  public static func points(
    x: ClosedRange<Double>, y: ClosedRange<Double>, columns: Int, rows: Int
  ) -> [Point] {
    func at(_ range: ClosedRange<Double>, _ number: Int, _ count: Int) -> Double {
      range.lowerBound
        + (range.upperBound - range.lowerBound) * Double(number) / Double(max(count - 1, 1))
    }
    return (0..<max(rows, 0)).flatMap { row in
      (0..<max(columns, 0)).map { Point(at(x, $0, columns), at(y, row, rows)) }
    }
  }

  public subscript(column: Int, row: Int) -> Double { values[row * columns + column] }

  /// Where a point of the grid lies; fractions lie between points.
  func location(column: Double, row: Double) -> Point {
    Point(
      x.lowerBound + (x.upperBound - x.lowerBound) * column / Double(columns - 1),
      y.lowerBound + (y.upperBound - y.lowerBound) * row / Double(rows - 1))
  }

  /// The corners of the area.
  var corners: [Point] {
    [Point(x.lowerBound, y.lowerBound), Point(x.upperBound, y.upperBound)]
  }

  /// The smallest and the largest value; nil where none is finite.
  public var extremes: ClosedRange<Double>? {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    return low...high
  }

  /// Levels for contour lines, from the second lowest up.
  ///
  /// - Parameters:
  ///   - count: how many levels.
  ///   - spacing: linear levels are evenly spaced; logarithmic ones are so in the logarithm of the
  ///     height above the lowest value, which shows the floor of a valley that walls dwarf.
  public func levels(_ count: Int, _ spacing: PlotAxis.Spacing = .linear) -> [Double] {
    guard count > 0, let extremes, extremes.lowerBound < extremes.upperBound else { return [] }
    let (low, height) = (extremes.lowerBound, extremes.upperBound - extremes.lowerBound)
    return (1...count).map { number in
      let share = Double(number) / Double(count + 1)
      // Four decades below the walls are enough to see the floor.
      let part = height * (spacing == .linear ? share : pow(10, -4 * (1 - share)))
      return low + Self.rounded(part)
    }
  }

  /// To three significant digits, so that labels are short.
  private static func rounded(_ value: Double) -> Double {
    let unit = pow(10, Double(NumberText.exponent(of: value) - 2))
    return unit.isNormal ? (value / unit).rounded() * unit : value
  }
}

extension FunctionGrid {
  /// The lines on which the function, linear between neighbouring points, has a value: marching
  /// squares. Cells with a corner that is not finite have none.
  ///
  /// - Returns: lines in the grid's units; a closed one ends where it begins.
  public func contour(at level: Double) -> [[Point]] {
    // A crossing lies on an edge between neighbouring points; its key tells which.
    var neighbours: [Int: [Int]] = [:]
    var order: [Int] = []
    func connect(_ a: Int, _ b: Int) {
      for (key, other) in [(a, b), (b, a)] {
        if neighbours[key] == nil { order.append(key) }
        neighbours[key, default: []].append(other)
      }
    }
    func horizontal(_ column: Int, _ row: Int) -> Int { 2 * (row * columns + column) }
    func vertical(_ column: Int, _ row: Int) -> Int { 2 * (row * columns + column) + 1 }

    for row in 0..<rows - 1 {
      for column in 0..<columns - 1 {
        let corners = [
          self[column, row], self[column + 1, row], self[column + 1, row + 1],
          self[column, row + 1],
        ]
        guard corners.allSatisfy(\.isFinite) else { continue }
        let above = corners.map { $0 >= level }
        // In the order of the sides: below, right, above, left.
        let sides = [
          horizontal(column, row), vertical(column + 1, row), horizontal(column, row + 1),
          vertical(column, row),
        ]
        let crossed = (0..<4).filter { above[$0] != above[($0 + 1) % 4] }
        if crossed.count == 2 {
          connect(sides[crossed[0]], sides[crossed[1]])
        } else if crossed.count == 4 {
          // A saddle: the middle decides which corners hang together.
          let isMiddleAbove = corners.reduce(0, +) / 4 >= level
          if isMiddleAbove == above[0] {
            connect(sides[0], sides[1])
            connect(sides[2], sides[3])
          } else {
            connect(sides[3], sides[0])
            connect(sides[1], sides[2])
          }
        }
      }
    }
    return Self.chains(order, neighbours).map { $0.map { crossing($0, at: level) } }
  }

  private func crossing(_ key: Int, at level: Double) -> Point {
    let (column, row) = (key / 2 % columns, key / 2 / columns)
    let isVertical = key % 2 == 1
    let start = self[column, row]
    let end = isVertical ? self[column, row + 1] : self[column + 1, row]
    let share = start == end ? 0.5 : (level - start) / (end - start)
    return location(
      column: Double(column) + (isVertical ? 0 : share),
      row: Double(row) + (isVertical ? share : 0))
  }

  /// Lines from crossings that each have one neighbour or two.
  private static func chains(_ order: [Int], _ neighbours: [Int: [Int]]) -> [[Int]] {
    var isUsed = Set<Int>()
    func walk(from start: Int) -> [Int] {
      var chain = [start]
      isUsed.insert(start)
      while let next = neighbours[chain[chain.count - 1]]?.first(where: { !isUsed.contains($0) }) {
        isUsed.insert(next)
        chain.append(next)
      }
      if chain.count > 2, neighbours[start]?.count == 2,
        neighbours[chain[chain.count - 1]]?.contains(start) == true
      {
        chain.append(start)
      }
      return chain
    }
    // Open lines from their ends first; what is left is closed.
    var chains: [[Int]] = []
    for key in order where neighbours[key]?.count == 1 && !isUsed.contains(key) {
      chains.append(walk(from: key))
    }
    for key in order where !isUsed.contains(key) { chains.append(walk(from: key)) }
    return chains
  }
}
