/// How values at the places (u, v) of a square tile become complex numbers, or other sums of theirs.
///
/// Along each side of the tile lie two single values and then pairs: s₀, s₁, c₁, d₁, c₂, d₂, …, as a real
/// Fourier transform gives them, sums with cosines and with sines. Where a single value meets a single
/// one, the value stays what it is. Where one meets a pair, (c, d) becomes ``edge`` · (c, d). Where two
/// pairs meet, their four values become ``inner`` · (cc, cd, dc, dd).
///
/// The results have one index p, row by row: those of each single row with single columns and then with
/// pairs of columns, and those of each pair of rows likewise.
public struct PairMixing: Hashable, Sendable {
  /// Pairs along each side.
  public var pairs: Int
  /// (results, 2).
  public var edge: [[Double]]
  /// (results, 4).
  public var inner: [[Double]]

  public init(pairs: Int, edge: [[Double]], inner: [[Double]]) {
    self.pairs = pairs
    self.edge = edge
    self.inner = inner
  }

  /// Values along each side that belong to no pair.
  public static let singles = 2
  /// Values along each side of the tile.
  public var side: Int { Self.singles + 2 * pairs }

  /// Results of each single row, and of each pair of rows.
  public var singleRowCount: Int { Self.singles + pairs * edge.count }
  public var pairRowCount: Int { Self.singles * edge.count + pairs * inner.count }
  /// Results in all.
  public var count: Int { Self.singles * singleRowCount + pairs * pairRowCount }

  /// A value that a result is made of, and how often it counts.
  public struct Term: Hashable, Sendable {
    public var u: Int
    public var v: Int
    public var coefficient: Double
  }

  /// What each result is the sum of: the definition, as loops that are not in a hurry read it.
  public var sums: [[Term]] {
    let singles = 0..<Self.singles
    let firsts = (0..<pairs).map { Self.singles + 2 * $0 }
    var sums: [[Term]] = []
    func add(_ matrix: [[Double]], _ places: [(u: Int, v: Int)]) {
      for row in matrix {
        sums.append(zip(row, places).map { Term(u: $1.u, v: $1.v, coefficient: $0) })
      }
    }
    for u in singles {
      for v in singles { add([[1]], [(u, v)]) }
      for v in firsts { add(edge, [(u, v), (u, v + 1)]) }
    }
    for u in firsts {
      for v in singles { add(edge, [(u, v), (u + 1, v)]) }
      for v in firsts { add(inner, [(u, v), (u, v + 1), (u + 1, v), (u + 1, v + 1)]) }
    }
    return sums
  }
}
