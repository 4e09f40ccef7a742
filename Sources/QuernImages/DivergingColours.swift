/// Colours for numbers with a sign: blue below zero, white at zero, red above.
///
/// They are the eleven of ColorBrewer's scheme "RdBu" (C. Brewer, M. Harrower, 2002), which people
/// who do not tell red from green see as well, with straight lines between them.
public enum DivergingColours {
  private static let stops: [[Float]] =
    [
      [5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [209, 229, 240],
      [247, 247, 247], [253, 219, 199], [244, 165, 130], [214, 96, 77], [178, 24, 43],
      [103, 0, 31],
    ].map { $0.map { $0 / 255 } }

  /// Red, green and blue for −1 … 1; what lies outside is taken for the nearer end, and what is no
  /// number is grey.
  public static func colour(_ value: Float) -> [Float] {
    guard !value.isNaN else { return [0.5, 0.5, 0.5] }
    let place = (min(max(value, -1), 1) + 1) / 2 * Float(stops.count - 1)
    let lower = min(Int(place), stops.count - 2)
    let share = place - Float(lower)
    return zip(stops[lower], stops[lower + 1]).map { $0 + ($1 - $0) * share }
  }

  /// A picture of numbers with a sign.
  ///
  /// - Parameters:
  ///   - values: (H, W), row-major.
  ///   - magnitude: what is shown in full red, and its negative in full blue; nil means the largest
  ///     magnitude there is.
  /// - Throws: `DataError` where the extents are not those of the values.
  public static func picture(
    _ values: [Float], height: Int, width: Int, magnitude: Float? = nil
  ) throws -> Picture {
    let magnitude = magnitude ?? largestMagnitude(values)
    let scale = magnitude > 0 ? 1 / magnitude : 0
    return try Picture(
      height: height, width: width, channels: 3, values: values.flatMap { colour($0 * scale) })
  }

  /// The largest of the magnitudes that are numbers; 0 where there is none.
  public static func largestMagnitude(_ values: some Sequence<Float>) -> Float {
    values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
  }
}
