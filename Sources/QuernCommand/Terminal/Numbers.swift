/// Numbers as people read them.
enum Numbers {
  /// 1347510 as "1,347,510".
  static func grouped(_ value: Int) -> String {
    var digits = String(value.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.append(String(digits.suffix(3)))
      digits.removeLast(3)
    }
    return (value < 0 ? "-" : "") + ([digits] + groups.reversed()).joined(separator: ",")
  }

  /// A number with so many decimals; "–" for what is not finite.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return value.isFinite ? "\(value)" : "–" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    let whole = Int((scaled / scale).rounded(.down))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + grouped(whole) }
    let fraction = String(Int(scaled - Double(whole) * scale))
    let zeros = String(repeating: "0", count: max(decimals - fraction.count, 0))
    return sign + grouped(whole) + "." + zeros + fraction
  }

  /// Three or four significant digits: for milliseconds, which may be 0.0123 or 12345.
  static func significant(_ value: Double) -> String {
    switch abs(value) {
    case ..<0.1: fixed(value, 4)
    case ..<1: fixed(value, 3)
    case ..<100: fixed(value, 2)
    case ..<1000: fixed(value, 1)
    default: fixed(value, 0)
    }
  }

  /// A share as a percentage.
  static func percent(_ share: Double, _ decimals: Int = 1) -> String {
    fixed(share * 100, decimals) + " %"
  }

  /// Bytes in the largest fitting unit.
  static func bytes(_ count: Int) -> String {
    switch count {
    case ..<1024: "\(count) B"
    case ..<(1 << 20): fixed(Double(count) / 1024, 1) + " KiB"
    case ..<(1 << 30): fixed(Double(count) / Double(1 << 20), 1) + " MiB"
    default: fixed(Double(count) / Double(1 << 30), 2) + " GiB"
    }
  }

  /// A duration in the fitting unit.
  static func seconds(_ value: Double) -> String {
    switch value {
    case ..<1: fixed(value * 1000, 0) + " ms"
    case ..<60: fixed(value, 1) + " s"
    default: "\(Int(value) / 60) min \(Int(value) % 60) s"
    }
  }
}
