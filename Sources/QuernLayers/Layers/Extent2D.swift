/// A height and a width: `3` for a square, `Extent2D(k)` for one whose side is a variable,
/// `Extent2D(height: 3, width: 5)` for a rectangle.
public struct Extent2D: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// A square: as many columns as rows.
  public init(_ side: Int) { self.init(height: side, width: side) }

  public init(integerLiteral value: Int) { self.init(value) }

  /// A square, as ``init(_:)`` makes it.
  public static func square(_ extent: Int) -> Self { Self(extent) }

  public var description: String { "\(height)×\(width)" }

  var values: [Int] { [height, width] }
}
