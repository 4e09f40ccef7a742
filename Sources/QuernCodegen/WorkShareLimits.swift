import QuernPasses

/// At which kernels threads take turns: each first at its own share of the tiles, then at what is left of
/// the others'. One that the system holds up, or that runs on a slower core, then does less.
///
/// Nothing that is computed depends on it.
public struct WorkShareLimits: Hashable, Sendable {
  /// Turns that each thread has at most: enough for the last one to be a small part of the whole.
  public var most = 16
  /// Turns that each thread has at least: with fewer, one that is held up in its turn keeps the others
  /// waiting for about as long as it would without.
  public var fewest = 3
  /// Vectors computed in a turn: some microseconds, in which it does not matter that threads must agree
  /// on whose the next one is.
  public var minVectors = 20_000

  public init() {}

  /// As if all that can be done in turns were worth it: for tests.
  package static var always: Self {
    var limits = Self()
    (limits.fewest, limits.minVectors) = (1, 1)
    return limits
  }

  /// In how many turns `count` tiles are taken; nil where each thread better takes its share in one go.
  func workShares(of count: Int, vectors: Int, threads: Int) -> Int? {
    let workShares = min(count, threads * most, vectors / minVectors)
    return workShares < threads * fewest ? nil : workShares
  }
}

extension TileLoops {
  /// In how many turns a loop's tiles are taken; nil where each thread takes its share of them in one go:
  /// where there is little to do, or where it would do more in several goes.
  func workShares(of loop: Loop) -> Int? {
    guard let limits = workShareLimits, threads > 1,
      // A block that all columns share would be gone through anew in each turn.
      plan.blocks?.keepsRows != true, let outermost = order.first(where: { $0.split.count > 1 }),
      outermost.kind == loop.kind, outermost.axis == loop.axis
    else { return nil }
    // All panels would be packed in each turn.
    if plan.panels?.place == .packed, fitsAllPanels, loop.kind != .column { return nil }
    let positions = nest.axes.reduce(1) { $0 * $1.extent }
    return limits.workShares(
      of: loop.split.count, vectors: max(1, positions / lanes), threads: threads)
  }
}
