/// Which kernels take pictures a few at a time, as a ``Region``, and how many: as few as are worth it,
/// since what kernels hand to each other then stays closest.
public struct RegionLimits: Sendable {
  /// Bytes of the cache that all cores share: products hand on no more than it holds. The order of
  /// sums over chunks depends on it, so it is the same on all machines.
  public var sharedCache = 8 << 20
  /// Bytes of the cache that each core has to itself. Nothing that is computed depends on it.
  public var coreCache: Int
  /// Multiply-adds of a chunk below which meeting between kernels would take threads too long.
  public var minProducts = 4 << 20
  /// Multiply-adds of a chunk below which adding its products to those of others would take too long.
  public var minSummed = 1 << 20
  /// Chunks for each thread with which one that has a chunk more than others is not waited for long.
  package var minChunks = 8
  /// Rows of products below which a tile of registers would be too small for the loads it takes.
  package var minRows = 16
  /// Terms of sums below which reading and writing them again with each chunk would take too long.
  package var minTerms = 64
  /// Rows of products that were not transformed below which reading the weights again for them would
  /// take too long.
  package var minRowsAlone = 64
  /// Bytes of a chunk below which calling a kernel once more would take too long.
  package var minBytes = 16 << 10
  /// Bytes handed over that are worth a section: fewer stay in the cores' caches anyway.
  package var minHanded = 1 << 20

  public init(coreCache: Int = 1 << 20) { self.coreCache = coreCache }

  /// As if all that can be done in chunks were worth it: for tests.
  package static var always: Self {
    var limits = Self(coreCache: 1 << 40)
    limits.minProducts = 0
    limits.minSummed = 0
    limits.minChunks = 1
    limits.minRowsAlone = 1
    limits.minBytes = 1
    limits.minHanded = 0
    return limits
  }

  /// - Parameters:
  ///   - bytesEach: what kernels hand to each other for one picture.
  ///   - tilesEach: tiles of a picture, which are rows or terms.
  ///   - productsEach: multiply-adds of a picture.
  ///   - parts: in which sums over pictures are kept, as many pictures each; nil where there is none.
  ///   - threads: among which chunks are shared out.
  /// - Returns: a divisor of a part's pictures, and whether threads may take chunks of their own. The size
  ///   does not depend on the threads where chunks are added up.
  func choose(
    examples: Int, bytesEach: Int, tilesEach: Int, productsEach: Int, parts: Int?, threads: Int
  ) -> (size: Int, isPrivate: Bool) {
    func whole(_ minProducts: Int) -> Int {
      let examples = examples / (parts ?? 1)
      let fewest = parts == nil ? minRows : minTerms
      var best = 1
      for size in 1...examples where examples % size == 0 {
        if size > 1, size * bytesEach > sharedCache { break }
        best = size
        if size * tilesEach >= fewest, size * productsEach >= minProducts { break }
      }
      return best
    }
    if let parts {
      let size = whole(minSummed)
      // Some threads without a part are better than all meeting for too little.
      let isLittle = size * productsEach < minProducts
      return (size, parts > 1 && (parts % threads == 0 || isLittle))
    }
    let own = whole(0)
    return hasEnough(examples / own, threads) ? (own, true) : (whole(minProducts), false)
  }

  /// Pictures at a time for one kernel; nil where threads would have too few chunks of their own.
  ///
  /// - Parameters:
  ///   - bytesEach: of the largest tensor, for one picture.
  ///   - rowsEach: rows of products of a picture; nil where there are none.
  func choose(examples: Int, bytesEach: Int, rowsEach: Int?, threads: Int) -> Int? {
    let fewest = (1...examples).first { size in
      examples % size == 0 && size * bytesEach >= minBytes
        && rowsEach.map { size * $0 >= minRowsAlone } ?? true
    }
    return fewest.flatMap { hasEnough(examples / $0, threads) ? $0 : nil }
  }

  func hasEnough(_ chunks: Int, _ threads: Int) -> Bool {
    chunks > 1 && chunks >= minChunks * threads
  }
}
