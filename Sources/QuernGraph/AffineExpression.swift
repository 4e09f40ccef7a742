/// An index as a function of loop axes: (Σ coefficient·axis + offset) / divisor.
///
/// Where the sum is not a multiple of the divisor there is no such index, and a read there gives
/// zero, just as a read outside the tensor does. A divisor above 1 arises only in the gradient of a
/// strided read: `y = s·q + i` turned round is `q = (y − i) / s`.
public struct AffineExpression: Hashable, Sendable {
  /// One axis of the sum, and what it is multiplied by.
  public struct Term: Hashable, Sendable {
    /// The number of an axis among those of the op.
    public var axis: Int
    /// Not zero.
    public var coefficient: Int
  }

  /// Non-zero coefficients, by ascending axis.
  public private(set) var terms: [Term]
  /// What is added to the terms before the division.
  public private(set) var offset: Int
  /// At least 1.
  public private(set) var divisor: Int

  public init(_ terms: [(axis: Int, coefficient: Int)] = [], offset: Int = 0, divisor: Int = 1) {
    // By axis, in order; there are few.
    var sums: [Term] = []
    sums.reserveCapacity(terms.count)
    for term in terms {
      let place = sums.firstIndex { $0.axis >= term.axis } ?? sums.count
      if place < sums.count, sums[place].axis == term.axis {
        sums[place].coefficient += term.coefficient
      } else {
        sums.insert(Term(axis: term.axis, coefficient: term.coefficient), at: place)
      }
    }
    sums.removeAll { $0.coefficient == 0 }
    if divisor == 1 {
      (self.terms, self.offset, self.divisor) = (sums, offset, 1)
      return
    }
    let sign = divisor < 0 ? -1 : 1
    var common = Self.greatestCommonDivisor(abs(divisor), abs(offset))
    for term in sums { common = Self.greatestCommonDivisor(common, abs(term.coefficient)) }
    let scale = sign * max(common, 1)
    for index in sums.indices { sums[index].coefficient /= scale }
    self.terms = sums
    self.offset = offset / scale
    self.divisor = divisor / scale
  }

  /// Just this axis.
  public static func axis(_ axis: Int, times coefficient: Int = 1, plus offset: Int = 0) -> Self {
    Self(
      normalized: coefficient == 0 ? [] : [Term(axis: axis, coefficient: coefficient)],
      offset: offset)
  }

  /// The same index everywhere.
  public static func constant(_ value: Int) -> Self { Self(normalized: [], offset: value) }

  /// Of terms that are as they are kept.
  private init(normalized terms: [Term], offset: Int) {
    self.terms = terms
    self.offset = offset
    divisor = 1
  }

  /// The axis this is, if it is nothing but one axis.
  public var soleAxis: Int? {
    guard terms.count == 1, terms[0].coefficient == 1, offset == 0, divisor == 1 else { return nil }
    return terms[0].axis
  }

  /// What an axis is multiplied by; 0 where it does not occur.
  public func coefficient(of axis: Int) -> Int {
    terms.first { $0.axis == axis }?.coefficient ?? 0
  }

  /// The index at the given position of the axes; nil where the division leaves a remainder.
  public func callAsFunction(_ axes: [Int]) -> Int? {
    var sum = offset
    for term in terms { sum += term.coefficient * axes[term.axis] }
    if divisor == 1 { return sum }
    return sum % divisor == 0 ? sum / divisor : nil
  }

  /// Smallest and largest value of the dividend divided by the divisor, rounded outwards, over axes
  /// with the given extents.
  public func bounds(extents: [Int]) -> ClosedRange<Int> {
    var low = offset
    var high = offset
    for term in terms {
      let reach = term.coefficient * (extents[term.axis] - 1)
      low += min(reach, 0)
      high += max(reach, 0)
    }
    let from = Int((Double(low) / Double(divisor)).rounded(.down))
    let through = Int((Double(high) / Double(divisor)).rounded(.up))
    return from...through
  }

  /// This expression with each axis replaced by an expression of other axes.
  public func substituting(_ replacements: [Int: AffineExpression]) -> Self {
    if terms.isEmpty { return self }
    // Most are one axis.
    if let axis = soleAxis { return replacements[axis] ?? self }
    let found = terms.map { replacements[$0.axis] }
    var common = 1
    for case let replacement? in found where replacement.divisor != 1 {
      let other = replacement.divisor
      common = common / Self.greatestCommonDivisor(common, other) * other
    }
    var result: [(axis: Int, coefficient: Int)] = []
    result.reserveCapacity(terms.count + 2)
    var offset = self.offset * common
    for (term, replacement) in zip(terms, found) {
      if let replacement {
        let scale = common / replacement.divisor * term.coefficient
        for inner in replacement.terms { result.append((inner.axis, inner.coefficient * scale)) }
        offset += replacement.offset * scale
      } else {
        result.append((term.axis, term.coefficient * common))
      }
    }
    return Self(result, offset: offset, divisor: divisor * common)
  }

  /// `axis` from `self == index`, as an expression of `index` and the remaining axes.
  ///
  /// From `index = (c·axis + rest) / d` follows `axis = (d·index − rest) / c`. The axis must occur.
  public func solved(for axis: Int, index: Int) -> Self {
    let c = coefficient(of: axis)
    precondition(c != 0, "the axis does not occur")
    var result: [(axis: Int, coefficient: Int)] = [(index, divisor)]
    for term in terms where term.axis != axis { result.append((term.axis, -term.coefficient)) }
    if c < 0 {
      return Self(
        result.map { ($0.axis, -$0.coefficient) }, offset: offset, divisor: -c)
    }
    return Self(result, offset: -offset, divisor: c)
  }

  /// The expression as a formula, with the given names for the axes: `(2·y + i − 1) / 2`.
  public func formula(_ names: [String]) -> String {
    var text = ""
    for term in terms {
      let magnitude = abs(term.coefficient)
      let factor = magnitude == 1 ? names[term.axis] : "\(magnitude)·\(names[term.axis])"
      if text.isEmpty {
        text = term.coefficient < 0 ? "−" + factor : factor
      } else {
        text += (term.coefficient < 0 ? " − " : " + ") + factor
      }
    }
    if text.isEmpty {
      text = "\(offset)"
    } else if offset != 0 {
      text += offset < 0 ? " − \(-offset)" : " + \(offset)"
    }
    return divisor == 1 ? text : "(\(text)) / \(divisor)"
  }

  static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
