/// Random numbers as a pure function of a counter and a seed: element i of a random tensor is
/// `uniform(i, seed:)`, in whatever order, on whatever thread it is asked for.
///
/// The mixer is Chris Wellons' "lowbias32" (https://nullprogram.com/blog/2018/07/31/).
public enum CounterHash {
  /// 32 well-mixed bits: lowbias32(lowbias32(counter ^ seed) + seed).
  public static func bits(_ counter: UInt32, seed: UInt32) -> UInt32 {
    lowbias32(lowbias32(counter ^ seed) &+ seed)
  }

  /// Uniform in [0, 1): the top 24 bits of `bits`, times 2⁻²⁴.
  public static func uniform(_ counter: UInt32, seed: UInt32) -> Float {
    Float(bits(counter, seed: seed) >> 8) * 0x1p-24
  }

  /// A bijective mixer of 32 bits.
  public static func lowbias32(_ value: UInt32) -> UInt32 {
    var x = value
    x ^= x >> 16
    x = x &* 0x7feb_352d
    x ^= x >> 15
    x = x &* 0x846c_a68b
    x ^= x >> 16
    return x
  }
}
