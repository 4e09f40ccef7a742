/// A random number generator whose whole state is one number that can be read, stored and set, so
/// that a resumed run draws exactly what an uninterrupted one would have drawn.
///
/// SplitMix64: G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014, with the constants of S. Vigna's <https://prng.di.unimi.it/splitmix64.c>. Its period
/// is 2⁶⁴. Not for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable, Codable {
  /// All that decides the numbers to come.
  public var state: UInt64

  /// A generator that starts from `seed`; equal seeds give equal numbers.
  @inlinable
  public init(seed: UInt64) { state = seed }

  /// A generator that goes on where another, whose ``state`` this is, stands.
  @inlinable
  public init(state: UInt64) { self.state = state }

  @inlinable
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number drawn evenly from 0 ..< `bound`.
  ///
  /// Lemire's method ("Fast Random Integer Generation in an Interval", 2019), spelled out here
  /// because the standard library does not promise that its own will always draw the same.
  /// - Precondition: `bound` > 0.
  public mutating func nextIndex(below bound: Int) -> Int {
    precondition(bound > 0, "nextIndex(below:) needs a bound above zero")
    let bound = UInt64(bound)
    var (high, low) = next().multipliedFullWidth(by: bound)
    if low < bound {
      let threshold = (0 &- bound) % bound
      while low < threshold { (high, low) = next().multipliedFullWidth(by: bound) }
    }
    return Int(high)
  }
}
