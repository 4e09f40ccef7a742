/// An extent cut into tiles of nearly equal size: the first `bigCount` have `small + 1`, the others
/// `small`. So there are at most two kinds of tile, and no small remainder that runs slowly.
package struct Chunks: Hashable {
  package var count: Int
  package var small: Int
  package var bigCount: Int

  package init(_ extent: Int, atMost limit: Int) {
    count = (extent + limit - 1) / limit
    small = extent / count
    bigCount = extent % count
  }

  var sizes: [Int] {
    bigCount > 0 ? (bigCount == count ? [small + 1] : [small + 1, small]) : [small]
  }

  /// How evenly `shares` threads share the tiles, 1 for all alike: the mean share over the largest.
  package func balance(shares: Int) -> Double {
    func start(_ tile: Int) -> Int { tile * small + min(tile, bigCount) }
    let largest = (0..<shares).map { start(count * ($0 + 1) / shares) - start(count * $0 / shares) }
      .max()
    return Double(start(count)) / Double(max(1, largest ?? 1) * shares)
  }

  /// C for the first position of tile `index`.
  func start(_ index: String) -> String {
    guard count > 1 else { return "0" }
    let base = small == 1 ? index : "\(index) * \(small)"
    if bigCount == 0 { return base }
    return "\(base) + (\(index) < \(bigCount) ? \(index) : \(bigCount))"
  }

  /// C that holds where tile `index` is a big one.
  func isBig(_ index: String) -> String? { bigCount == 0 ? nil : "\(index) < \(bigCount)" }
}
