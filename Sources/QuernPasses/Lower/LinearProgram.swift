/// A product of a constant matrix and a vector as few additions of few terms.
///
/// Two equalities are looked for, which the matrices of fast convolutions and of Fourier transforms are
/// full of: columns j and k that are alike but for signs go through the sum and the difference of their
/// inputs; rows that are alike but for signs are the sum and the difference of what they have in common
/// and of the rest. Those halves are rows of smaller matrices, in which the same is looked for again: of
/// a Fourier transform's matrix, that makes the fast one.
package struct LinearProgram {
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
  package var events: [Event] {
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

  package init(_ matrix: [[Double]]) {
    inputCount = matrix.first?.count ?? 0
    let rows = matrix.map { row in
      Row(
        terms: row.enumerated().filter { $0.element != 0 }.map {
          Term(source: $0.offset, coefficient: $0.element)
        })
    }
    results = solve(rows, isPart: false)
  }

  /// A sum to find: its terms by their sources.
  private struct Row {
    var terms: [Term]
    /// Whether any multiple of it does, which its user then multiplies by the rest: so that its
    /// first term needs no multiplication.
    var mayBeScaled = false

    /// Whether this is the other but for signs.
    func isAlike(_ other: Self) -> Bool {
      terms.count == other.terms.count
        && zip(terms, other.terms).allSatisfy {
          $0.source == $1.source && abs($0.coefficient) == abs($1.coefficient)
        }
    }
  }

  /// Rows p and q as even + odd and even − odd; or p alone, cut into the same inputs as others are.
  private struct Pair {
    var p: Int
    var q: Int?
    var even: Row
    var odd: Row
  }

  // MARK: Solving

  /// Steps for some rows, and which of these they are.
  ///
  /// - Parameter isPart: whether the rows are halves of others.
  private mutating func solve(_ rows: [Row], isPart: Bool) -> [Term?] {
    var rows = rows
    let hasJoined = joinColumns(&rows, uses: isPart ? 3 : 2)
    let pairs = Self.pairs(rows)
    // Sums and differences may be alike in turn.
    if pairs.isEmpty, hasJoined { return solve(rows, isPart: true) }
    var results = [Term?](repeating: nil, count: rows.count)
    guard !pairs.isEmpty else {
      for (number, row) in rows.enumerated() { results[number] = whole(row) }
      return results
    }
    let paired = Set(pairs.flatMap { [$0.p] + ($0.q.map { [$0] } ?? []) })
    let others = rows.indices.filter { !paired.contains($0) }
    let parts = solve(
      pairs.flatMap { [$0.even, $0.odd] } + others.map { rows[$0] }, isPart: true)
    for (number, pair) in pairs.enumerated() {
      guard var even = parts[2 * number], let odd = parts[2 * number + 1] else { continue }
      if let q = pair.q {
        // Multiplied once for both.
        if even.coefficient != 1 { even = add([even]) }
        results[pair.p] = add([even, odd])
        results[q] = add([even, Term(source: odd.source, coefficient: -odd.coefficient)])
      } else {
        results[pair.p] = add([even, odd])
      }
    }
    for (part, number) in zip(parts.dropFirst(2 * pairs.count), others) { results[number] = part }
    return results
  }

  private mutating func whole(_ row: Row) -> Term? {
    switch row.terms.count {
    case 0: nil
    case 1: row.terms[0]
    default: row.mayBeScaled ? scaled(row.terms) : add(row.terms)
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

  // MARK: Equalities

  /// - Parameter uses: rows from which on a sum and a difference are worth their two additions.
  /// - Returns: whether there were any.
  private mutating func joinColumns(_ rows: inout [Row], uses: Int) -> Bool {
    let sources = Set(rows.flatMap { $0.terms.map(\.source) }).sorted()
    guard let last = sources.last else { return false }
    var number = [Int](repeating: 0, count: last + 1)
    for (index, source) in sources.enumerated() { number[source] = index }
    var columns = sources.map { _ in [Double](repeating: 0, count: rows.count) }
    for (index, row) in rows.enumerated() {
      for term in row.terms { columns[number[term.source]][index] = term.coefficient }
    }
    var joined = sources.map { _ in false }
    for j in sources.indices where !joined[j] {
      let used = rows.indices.filter { columns[j][$0] != 0 }
      guard used.count >= uses else { continue }
      let partner = (j + 1..<sources.count).first { k in
        guard !joined[k], rows.indices.allSatisfy({ abs(columns[j][$0]) == abs(columns[k][$0]) })
        else { return false }
        let same = used.count { columns[j][$0] == columns[k][$0] }
        return same > 0 && same < used.count
      }
      guard let k = partner else { continue }
      (joined[j], joined[k]) = (true, true)
      let first = Term(source: sources[j], coefficient: 1)
      let sum = add([first, Term(source: sources[k], coefficient: 1)])
      let difference = add([first, Term(source: sources[k], coefficient: -1)])
      for index in used {
        let isSum = columns[j][index] == columns[k][index]
        rows[index].terms.removeAll { $0.source == sources[j] || $0.source == sources[k] }
        // Steps come after whatever was there before, and so does each after the one before it.
        rows[index].terms.append(
          Term(
            source: (isSum ? sum : difference).source, coefficient: columns[j][index]))
      }
    }
    for index in rows.indices { rows[index].terms.sort { $0.source < $1.source } }
    return joined.contains(true)
  }

  private static func pairs(_ rows: [Row]) -> [Pair] {
    var isPaired = rows.map { _ in false }
    var pairs: [Pair] = []
    for p in rows.indices where !isPaired[p] && rows[p].terms.count > 2 {
      for q in rows.indices where q > p && !isPaired[q] && rows[p].isAlike(rows[q]) {
        let both = zip(rows[p].terms, rows[q].terms)
        let even = both.filter { $0 == $1 }.map(\.0)
        let odd = both.filter { $0 != $1 }.map(\.0)
        guard !even.isEmpty, !odd.isEmpty else { continue }
        pairs.append(
          Pair(
            p: p, q: q, even: Row(terms: even, mayBeScaled: true),
            odd: Row(terms: odd, mayBeScaled: true)))
        (isPaired[p], isPaired[q]) = (true, true)
        break
      }
    }
    // Halves of others' inputs have sums and differences to share.
    for p in rows.indices where !isPaired[p] && rows[p].terms.count > 2 {
      let sources = rows[p].terms.map(\.source)
      let alike = pairs.first { pair in
        pair.even.terms.count + pair.odd.terms.count == sources.count
          && Set(pair.even.terms.map(\.source)).union(pair.odd.terms.map(\.source))
            == Set(sources)
      }
      guard let alike else { continue }
      let own = Set(alike.even.terms.map(\.source))
      pairs.append(
        Pair(
          p: p, q: nil,
          even: Row(terms: rows[p].terms.filter { own.contains($0.source) }, mayBeScaled: true),
          odd: Row(terms: rows[p].terms.filter { !own.contains($0.source) }, mayBeScaled: true)))
    }
    return pairs
  }
}
