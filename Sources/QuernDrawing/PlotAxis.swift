#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One of a plot's two axes.
public struct PlotAxis: Hashable, Sendable {
  public enum Spacing: String, Hashable, Sendable {
    case linear
    /// Equal steps multiply by equal factors; only numbers above zero have a place.
    case logarithmic
  }

  /// What is measured, with its unit in brackets.
  public var label: String
  public var spacing: Spacing
  /// What is shown; nil for what the data take, and some room around them.
  public var range: ClosedRange<Double>?
  /// Whether only whole numbers get a tick: for counts, epochs, steps.
  public var isIntegral: Bool
  /// Whether a range that is found begins at zero: where lengths are compared.
  public var includesZero: Bool

  public init(
    _ label: String = "", _ spacing: Spacing = .linear, range: ClosedRange<Double>? = nil,
    isIntegral: Bool = false, includesZero: Bool = false
  ) {
    self.label = label
    self.spacing = spacing
    self.range = range
    self.isIntegral = isIntegral
    self.includesZero = includesZero
  }

  /// Whether a number has a place on the axis.
  func holds(_ value: Double) -> Bool {
    value.isFinite && (spacing == .linear || value > 0)
  }

  /// What is shown for data of the given extremes.
  ///
  /// - Parameter padding: room at either end, as a share of the data's length.
  func domain(of data: ClosedRange<Double>?, padding: Double) -> ClosedRange<Double> {
    if let range, holds(range.lowerBound), holds(range.upperBound),
      range.lowerBound < range.upperBound
    {
      return range
    }
    guard let data, holds(data.lowerBound), holds(data.upperBound) else {
      return spacing == .linear ? 0...1 : 0.1...1
    }
    switch spacing {
    case .linear:
      var (low, high) = (data.lowerBound, data.upperBound)
      if includesZero { (low, high) = (min(low, 0), max(high, 0)) }
      if low == high {
        let room = low == 0 ? 1 : abs(low) * 0.1
        return (low - room)...(high + room)
      }
      let room = (high - low) * padding
      // Data that begin at zero are not given a place below it.
      return (low == 0 ? 0 : low - room)...(high == 0 ? 0 : high + room)
    case .logarithmic:
      let (low, high) = (log10(data.lowerBound), log10(data.upperBound))
      let room = low == high ? 0.5 : (high - low) * padding
      return max(
        pow(10, low - room), .leastNormalMagnitude)...min(
          pow(10, high + room), .greatestFiniteMagnitude)
    }
  }
}

/// Where numbers come to lie along an axis.
public struct PlotScale: Hashable, Sendable {
  public let spacing: PlotAxis.Spacing
  /// The numbers at the ends.
  public let domain: ClosedRange<Double>
  /// The pixels at the ends; the first may be the larger, as in y.
  public let start: Double
  public let end: Double

  public init(
    _ spacing: PlotAxis.Spacing, domain: ClosedRange<Double>, start: Double, end: Double
  ) {
    self.spacing = spacing
    self.domain = domain
    self.start = start
    self.end = end
  }

  /// The pixel of a number, also beyond the ends; not finite where the number has no place.
  public func callAsFunction(_ value: Double) -> Double {
    let share: Double
    switch spacing {
    case .linear:
      share = (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
    case .logarithmic:
      guard value > 0 else { return .nan }
      share = log(value / domain.lowerBound) / log(domain.upperBound / domain.lowerBound)
    }
    return start + share * (end - start)
  }
}

/// A mark on an axis.
public struct PlotTick: Hashable, Sendable {
  public var value: Double
  /// Empty for small marks between the others.
  public var label: String
}

extension PlotTick {
  /// About `count` round numbers within a range, with labels of as many digits as tell them apart.
  public static func ticks(
    _ domain: ClosedRange<Double>, spacing: PlotAxis.Spacing = .linear, count: Int = 6,
    isIntegral: Bool = false
  ) -> [PlotTick] {
    switch spacing {
    case .linear: linear(domain, count: count, isIntegral: isIntegral)
    case .logarithmic: logarithmic(domain, count: count)
    }
  }

  /// Multiples of 1, 2 or 5 times a power of ten.
  private static func linear(
    _ domain: ClosedRange<Double>, count: Int, isIntegral: Bool
  ) -> [PlotTick] {
    let length = domain.upperBound - domain.lowerBound
    guard length > 0, length.isFinite else { return [] }
    let rough = length / Double(max(count, 1))
    var exponent = NumberText.exponent(of: rough)
    let mantissa = rough / pow(10, Double(exponent))
    // Bounds are the geometric means of neighbours.
    var factor = mantissa < 1.41 ? 1.0 : mantissa < 3.16 ? 2 : mantissa < 7.07 ? 5 : 10
    if isIntegral, exponent < 0 { (exponent, factor) = (0, 1) }
    let step = factor * pow(10, Double(exponent))
    let first = (domain.lowerBound / step - 1e-9).rounded(.up)
    let last = (domain.upperBound / step + 1e-9).rounded(.down)
    // Steps too fine for the numbers' precision would never end.
    guard step > 0, last - first < 1000, abs(first) < 1e15, abs(last) < 1e15 else { return [] }
    let decimals = max(-exponent - (factor == 10 ? 1 : 0), 0)
    let largest = max(abs(domain.lowerBound), abs(domain.upperBound))
    return stride(from: first, through: last, by: 1).map { number in
      let value = number * step
      let label =
        decimals > 5 || largest >= 1e6
        ? NumberText.scientific(value, digits: 4) : NumberText.fixed(value, decimals: decimals)
      return PlotTick(value: value, label: label)
    }
  }

  /// Powers of ten, every so many of them that there is room; within two decades also 2 and 5 times
  /// them. Between neighbouring powers, marks without a label.
  private static func logarithmic(_ domain: ClosedRange<Double>, count: Int) -> [PlotTick] {
    guard domain.lowerBound > 0, domain.upperBound.isFinite else { return [] }
    let (low, high) = (log10(domain.lowerBound), log10(domain.upperBound))
    guard low < high else { return [] }
    if high - low < 0.7 { return linear(domain, count: count, isIntegral: false) }
    let every = max(Int(((high - low) / Double(max(count, 1))).rounded(.up)), 1)
    let labelled: [Double] = high - low <= 2 ? [1, 2, 5] : [1]
    // Numbers in full or powers of ten, but not some of each.
    let isPlain = low >= -3 - 1e-9 && high <= 4 + 1e-9
    var ticks: [PlotTick] = []
    for exponent in Int(low.rounded(.down))...Int(high.rounded(.up)) {
      let power = pow(10, Double(exponent))
      for factor in every == 1 ? Array(1...9) : [1] {
        let value = power * Double(factor)
        guard domain.lowerBound * (1 - 1e-9) <= value, value <= domain.upperBound * (1 + 1e-9)
        else { continue }
        let isLabelled =
          labelled.contains(Double(factor)) && (factor != 1 || exponent % every == 0)
        let text =
          isPlain
          ? NumberText.significant(value, digits: 2) : NumberText.scientific(value, digits: 2)
        ticks.append(PlotTick(value: value, label: isLabelled ? text : ""))
      }
    }
    return ticks
  }
}
