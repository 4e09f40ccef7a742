/// The slope of a function of one variable in double precision, from values nearby.
struct DifferenceQuotient {
  /// Central, over a step in which the function is smooth; the mean of both sides at a kink.
  var slope: Double
  /// Half of how far the slopes left and right of the point are apart, where it is a kink, as a
  /// rectified unit has; otherwise 0. Any slope between them is right there.
  var spread: Double

  /// Steps to try, the widest first: a kink that lies within one is outside of the next.
  private static let steps = [1e-5, 1e-6, 1e-7]

  /// - Parameters:
  ///   - value: the function at the point.
  ///   - resolution: slopes that differ by less are equal.
  ///   - function: its value at a distance from the point.
  init(value: Double, resolution: Double, _ function: (Double) throws -> Double) rethrows {
    (slope, spread) = (0, 0)
    for step in Self.steps {
      let above = try function(step)
      let below = try function(-step)
      let (right, left) = ((above - value) / step, (value - below) / step)
      slope = (above - below) / (2 * step)
      spread = abs(right - left) / 2
      guard spread > resolution else {
        spread = 0
        return
      }
    }
  }
}
