// Paths from a variable to the output: the terms of the sum that the chain rule makes of a
// derivative.

extension ScalarNetwork {
  /// Every path from a variable to the output: the variables it goes through, both ends among them.
  ///
  /// There are exponentially many in the depth; ``pathCounts()`` counts them without.
  public func paths(from start: Int) -> [[Int]] {
    let readers = readers()
    var result: [[Int]] = []
    func extend(_ path: [Int]) {
      let end = path[path.count - 1]
      if end == output { result.append(path) }
      for reader in readers[end] { extend(path + [reader]) }
    }
    extend([start])
    return result
  }

  /// For each variable, its paths to the output and the partials on all of them together, counted
  /// from the output back: a variable has the paths of all its readers.
  public func pathCounts() -> [(paths: PathCount, factors: PathCount)] {
    let readers = readers()
    var counts = [(paths: PathCount, factors: PathCount)](
      repeating: (PathCount(0), PathCount(0)), count: variables.count)
    counts[output] = (PathCount(1), PathCount(0))
    // Nodes come after their operands, so this order meets every reader first.
    for number in variables.indices.sorted(by: { variables[$0].node > variables[$1].node })
    where number != output {
      for reader in readers[number] {
        counts[number].paths += counts[reader].paths
        counts[number].factors += counts[reader].factors + counts[reader].paths
      }
    }
    return counts
  }
}

/// A number of paths: exact while it is below 2¹²⁸, to 15 digits beyond.
public struct PathCount: Hashable, Sendable, CustomStringConvertible, Encodable {
  /// nil where it is too large.
  public private(set) var exact: UInt128?
  public private(set) var approximate: Double

  public init(_ value: Int) {
    exact = UInt128(exactly: value)
    approximate = Double(value)
  }

  public static func + (a: Self, b: Self) -> Self {
    var result = a
    result.exact = combined(a, b) { $0.addingReportingOverflow($1) }
    result.approximate = a.approximate + b.approximate
    return result
  }

  public static func += (a: inout Self, b: Self) { a = a + b }

  public static func * (a: Self, b: Self) -> Self {
    var result = a
    result.exact = combined(a, b) { $0.multipliedReportingOverflow(by: $1) }
    result.approximate = a.approximate * b.approximate
    return result
  }

  /// The difference; 0 where `b` is larger.
  public static func - (a: Self, b: Self) -> Self {
    var result = a
    result.exact = combined(a, b) { $0 >= $1 ? $0.subtractingReportingOverflow($1) : (0, false) }
    result.approximate = max(a.approximate - b.approximate, 0)
    return result
  }

  private static func combined(
    _ a: Self, _ b: Self, _ op: (UInt128, UInt128) -> (partialValue: UInt128, overflow: Bool)
  ) -> UInt128? {
    guard let left = a.exact, let right = b.exact else { return nil }
    let (value, overflow) = op(left, right)
    return overflow ? nil : value
  }

  /// All digits below 10¹⁵, `4.72·10²¹` from there on.
  public var description: String {
    if let exact, exact < 1_000_000_000_000_000 { return Self.grouped(String(exact)) }
    guard approximate.isFinite else { return "more than 10³⁰⁸" }
    var (mantissa, exponent) = (approximate, 0)
    while mantissa >= 9.995 {
      mantissa /= 10
      exponent += 1
    }
    let hundredths = Int((mantissa * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)·10\(Symbols.above(exponent))"
  }

  /// A number; one that is too large for exact arithmetic is rounded.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let exact, let integer = Int(exactly: exact) {
      try container.encode(integer)
    } else {
      try container.encode(approximate)
    }
  }

  private static func grouped(_ digits: String) -> String {
    var text = ""
    for (place, digit) in digits.reversed().enumerated() {
      if place > 0, place % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}
