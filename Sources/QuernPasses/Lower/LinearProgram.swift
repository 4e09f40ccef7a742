/// A product of a constant matrix and a vector as few additions of few terms.
///
/// Two equalities are looked for, which the matrices of fast convolutions are full of: columns j and
/// k that are alike but for signs go through the sum and the difference of their inputs; rows that
/// are alike but for signs are the sum and the difference of what they have in common and of the rest.
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

  package init(_ matrix: [[Double]]) {
    inputCount = matrix.first?.count ?? 0
    results = Array(repeating: nil, count: matrix.count)
    var rows = matrix.map { row in
      row.enumerated().filter { $0.element != 0 }.map {
        Term(source: $0.offset, coefficient: $0.element)
      }
    }
    joinColumns(matrix, &rows)
    joinRows(&rows)
    for (number, row) in rows.enumerated() where results[number] == nil {
      results[number] = row.isEmpty ? nil : row.count == 1 ? row[0] : add(row)
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

  private mutating func joinColumns(_ matrix: [[Double]], _ rows: inout [[Term]]) {
    var joined: Set<Int> = []
    for j in 0..<inputCount where !joined.contains(j) {
      let k = (j + 1..<inputCount).first { k in
        !joined.contains(k) && matrix.allSatisfy { abs($0[j]) == abs($0[k]) }
          && matrix.filter { $0[j] != 0 }.count > 1
          && matrix.contains { $0[j] != 0 && $0[j] == $0[k] }
          && matrix.contains { $0[j] != 0 && $0[j] == -$0[k] }
      }
      guard let k else { continue }
      joined.formUnion([j, k])
      let sum = add([.init(source: j, coefficient: 1), .init(source: k, coefficient: 1)])
      let difference = add([.init(source: j, coefficient: 1), .init(source: k, coefficient: -1)])
      for number in rows.indices where matrix[number][j] != 0 {
        let same = matrix[number][j] == matrix[number][k]
        rows[number].removeAll { $0.source == j || $0.source == k }
        rows[number].append(
          Term(
            source: same ? sum.source : difference.source, coefficient: matrix[number][j]))
      }
    }
  }

  private mutating func joinRows(_ rows: inout [[Term]]) {
    for p in rows.indices where results[p] == nil && rows[p].count > 2 {
      func factors(_ row: [Term]) -> [Int: Double] {
        Dictionary(uniqueKeysWithValues: row.map { ($0.source, $0.coefficient) })
      }
      let own = factors(rows[p])
      let partner = rows.indices.first { q in
        q > p && results[q] == nil && rows[q].count == rows[p].count
          && factors(rows[q]).allSatisfy { own[$0].map(abs) == abs($1) }
      }
      guard let q = partner else { continue }
      let other = factors(rows[q])
      let common = rows[p].filter { other[$0.source] == $0.coefficient }
      let rest = rows[p].filter { other[$0.source] != $0.coefficient }
      guard !common.isEmpty, !rest.isEmpty else { continue }
      var even = common.count == 1 ? common[0] : scaled(common)
      // Multiplied once for both.
      if even.coefficient != 1 { even = add([even]) }
      let odd = rest.count == 1 ? rest[0] : scaled(rest)
      results[p] = add([even, odd])
      results[q] = add([even, Term(source: odd.source, coefficient: -odd.coefficient)])
    }
  }

  /// The sum with its first coefficient taken out, so that its first term needs no multiplication.
  private mutating func scaled(_ terms: [Term]) -> Term {
    let scale = terms.first { abs($0.coefficient) == 1 }?.coefficient ?? terms[0].coefficient
    let sum = add(terms.map { Term(source: $0.source, coefficient: $0.coefficient / scale) })
    return Term(source: sum.source, coefficient: scale)
  }
}
