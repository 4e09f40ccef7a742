import QuernRandom

/// Draws a fresh order of the examples for every epoch.
///
/// An epoch's order depends on the generator's state at its beginning and on nothing else. A run
/// that stores ``generator`` before an epoch, and is resumed from it, sees the same orders.
public struct Shuffler: Sendable, Hashable, Codable {
  /// How many examples there are.
  public let count: Int
  /// Where the random numbers come from; its state is what a checkpoint stores.
  public var generator: SeededGenerator

  /// - Precondition: `count` ≥ 0.
  public init(count: Int, seed: UInt64) {
    self.init(count: count, generator: SeededGenerator(seed: seed))
  }

  /// Goes on where the shuffler that `generator` was taken from stands.
  public init(count: Int, generator: SeededGenerator) {
    precondition(count >= 0, "Shuffler needs a count of at least zero")
    self.count = count
    self.generator = generator
  }

  /// The next epoch's order: each of 0 ..< ``count`` once, every permutation equally likely.
  ///
  /// Fisher and Yates's shuffle in Durstenfeld's form (CACM 7, 1964, algorithm 235), from the last
  /// place to the first, always starting from the ascending order.
  public mutating func nextEpoch() -> [Int] {
    var order = Array(0..<count)
    var last = count - 1
    while last > 0 {
      order.swapAt(last, generator.nextIndex(below: last + 1))
      last -= 1
    }
    return order
  }
}
