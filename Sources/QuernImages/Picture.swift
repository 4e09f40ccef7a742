import QuernErrors

/// A picture for the eye: grey or colour, values from black 0 to white 1.
///
/// Values are those that PNG files and screens hold: they grow with the sRGB curve, not with the
/// light itself.
public struct Picture: Sendable, Equatable {
  /// H, rows.
  public let height: Int
  /// W, columns.
  public let width: Int
  /// C: 1 for grey; 3 for red, green and blue.
  public let channels: Int
  /// (H, W, C), row-major, H·W·C of them; what lies outside 0 … 1 is shown as the nearer end.
  public private(set) var values: [Float]

  /// - Parameters:
  ///   - height: H, rows.
  ///   - width: W, columns.
  ///   - channels: C: 1 for grey; 3 for red, green and blue.
  ///   - values: (H, W, C), row-major.
  /// - Throws: `QuernError` where an extent is below 1, `channels` is neither 1 nor 3, or there are
  ///   more or fewer values than pixels take.
  public init(height: Int, width: Int, channels: Int, values: [Float]) throws {
    let count = try Self.valueCount(height: height, width: width, channels: channels)
    guard values.count == count else {
      throw QuernError(
        .countMismatch, in: "picture", found: "\(values.count) values",
        expected: "\(count), for \(height)×\(width)×\(channels)")
    }
    self.init(height, width, channels, values)
  }

  /// A picture of one colour.
  ///
  /// - Parameters:
  ///   - height: H, rows.
  ///   - width: W, columns.
  ///   - colour: one value for grey, three for red, green and blue.
  /// - Throws: `QuernError` where an extent is below 1, or there are neither 1 nor 3 values.
  public init(height: Int, width: Int, colour: [Float]) throws {
    let count = try Self.valueCount(height: height, width: width, channels: colour.count)
    self.init(height, width, colour.count, [Float](repeating: colour[0], count: count))
    if colour.count > 1 {
      for position in values.indices { values[position] = colour[position % colour.count] }
    }
  }

  /// From parts that are known to fit.
  init(_ height: Int, _ width: Int, _ channels: Int, _ values: [Float]) {
    self.height = height
    self.width = width
    self.channels = channels
    self.values = values
  }

  static func valueCount(height: Int, width: Int, channels: Int) throws -> Int {
    guard height >= 1, width >= 1, channels == 1 || channels == 3 else {
      throw QuernError(
        .badArgument, in: "picture", found: "\(height)×\(width) with \(channels) channels",
        expected: "at least 1×1, with 1 channel (grey) or 3 (colour)")
    }
    let (pixels, tooMany) = height.multipliedReportingOverflow(by: width)
    guard !tooMany, pixels <= Self.maximumPixelCount else {
      throw QuernError(
        .overflow, in: "picture", found: "\(height)×\(width) pixels",
        expected: "at most \(Self.maximumPixelCount) pixels", remedy: "Make it smaller.")
    }
    return pixels * channels
  }

  /// The largest picture there may be, in pixels: 16,384×16,384. A file of a few bytes can claim to
  /// be of any size, so that there must be a bound.
  public static let maximumPixelCount = 1 << 28

  /// The values of a pixel, one for each channel.
  ///
  /// - Precondition: row and column are within the picture.
  public subscript(row: Int, column: Int) -> ArraySlice<Float> {
    let start = (row * width + column) * channels
    return values[start..<start + channels]
  }

  /// The picture with three channels; grey is repeated.
  public var inColour: Picture {
    channels == 3
      ? self : Picture(height, width, 3, values.flatMap { [$0, $0, $0] })
  }

  /// Puts another picture of as many channels over this one, its first pixel at the given place;
  /// what lies outside is left out.
  mutating func place(_ other: Picture, row: Int, column: Int, magnification: Int = 1) {
    let (top, left) = (max(row, 0), max(column, 0))
    let bottom = min(row + other.height * magnification, height)
    let right = min(column + other.width * magnification, width)
    guard other.channels == channels, top < bottom, left < right else { return }
    for y in top..<bottom {
      for x in left..<right {
        let from =
          ((y - row) / magnification * other.width + (x - column) / magnification) * channels
        let to = (y * width + x) * channels
        for c in 0..<channels { values[to + c] = other.values[from + c] }
      }
    }
  }
}
