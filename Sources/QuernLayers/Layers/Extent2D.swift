/// A height and a width: `3` for a square, `Extent2D(height: 3, width: 5)`, `.square(k)`.
public struct Extent2D: Sendable, Hashable, ExpressibleByIntegerLiteral {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public init(integerLiteral value: Int) { self.init(height: value, width: value) }

  /// As many columns as rows.
  public static func square(_ extent: Int) -> Self { Self(height: extent, width: extent) }

  var values: [Int] { [height, width] }
}
