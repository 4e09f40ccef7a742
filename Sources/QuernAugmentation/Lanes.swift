/// Sixteen numbers at a time; the compiler splits them into what the processor has.
typealias Lanes = SIMD16<Float>

let laneCount = 16

/// How many values a row of `count` takes, whole lanes.
func lanePadded(_ count: Int) -> Int { (count + laneCount - 1) / laneCount * laneCount }

extension UnsafeMutablePointer where Pointee == Float {
  /// The sixteen values from `place` on, aligned or not.
  @inline(__always)
  func lanes(_ place: Int) -> Lanes {
    UnsafeRawPointer(self + place).loadUnaligned(as: Lanes.self)
  }

  @inline(__always)
  func store(_ lanes: Lanes, at place: Int) {
    UnsafeMutableRawPointer(self + place).storeBytes(of: lanes, as: Lanes.self)
  }
}

/// `CounterRandom.hash` of sixteen numbers.
@inline(__always)
package func hashedLanes(_ value: SIMD16<UInt32>) -> SIMD16<UInt32> {
  var x = value
  x ^= x &>> 16
  x = x &* 0x7feb_352d
  x ^= x &>> 15
  x = x &* 0x846c_a68b
  x ^= x &>> 16
  return x
}

/// Numbers below 2²³ as floats. (The general conversion is not one instruction for lanes.)
@inline(__always)
func floats(_ value: SIMD16<UInt32>) -> Lanes {
  // 0x4b000000 is 2²³, whose last bit counts ones.
  unsafeBitCast(value | 0x4b00_0000, to: Lanes.self) - 0x1p23
}
