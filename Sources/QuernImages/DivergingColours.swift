import QuernDrawing

/// Colours for numbers with a sign: blue below zero, white at zero, red above; `ColorMap.diverging`.
public enum DivergingColours {
  /// Red, green and blue for −1 … 1; what lies outside is taken for the nearer end, and what is no
  /// number is grey.
  public static func colour(_ value: Float) -> [Float] {
    guard !value.isNaN else { return [0.5, 0.5, 0.5] }
    let color = ColorMap.diverging((Double(value) + 1) / 2)
    return [color.red, color.green, color.blue].map { Float($0) / 255 }
  }

  /// A picture of numbers with a sign.
  ///
  /// - Parameters:
  ///   - values: (H, W), row-major.
  ///   - height: H, rows.
  ///   - width: W, columns.
  ///   - magnitude: what is shown in full red, and its negative in full blue; nil means the largest
  ///     magnitude there is.
  /// - Throws: `QuernError` where the extents are not those of the values.
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
