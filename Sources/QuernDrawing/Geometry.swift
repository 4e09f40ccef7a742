/// A place: in a drawing, x to the right and y downwards, in pixels; in a plot, in the axes' units.
public struct Point: Hashable, Sendable {
  public var x: Double
  public var y: Double

  public init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }

  public static func + (a: Self, b: Self) -> Self { Point(a.x + b.x, a.y + b.y) }
  public static func - (a: Self, b: Self) -> Self { Point(a.x - b.x, a.y - b.y) }
  public static func * (a: Self, scale: Double) -> Self { Point(a.x * scale, a.y * scale) }

  /// The Euclidean distance from the origin.
  public var length: Double { (x * x + y * y).squareRoot() }
  /// Neither coordinate is infinite or not a number.
  public var isFinite: Bool { x.isFinite && y.isFinite }
}

/// A rectangle whose sides are parallel to the axes.
public struct Rectangle: Hashable, Sendable {
  /// The left side.
  public var x: Double
  /// The upper side.
  public var y: Double
  public var width: Double
  public var height: Double

  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  public init(center: Point, width: Double, height: Double) {
    self.init(x: center.x - width / 2, y: center.y - height / 2, width: width, height: height)
  }

  public var maxX: Double { x + width }
  public var maxY: Double { y + height }
  public var center: Point { Point(x + width / 2, y + height / 2) }

  /// The same center, each side further out by this much.
  public func expanded(by margin: Double) -> Rectangle {
    Rectangle(
      x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin)
  }

  /// Points on the sides belong to it.
  public func contains(_ point: Point) -> Bool {
    x <= point.x && point.x <= maxX && y <= point.y && point.y <= maxY
  }

  /// The part of a segment that lies inside, or nil (Liang and Barsky's algorithm).
  public func clip(from start: Point, to end: Point) -> (start: Point, end: Point)? {
    guard start.isFinite, end.isFinite else { return nil }
    let delta = end - start
    var (entry, exit) = (0.0, 1.0)
    for (direction, room) in [
      (-delta.x, start.x - x), (delta.x, maxX - start.x),
      (-delta.y, start.y - y), (delta.y, maxY - start.y),
    ] {
      if direction == 0 {
        if room < 0 { return nil }
      } else if direction < 0 {
        entry = max(entry, room / direction)
      } else {
        exit = min(exit, room / direction)
      }
    }
    guard entry <= exit else { return nil }
    // The ends themselves stay as they are, to the last bit, where nothing is cut off.
    return (
      entry == 0 ? start : start + delta * entry, exit == 1 ? end : start + delta * exit
    )
  }

  /// The parts of a line through points that lie inside; points that are not finite break it.
  public func clip(_ line: [Point]) -> [[Point]] {
    var parts: [[Point]] = []
    var part: [Point] = []
    for (start, end) in zip(line, line.dropFirst()) {
      if let inside = clip(from: start, to: end) {
        if part.last != inside.start {
          if part.count > 1 { parts.append(part) }
          part = [inside.start]
        }
        part.append(inside.end)
      } else {
        if part.count > 1 { parts.append(part) }
        part = []
      }
    }
    if part.count > 1 { parts.append(part) }
    return parts
  }
}
