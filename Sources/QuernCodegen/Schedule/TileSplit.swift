/// An extent cut into tiles of nearly equal size: `bigCount` have `small + 1`, the others `small`. So
/// there are at most two kinds of tile, and no small remainder that runs slowly. The big ones are
/// spread evenly, a big one first and a small one last, so that threads get shares of a size.
package struct TileSplit: Hashable, Sendable {
  package var count: Int
  var small: Int
  var bigCount: Int

  package init(_ extent: Int, atMost limit: Int) {
    self.init(extent, count: (extent + limit - 1) / limit)
  }

  package init(_ extent: Int, count: Int) {
    self.count = count
    small = extent / count
    bigCount = extent % count
  }

  package var extent: Int { count * small + bigCount }
  package var largest: Int { bigCount > 0 ? small + 1 : small }
  package var sizes: [Int] { bigCount > 0 ? [small + 1, small] : [small] }

  /// How evenly `shares` threads share the tiles, 1 for all alike: the mean share over the largest.
  package func balance(shares: Int) -> Double {
    func start(_ tile: Int) -> Int { tile * small + (tile * bigCount + count - 1) / count }
    let largest = (0..<shares).map { start(count * ($0 + 1) / shares) - start(count * $0 / shares) }
      .max()
    return Double(extent) / Double(max(1, largest ?? 1) * shares)
  }

  /// C for the first position of tile `index`.
  func start(_ index: String) -> String {
    guard count > 1 else { return "0" }
    let base = small == 1 ? index : "\(index) * \(small)"
    return bigCount == 0 ? base : "\(base) + (\(bigsBefore(index))) / \(count)"
  }

  // In a loop over tiles a remainder goes round, so that none of them divides: a tile is big where
  // it is at least `count − bigCount`.

  /// C for the remainder at tile `index`.
  func remainder(_ index: String) -> String { "(\(bigsBefore(index))) % \(count)" }
  /// C that holds for big tiles, and for small ones.
  func isBig(_ remainder: String) -> String { "\(remainder) >= \(count - bigCount)" }
  func isSmall(_ remainder: String) -> String { "\(remainder) < \(count - bigCount)" }
  /// C that goes on to the next tile's remainder.
  func advance(_ remainder: String) -> String {
    "\(remainder) = \(isBig(remainder)) ? \(remainder) - \(count - bigCount) : "
      + "\(remainder) + \(bigCount);"
  }

  /// `count` times the big tiles before tile `index`, rounded up.
  private func bigsBefore(_ index: String) -> String { "\(index) * \(bigCount) + \(count - 1)" }
}

/// C for the part of `count` things in a row that is the present share's.
struct Share {
  var from: String
  var to: String

  /// - Parameter number: C for which share it is.
  init(of count: Int, among shares: Int, number: String = "share") {
    from = shares == 1 ? "0" : "\(count) * \(number) / \(shares)"
    to = shares == 1 ? "\(count)" : "\(count) * (\(number) + 1) / \(shares)"
  }
}
