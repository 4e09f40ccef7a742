import QuernRandom
import Testing

@Suite struct CounterRandomTests {
  @Test func isUniform() {
    let count = 1 << 16
    for counter in [0, 42, -1] as [Int32] {
      let values = (0..<Int32(count)).map {
        CounterRandom.uniform(position: $0, counter: counter)
      }
      #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
      var buckets = [Int](repeating: 0, count: 16)
      for value in values { buckets[Int(value * 16)] += 1 }
      // Five standard deviations.
      let mean = values.reduce(0.0) { $0 + Double($1) } / Double(count)
      #expect(abs(mean - 0.5) < 5 * 0.2887 / 256)
      for bucket in buckets { #expect(abs(bucket - count / 16) < 5 * 62) }
    }
  }

  @Test func countersGiveDifferentNumbers() {
    let same = (0..<1000 as Range<Int32>).filter {
      CounterRandom.uniform(position: $0, counter: 1)
        == CounterRandom.uniform(position: $0, counter: 2)
    }
    #expect(same.isEmpty)
  }

  /// Each step of the mixer can be undone, so no two values share a hash.
  @Test func hashLosesNothing() {
    func unshift(_ value: UInt32, by distance: UInt32) -> UInt32 {
      var x = value
      for _ in 0..<32 / distance { x = value ^ (x >> distance) }
      return x
    }
    /// The inverse of an odd factor modulo 2³², by Newton's method.
    func inverse(_ factor: UInt32) -> UInt32 {
      var x = factor
      for _ in 0..<5 { x = x &* (2 &- factor &* x) }
      return x
    }
    for value in [0, 1, 2, 0xdead_beef, .max] as [UInt32] {
      var x = unshift(CounterRandom.hash(value), by: 16)
      x = unshift(x &* inverse(0x846c_a68b), by: 15)
      x = unshift(x &* inverse(0x7feb_352d), by: 16)
      #expect(x == value)
    }
  }
}
