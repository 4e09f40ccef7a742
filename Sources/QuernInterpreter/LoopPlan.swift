import QuernGraph

/// A contraction or window as nested loops, prepared once: what each axis adds to each offset, and
/// where each axis may run so that no read lies outside its tensor.
///
/// A dimension whose index provably stays inside its tensor is never checked. Any other narrows the
/// range of the innermost axis it depends on, before that axis' loop begins; so the loops
/// themselves hold no test, and terms that read outside (which are zero) are never visited. An
/// index with a divisor makes its innermost axis run in steps.
final class LoopPlan {
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
    var constraints: Range<Int>
  }

  /// An index that is not known to exist, at the innermost of its axes.
  struct Constraint {
    /// Axes fixed further out: a range of the terms.
    var outer: Range<Int>
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

  let levelCount: Int
  /// Levels that walk the output; the others are summed over.
  let outputLevels: Int
  let start: Offsets
  /// Whether no read exists anywhere.
  let isEmpty: Bool
  // Plain memory, because these are read between any two runs of the innermost loop.
  private let levels: UnsafeMutablePointer<Level>
  private let constraints: UnsafeMutablePointer<Constraint>
  private let terms: UnsafeMutablePointer<Term>

  struct Term {
    var level: Int
    var coefficient: Int
  }

  /// - Parameter reads: for each factor, its index map and its tensor's shape.
  init(
    axes: [Axis], outputRank: Int,
    reads: [(map: [AffineExpression], match: AffineExpression?, shape: Shape)]
  ) {
    var preparation = Preparation(axes: axes, outputRank: outputRank)
    for (number, read) in reads.enumerated() {
      for (dimension, index) in read.map.enumerated() {
        var stride = Offsets()
        stride[Self.factors[number]] = read.shape.strides[dimension]
        preparation.add(index, last: read.shape[dimension] - 1, stride)
      }
      if let match = read.match {
        var stride = Offsets()
        stride[Self.matches[number]] = 1
        preparation.add(match, last: nil, stride)
      }
    }
    levelCount = preparation.levels.count
    outputLevels = preparation.outputLevels
    start = preparation.start
    isEmpty = preparation.isEmpty
    terms = Self.memory(preparation.terms)
    constraints = Self.memory(preparation.constraints.flatMap { $0 })
    var next = 0
    for (level, own) in preparation.constraints.enumerated() {
      preparation.levels[level].constraints = next..<next + own.count
      next += own.count
    }
    levels = Self.memory(preparation.levels)
  }

  deinit {
    levels.deallocate()
    constraints.deallocate()
    terms.deallocate()
  }

  private static func memory<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
    for (i, element) in elements.enumerated() { (memory + i).initialize(to: element) }
    return memory
  }

  /// Where a level's axis runs while the levels outside it stand at `positions`.
  @inline(__always)
  func span(_ level: Int, _ positions: UnsafeMutablePointer<Int>, _ offsets: Offsets) -> Span {
    if levels[level].constraints.isEmpty {
      return Span(
        count: levels[level].extent, first: 0, step: 1, offsets: offsets,
        increment: levels[level].step)
    }
    return constrainedSpan(level, positions, offsets)
  }

  private func constrainedSpan(
    _ level: Int, _ positions: UnsafeMutablePointer<Int>, _ offsets: Offsets
  ) -> Span {
    let axis = levels[level]
    let own = UnsafeBufferPointer(
      start: constraints + axis.constraints.lowerBound, count: axis.constraints.count)
    let nothing = Span(count: 0, first: 0, step: 1, offsets: offsets, increment: Offsets())
    var low = 0
    var high = axis.extent - 1
    var step = 1
    var phase = 0
    for constraint in own {
      let rest = rest(constraint, positions)
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
    for constraint in own where constraint.divisor > 1 {
      let c = constraint.coefficient
      let index = (rest(constraint, positions) + c * first) / constraint.divisor
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
    if level == levelCount { return body(1, offsets, Offsets()) }
    let last = levelCount - 1
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
    withUnsafeTemporaryAllocation(of: Int.self, capacity: levelCount + 1) { buffer in
      buffer.initialize(repeating: 0)
      if let base = buffer.baseAddress { body(base) }
    }
  }

  @inline(__always)
  private func rest(_ constraint: Constraint, _ positions: UnsafeMutablePointer<Int>) -> Int {
    var sum = constraint.offset
    for i in constraint.outer { sum &+= terms[i].coefficient &* positions[terms[i].level] }
    return sum
  }

  @inline(__always)
  static func floor(_ a: Int, _ b: Int) -> Int {
    b == 1 ? a : a >= 0 ? a / b : -((b - 1 - a) / b)
  }
  @inline(__always)
  static func ceiling(_ a: Int, _ b: Int) -> Int { -floor(-a, b) }
  static func commonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : commonDivisor(b, a % b) }
}

extension LoopPlan {
  /// The levels and constraints while they are being collected.
  fileprivate struct Preparation {
    var levels: [Level]
    /// By level.
    var constraints: [[Constraint]]
    var terms: [Term] = []
    var start = Offsets()
    var isEmpty = false
    let outputLevels: Int
    private let extents: [Int]
    private let levelOfAxis: [Int?]

    init(axes: [Axis], outputRank: Int) {
      // An axis of extent 1 is always at 0.
      let kept = axes.indices.filter { axes[$0].extent > 1 }
      var levelOfAxis = [Int?](repeating: nil, count: axes.count)
      for (level, axis) in kept.enumerated() { levelOfAxis[axis] = level }
      self.levelOfAxis = levelOfAxis
      extents = axes.map(\.extent)
      outputLevels = kept.filter { $0 < outputRank }.count
      let strides = Shape(axes[..<outputRank].map(\.extent)).strides
      levels = kept.map { axis in
        var step = Offsets()
        if axis < outputRank { step[LoopPlan.output] = strides[axis] }
        return Level(extent: axes[axis].extent, step: step, constraints: 0..<0)
      }
      constraints = levels.map { _ in [] }
    }

    /// Takes in an index whose every step adds `stride` to the offsets.
    mutating func add(_ index: AffineExpression, last: Int?, _ stride: Offsets) {
      let own = index.terms.compactMap { term in
        levelOfAxis[term.axis].map { Term(level: $0, coefficient: term.coefficient) }
      }
      let isDivided = index.divisor > 1
      if !isDivided {
        start &+= stride &* Offsets(repeating: index.offset)
        for term in own {
          levels[term.level].step &+= stride &* Offsets(repeating: term.coefficient)
        }
        let bounds = index.bounds(extents: extents)
        guard let last, bounds.lowerBound < 0 || bounds.upperBound > last else { return }
      }
      guard let inner = own.last else {
        let quotient = index.offset / index.divisor
        if index.offset % index.divisor != 0 || last.map({ !(0...$0).contains(quotient) }) == true {
          isEmpty = true
        } else if isDivided {
          start &+= stride &* Offsets(repeating: quotient)
        }
        return
      }
      let first = terms.count
      terms += own.dropLast()
      constraints[inner.level].append(
        Constraint(
          outer: first..<terms.count, offset: index.offset, coefficient: inner.coefficient,
          divisor: index.divisor, last: last, stride: isDivided ? stride : Offsets()))
    }
  }
}
