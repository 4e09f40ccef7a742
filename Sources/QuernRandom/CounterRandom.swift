/// Random numbers without state: a hash of a position and a counter.
///
/// The mixer is the 32-bit "lowbias32" of C. Wellons' *Hash Prospector*
/// (<https://nullprogram.com/blog/2018/07/31/>). Because a number depends on nothing but its
/// position and counter, any thread can make any part of a mask, and a resumed run makes the same
/// masks as one that was never stopped.
public enum CounterRandom {
  /// A bijective mixer of 32 bits.
  @inlinable
  public static func hash(_ value: UInt32) -> UInt32 {
    var x = value
    x ^= x >> 16
    x = x &* 0x7feb_352d
    x ^= x >> 15
    x = x &* 0x846c_a68b
    x ^= x >> 16
    return x
  }

  /// A number in [0, 1), a multiple of 2⁻²⁴: hash(position ^ hash(counter)) >> 8.
  @inlinable
  public static func uniform(position: Int32, counter: Int32) -> Float {
    let bits = hash(UInt32(bitPattern: position) ^ hash(UInt32(bitPattern: counter)))
    return Float(bits >> 8) * 0x1p-24
  }
}
