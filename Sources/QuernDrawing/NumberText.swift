#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numbers in drawings. Equal numbers give equal text, whatever the locale.
public enum NumberText {
  /// What becomes of zeros at the end of the decimals.
  public enum TrailingZeros: Hashable, Sendable {
    /// 2.5 with three decimals is `2.500`.
    case kept
    /// 2.5 with three decimals is `2.5`.
    case dropped
  }

  /// A coordinate: at most two decimals, no more digits than needed, `0` for what is not a number.
  static func coordinate(_ value: Double) -> String {
    // This is far outside any drawing. Some viewers fail on larger numbers.
    let limit = 1e7
    guard !value.isNaN else { return "0" }
    return decimal(min(max(value, -limit), limit), decimals: 2, trailingZeros: .dropped)
  }

  /// A number with so many decimals and a true minus sign.
  public static func fixed(
    _ value: Double, decimals: Int, trailingZeros: TrailingZeros = .kept
  ) -> String {
    guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "−∞" : "∞" }
    guard abs(value) < 1e15 else { return scientific(value, digits: 3) }
    let text = decimal(value, decimals: min(max(decimals, 0), 12), trailingZeros: trailingZeros)
    return text.first == "-" ? "−" + text.dropFirst() : text
  }

  /// A number with so many significant digits, without trailing zeros: `0.25`. A very large or small
  /// one is written with a power of ten: 1,250,000 is `1.25×10⁶`.
  public static func significant(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    let exponent = exponent(of: value)
    if exponent < -4 || exponent > 5 { return scientific(value, digits: digits) }
    return fixed(value, decimals: max(digits - 1 - exponent, 0), trailingZeros: .dropped)
  }

  /// `1.25×10⁶`, and `10⁶` where the number is a power of ten.
  public static func scientific(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    var exponent = exponent(of: value)
    var mantissa = fixed(
      value / pow(10, Double(exponent)), decimals: max(digits - 1, 0), trailingZeros: .dropped)
    if mantissa == "10" || mantissa == "−10" {
      exponent += 1
      mantissa = mantissa == "10" ? "1" : "−1"
    }
    switch mantissa {
    case "1": return powerOfTen(exponent)
    case "−1": return "−" + powerOfTen(exponent)
    default: return mantissa + "×" + powerOfTen(exponent)
    }
  }

  /// `10⁻³`.
  static func powerOfTen(_ exponent: Int) -> String {
    let raised: [Character: Character] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
      "8": "⁸", "9": "⁹",
    ]
    return "10" + String(String(exponent).map { raised[$0] ?? $0 })
  }

  /// ⌊log₁₀|value|⌋.
  static func exponent(of value: Double) -> Int {
    // At most six digits are kept, so what is barely below a power of ten counts as that power.
    Int((log10(abs(value)) + 1e-12).rounded(.down))
  }

  private static func decimal(
    _ value: Double, decimals: Int, trailingZeros: TrailingZeros
  ) -> String {
    let scale = pow(10, Double(decimals))
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 0x1p63 else { return "\(value)" }
    var digits = String(Int64(scaled))
    if digits.count <= decimals {
      digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits
    }
    var text = String(digits.dropLast(decimals))
    var fraction = digits.suffix(decimals)
    if trailingZeros == .dropped { while fraction.last == "0" { fraction.removeLast() } }
    if !fraction.isEmpty { text += "." + fraction }
    return value < 0 && scaled > 0 ? "-" + text : text
  }
}
