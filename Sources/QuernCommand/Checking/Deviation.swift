/// How far a tensor's values are from what they should be.
enum Deviation {
  /// The largest difference relative to the largest value expected; NaN where a value is.
  ///
  /// - Parameters:
  ///   - allowance: differences up to this count as none.
  ///   - floor: a largest value below this counts as this.
  static func relative(
    _ values: [Double], _ expected: [Double], allowance: Double = 0, floor: Double = 1e-30
  ) -> Double {
    guard values.count == expected.count else { return .nan }
    var largest = floor
    var difference = 0.0
    for (value, wanted) in zip(values, expected) {
      let distance = abs(value - wanted)
      guard distance.isFinite else { return .nan }
      largest = max(largest, abs(wanted))
      difference = max(difference, distance)
    }
    return max(difference - allowance, 0) / largest
  }

  /// `1.2e-07`, for a column of them.
  static func text(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    guard value > 0 else { return "0" }
    var exponent = 0
    var mantissa = value
    while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    let digits = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
    return Numbers.fixed(mantissa, 1) + "e" + (exponent < 0 ? "-" : "+") + digits
  }
}
