import QuernMachine

/// Which kernels take examples a few at a time, as a ``Region``, and how many: as few as are worth it, since
/// what kernels hand to each other then stays closest.
public struct RegionLimits: Sendable {
  public var tuning: Tuning.Regions
  public var numerics: Numerics.Regions
  /// Bytes of the cache that each core has to itself. Nothing that is computed depends on it.
  public var coreCache: Int

  /// - Parameters:
  ///   - tuning: limits on which nothing that is computed depends.
  ///   - numerics: limits that decide the order of sums over a batch.
  ///   - coreCache: bytes of the machine's cache that each core has to itself.
  public init(
    _ tuning: Tuning.Regions = .init(), _ numerics: Numerics.Regions = .init(),
    coreCache: Int = 1 << 20
  ) {
    self.tuning = tuning
    self.numerics = numerics
    self.coreCache = tuning.coreCache ?? coreCache
  }

  /// As if all that can be done in chunks were worth it: for tests.
  package static var always: Self {
    var numerics = Numerics.Regions()
    numerics.minSummed = 0
    return Self(.always, numerics)
  }

  /// - Parameters:
  ///   - bytesEach: what kernels hand to each other for one example.
  ///   - tilesEach: tiles of an example, which are rows or terms.
  ///   - productsEach: multiply-adds of an example.
  ///   - parts: in which sums over examples are kept, as many examples each; nil where there is none.
  ///   - threads: among which chunks are shared out.
  /// - Returns: a divisor of a part's examples, and whether threads may take chunks of their own. The size
  ///   does not depend on the threads where chunks are added up.
  func choose(
    examples: Int, bytesEach: Int, tilesEach: Int, productsEach: Int, parts: Int?, threads: Int
  ) -> (size: Int, isPrivate: Bool) {
    func whole(_ leastProducts: Int) -> Int {
      let examples = examples / (parts ?? 1)
      let fewest = parts == nil ? tuning.minRows : numerics.minTerms
      var best = 1
      for size in 1...examples where examples % size == 0 {
        if size > 1, size * bytesEach > numerics.sharedCache { break }
        best = size
        if size * tilesEach >= fewest, size * productsEach >= leastProducts { break }
      }
      return best
    }
    if let parts {
      let size = whole(numerics.minSummed)
      // Some threads without a part are better than all meeting for too little.
      let isLittle = size * productsEach < tuning.minProducts
      return (size, parts > 1 && (parts % threads == 0 || isLittle))
    }
    let own = whole(0)
    return hasEnough(examples / own, threads) ? (own, true) : (whole(tuning.minProducts), false)
  }

  /// Examples at a time for one kernel; nil where threads would have too few chunks of their own.
  ///
  /// - Parameters:
  ///   - bytesEach: of the largest tensor, for one example.
  ///   - rowsEach: rows of products of an example; nil where there are none.
  func choose(examples: Int, bytesEach: Int, rowsEach: Int?, threads: Int) -> Int? {
    let fewest = (1...examples).first { size in
      examples % size == 0 && size * bytesEach >= tuning.minBytes
        && rowsEach.map { size * $0 >= tuning.minRowsAlone } ?? true
    }
    return fewest.flatMap { hasEnough(examples / $0, threads) ? $0 : nil }
  }

  func hasEnough(_ chunks: Int, _ threads: Int) -> Bool {
    chunks > 1 && chunks >= tuning.minChunks * threads
  }
}
