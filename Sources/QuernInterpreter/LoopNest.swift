import QuernGraph

/// A contraction or window as nested loops, prepared once: what each axis adds to each offset, and
/// where each axis may run so that no read lies outside its tensor.
///
/// A dimension whose index provably stays inside its tensor is never checked. Any other narrows the
/// range of the innermost axis it depends on, before that axis' loop begins; so the loops
/// themselves hold no test, and terms that read outside (which are zero) are never visited. An
/// index with a divisor makes its innermost axis run in steps.
struct LoopNest {
  /// Numbers that grow by a constant as an axis advances: see the constants below.
  typealias Offsets = SIMD8<Int>
  /// Where the factors' tensors are read.
  static let factors = [0, 1]
  /// The values that factors are matched against (``Contraction/Factor/match``).
  static let matches = [2, 3]
  static let output = 4

  struct Level {
    var extent: Int
    var step: Offsets
    var constraints: [Constraint]
  }

  /// An index that is not known to exist, at the innermost of its axes.
  struct Constraint {
    /// Axes fixed further out.
    var outer: [(level: Int, coefficient: Int)]
    var offset: Int
    var coefficient: Int
    var divisor: Int
    /// The largest index there is; nil for a value that is matched, which has no range.
    var last: Int?
    /// What index 1 adds to the offsets. Zero without a divisor: the levels' steps then do it.
    var stride: Offsets
  }

  /// A stretch of one axis: `count` positions from `first`, `step` apart.
  struct Span {
    var count: Int
    var first: Int
    var step: Int
    var offsets: Offsets
    var increment: Offsets
  }

  private(set) var levels: [Level]
  private(set) var start = Offsets()
  /// Levels that walk the output; the others are summed over.
  let outputLevels: Int
  /// Whether no read exists anywhere.
  private(set) var isEmpty = false
  private let levelOfAxis: [Int?]

  /// - Parameter reads: for each factor, its index map and its tensor's shape.
  init(
    axes: [Axis], outputRank: Int,
    reads: [(map: [AffineExpression], match: AffineExpression?, shape: Shape)]
  ) {
    // An axis of extent 1 is always at 0.
    let kept = axes.indices.filter { axes[$0].extent > 1 }
    var levelOfAxis = [Int?](repeating: nil, count: axes.count)
    for (level, axis) in kept.enumerated() { levelOfAxis[axis] = level }
    self.levelOfAxis = levelOfAxis
    outputLevels = kept.filter { $0 < outputRank }.count
    levels = kept.map { Level(extent: axes[$0].extent, step: Offsets(), constraints: []) }
    let outputStrides = Shape(axes[..<outputRank].map(\.extent)).strides
    for axis in kept where axis < outputRank {
      levels[levelOfAxis[axis]!].step[Self.output] = outputStrides[axis]
    }
    let extents = axes.map(\.extent)
    for (number, read) in reads.enumerated() {
      for (dimension, index) in read.map.enumerated() {
        var stride = Offsets()
        stride[Self.factors[number]] = read.shape.strides[dimension]
        add(index, extents: extents, last: read.shape[dimension] - 1, stride)
      }
      if let match = read.match {
        var stride = Offsets()
        stride[Self.matches[number]] = 1
        add(match, extents: extents, last: nil, stride)
      }
    }
  }

  private mutating func add(
    _ index: AffineExpression, extents: [Int], last: Int?, _ stride: Offsets
  ) {
    let terms = index.terms.compactMap { term in
      levelOfAxis[term.axis].map { (level: $0, coefficient: term.coefficient) }
    }
    let isDivided = index.divisor > 1
    if !isDivided {
      start &+= stride &* Offsets(repeating: index.offset)
      for term in terms {
        levels[term.level].step &+= stride &* Offsets(repeating: term.coefficient)
      }
      let bounds = index.bounds(extents: extents)
      guard let last, bounds.lowerBound < 0 || bounds.upperBound > last else { return }
    }
    guard let inner = terms.last else {
      let dividend = index.offset
      if dividend % index.divisor != 0 {
        isEmpty = true
      } else if let last, !(0...last).contains(dividend / index.divisor) {
        isEmpty = true
      } else if isDivided {
        start &+= stride &* Offsets(repeating: dividend / index.divisor)
      }
      return
    }
    levels[inner.level].constraints.append(
      Constraint(
        outer: terms.dropLast(), offset: index.offset, coefficient: inner.coefficient,
        divisor: index.divisor, last: last, stride: isDivided ? stride : Offsets()))
  }

  /// Where a level's axis runs while the levels outside it stand at `positions`.
  @inline(__always)
  func span(_ level: Int, _ positions: UnsafeMutablePointer<Int>, _ offsets: Offsets) -> Span {
    let step = levels[level].step
    if levels[level].constraints.isEmpty {
      return Span(
        count: levels[level].extent, first: 0, step: 1, offsets: offsets, increment: step)
    }
    return constrainedSpan(level, positions, offsets)
  }

  private func constrainedSpan(
    _ level: Int, _ positions: UnsafeMutablePointer<Int>, _ offsets: Offsets
  ) -> Span {
    let axis = levels[level]
    let nothing = Span(count: 0, first: 0, step: 1, offsets: offsets, increment: Offsets())
    var low = 0
    var high = axis.extent - 1
    var step = 1
    var phase = 0
    for constraint in axis.constraints {
      let rest = constraint.rest(positions)
      let c = constraint.coefficient
      if let last = constraint.last {
        // 0 ≤ rest + c·k ≤ last · divisor
        let end = last * constraint.divisor - rest
        low = max(low, c > 0 ? Self.ceiling(-rest, c) : Self.ceiling(-end, -c))
        high = min(high, c > 0 ? Self.floor(end, c) : Self.floor(rest, -c))
      }
      if constraint.divisor > 1 {
        let own = constraint.divisor / Self.commonDivisor(abs(c), constraint.divisor)
        let both = step / Self.commonDivisor(step, own) * own
        var found: Int?
        for k in stride(from: phase, to: both, by: step)
        where (rest + c * k) % constraint.divisor == 0 {
          found = k
          break
        }
        guard let found else { return nothing }
        phase = found
        step = both
      }
    }
    let first = phase + max(Self.ceiling(low - phase, step), 0) * step
    if first > high { return nothing }
    var at = offsets &+ axis.step &* Offsets(repeating: first)
    var increment = axis.step &* Offsets(repeating: step)
    for constraint in axis.constraints where constraint.divisor > 1 {
      let c = constraint.coefficient
      let index = (constraint.rest(positions) + c * first) / constraint.divisor
      at &+= constraint.stride &* Offsets(repeating: index)
      increment &+= constraint.stride &* Offsets(repeating: c * step / constraint.divisor)
    }
    return Span(
      count: (high - first) / step + 1, first: first, step: step, offsets: at, increment: increment)
  }

  /// Visits every position of the levels before `end` from level `level` on.
  func forEach(
    _ level: Int, to end: Int, _ positions: UnsafeMutablePointer<Int>, _ offsets: Offsets,
    _ body: (Offsets) -> Void
  ) {
    if level == end { return body(offsets) }
    let span = span(level, positions, offsets)
    var at = span.offsets
    var position = span.first
    for _ in 0..<span.count {
      positions[level] = position
      forEach(level + 1, to: end, positions, at, body)
      at &+= span.increment
      position += span.step
    }
  }

  /// Visits the stretches of the innermost level, from level `level` on.
  @inline(__always)
  func forEachRun(
    _ level: Int, _ positions: UnsafeMutablePointer<Int>, _ offsets: Offsets,
    _ body: (_ count: Int, _ offsets: Offsets, _ increment: Offsets) -> Void
  ) {
    if level == levels.count { return body(1, offsets, Offsets()) }
    let last = levels.count - 1
    if level == last {
      let run = span(last, positions, offsets)
      return body(run.count, run.offsets, run.increment)
    }
    forEach(level, to: last, positions, offsets) { offsets in
      let run = span(last, positions, offsets)
      body(run.count, run.offsets, run.increment)
    }
  }

  /// Room for the position of each level while the loops run.
  func withPositions(_ body: (UnsafeMutablePointer<Int>) -> Void) {
    if isEmpty { return }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: levels.count + 1) { buffer in
      buffer.initialize(repeating: 0)
      if let base = buffer.baseAddress { body(base) }
    }
  }

  static func floor(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((b - 1 - a) / b) }
  static func ceiling(_ a: Int, _ b: Int) -> Int { -floor(-a, b) }
  static func commonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : commonDivisor(b, a % b) }
}

extension LoopNest.Constraint {
  @inline(__always)
  func rest(_ positions: UnsafeMutablePointer<Int>) -> Int {
    var sum = offset
    for term in outer { sum += term.coefficient * positions[term.level] }
    return sum
  }
}
