/// A product of a constant matrix and a vector as few additions of few terms.
///
/// Two equalities are looked for, which the matrices of fast convolutions and of Fourier transforms are
/// full of: columns j and k that are alike but for signs go through the sum and the difference of their
/// inputs; rows that are alike but for signs are the sum and the difference of what they have in common
/// and of the rest. Those halves are rows of smaller matrices, in which the same is looked for again: of
/// a Fourier transform's matrix, that makes the fast one.
package struct StraightLineProgram {
  package struct Term: Hashable {
    /// An input, or past those an earlier step.
    package var source: Int
    package var coefficient: Double
  }

  package let inputCount: Int
  /// Sums of inputs and of earlier steps, in order.
  package private(set) var steps: [[Term]] = []
  /// For each row of the matrix, which input or step it is, times what; nil where it is all zero.
  package private(set) var results: [Term?] = []

  /// What is done next.
  package enum Event {
    case step(Int)
    case result(Int)
  }

  /// The steps in order, and each result as soon as it is known: fewer values wait for their turn.
  package private(set) var events: [Event] = []

  package init(_ matrix: [[Double]]) {
    inputCount = matrix.first?.count ?? 0
    results = solve(
      Rows(
        entries: matrix, sources: Array(0..<inputCount),
        mayBeScaled: matrix.map { _ in false }),
      uses: 2)
    events = ordered
  }

  /// Sums to find, of some inputs and steps.
  private struct Rows {
    /// How often each source counts, by rows.
    var entries: [[Double]]
    var sources: [Int]
    /// Of which rows any multiple does, which its user then multiplies by the rest: so that the first term
    /// needs no multiplication.
    var mayBeScaled: [Bool]

    var indices: Range<Int> { entries.indices }

    func terms(_ row: Int) -> [Term] {
      zip(sources, entries[row]).compactMap { $1 == 0 ? nil : Term(source: $0, coefficient: $1) }
    }
  }

  /// Rows p and q as even + odd and even − odd; or p alone, cut into the same inputs as others are.
  private struct Pair {
    var p: Int
    var q: Int?
    var even: [Double]
    var odd: [Double]
  }

  // MARK: Solving

  /// Steps for some rows, and which of these they are.
  ///
  /// - Parameter uses: rows from which on a sum and a difference are worth their two additions.
  private mutating func solve(_ rows: Rows, uses: Int) -> [Term?] {
    var rows = rows
    let hasJoined = joinColumns(&rows, uses: uses)
    let pairs = Self.pairs(rows)
    guard !pairs.isEmpty else {
      // Sums and differences may be alike in turn.
      return hasJoined ? solve(rows, uses: Self.usesInParts) : rows.indices.map { whole($0, rows) }
    }
    var isPaired = rows.indices.map { _ in false }
    for pair in pairs {
      isPaired[pair.p] = true
      if let q = pair.q { isPaired[q] = true }
    }
    let others = rows.indices.filter { !isPaired[$0] }
    let parts = solve(
      Rows(
        entries: pairs.flatMap { [$0.even, $0.odd] } + others.map { rows.entries[$0] },
        sources: rows.sources,
        mayBeScaled: pairs.flatMap { _ in [true, true] } + others.map { rows.mayBeScaled[$0] }),
      uses: Self.usesInParts)
    var results = [Term?](repeating: nil, count: rows.entries.count)
    for (number, pair) in pairs.enumerated() {
      guard var even = parts[2 * number], let odd = parts[2 * number + 1] else { continue }
      if let q = pair.q {
        // Multiplied once for both.
        if even.coefficient != 1 { even = add([even]) }
        results[q] = add([even, Term(source: odd.source, coefficient: -odd.coefficient)])
      }
      results[pair.p] = add([even, odd])
    }
    for (part, number) in zip(parts.dropFirst(2 * pairs.count), others) { results[number] = part }
    return results
  }

  /// See ``solve(_:uses:)``, for halves: with two, nothing would be gained.
  private static let usesInParts = 3

  private mutating func whole(_ row: Int, _ rows: Rows) -> Term? {
    let terms = rows.terms(row)
    switch terms.count {
    case 0: return nil
    case 1: return terms[0]
    default: return rows.mayBeScaled[row] ? scaled(terms) : add(terms)
    }
  }

  private mutating func add(_ terms: [Term]) -> Term {
    // A term without a factor comes first: the others are then multiplied and added in one go. Next
    // best is one that is multiplied anyway; a change of sign alone would be an operation more.
    var ordered = terms
    let first =
      ordered.firstIndex { $0.coefficient == 1 } ?? ordered.firstIndex { $0.coefficient != -1 }
    if let first { ordered.insert(ordered.remove(at: first), at: 0) }
    if let known = steps.firstIndex(of: ordered) {
      return Term(source: inputCount + known, coefficient: 1)
    }
    steps.append(ordered)
    return Term(source: inputCount + steps.count - 1, coefficient: 1)
  }

  /// The sum with its first coefficient taken out, so that its first term needs no multiplication.
  private mutating func scaled(_ terms: [Term]) -> Term {
    let scale = terms.first { abs($0.coefficient) == 1 }?.coefficient ?? terms[0].coefficient
    let sum = add(terms.map { Term(source: $0.source, coefficient: $0.coefficient / scale) })
    return Term(source: sum.source, coefficient: scale)
  }

  private var ordered: [Event] {
    var following = [[Int]](repeating: [], count: inputCount + steps.count)
    var events: [Event] = []
    for (number, result) in results.enumerated() {
      if let result, result.source >= inputCount {
        following[result.source].append(number)
      } else {
        events.append(.result(number))
      }
    }
    for step in steps.indices {
      events.append(.step(step))
      events += following[inputCount + step].map { .result($0) }
    }
    return events
  }

  // MARK: Equalities

  /// - Returns: whether any columns were alike.
  private mutating func joinColumns(_ rows: inout Rows, uses: Int) -> Bool {
    var joined = rows.sources.map { _ in false }
    for j in joined.indices where !joined[j] {
      let used = rows.entries.count { $0[j] != 0 }
      guard used >= uses else { continue }
      let partner = (j + 1..<joined.count).first { k in
        guard !joined[k] else { return false }
        var same = 0
        for row in rows.entries {
          guard abs(row[j]) == abs(row[k]) else { return false }
          if row[j] == row[k], row[j] != 0 { same += 1 }
        }
        return same > 0 && same < used
      }
      guard let k = partner else { continue }
      (joined[j], joined[k]) = (true, true)
      let first = Term(source: rows.sources[j], coefficient: 1)
      let sum = add([first, Term(source: rows.sources[k], coefficient: 1)])
      let difference = add([first, Term(source: rows.sources[k], coefficient: -1)])
      (rows.sources[j], rows.sources[k]) = (sum.source, difference.source)
      for row in rows.indices {
        // The one or the other takes the place of both.
        let coefficient = rows.entries[row][j]
        let isSum = coefficient == rows.entries[row][k]
        rows.entries[row][j] = isSum ? coefficient : 0
        rows.entries[row][k] = isSum ? 0 : coefficient
      }
    }
    return joined.contains(true)
  }

  private static func pairs(_ rows: Rows) -> [Pair] {
    let counts = rows.entries.map { row in row.count { $0 != 0 } }
    var isPaired = rows.indices.map { _ in false }
    var pairs: [Pair] = []
    for p in rows.indices where !isPaired[p] && counts[p] > 2 {
      let own = rows.entries[p]
      for q in p + 1..<rows.entries.count where !isPaired[q] && counts[q] == counts[p] {
        let other = rows.entries[q]
        guard own.indices.allSatisfy({ abs(own[$0]) == abs(other[$0]) }) else { continue }
        let even = zip(own, other).map { $0 == $1 ? $0 : 0 }
        let odd = zip(own, other).map { $0 == $1 ? 0 : $0 }
        guard even.contains(where: { $0 != 0 }), odd.contains(where: { $0 != 0 }) else { continue }
        pairs.append(Pair(p: p, q: q, even: even, odd: odd))
        (isPaired[p], isPaired[q]) = (true, true)
        break
      }
    }
    // Halves of others' inputs have sums and differences to share.
    for p in rows.indices where !isPaired[p] && counts[p] > 2 {
      let own = rows.entries[p]
      let alike = pairs.first { pair in
        own.indices.allSatisfy { (own[$0] != 0) == (pair.even[$0] != 0 || pair.odd[$0] != 0) }
      }
      guard let alike else { continue }
      pairs.append(
        Pair(
          p: p, even: zip(own, alike.even).map { $1 == 0 ? 0 : $0 },
          odd: zip(own, alike.odd).map { $1 == 0 ? 0 : $0 }))
    }
    return pairs
  }
}
