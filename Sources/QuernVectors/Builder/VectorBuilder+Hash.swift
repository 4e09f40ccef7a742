// The mixer of counter-based random numbers.
extension VectorBuilder {
  /// A bijective mixer of 32 bits: C. Wellons' "lowbias32"
  /// (<https://nullprogram.com/blog/2018/07/31/>), of every lane.
  public mutating func lowbias32(_ value: VectorRegister) -> VectorRegister {
    var x = binary(.xor, value, shift(.rightLogical, value, by: 16))
    x = binary(.multiplyInteger, x, constant(bits: 0x7feb_352d))
    x = binary(.xor, x, shift(.rightLogical, x, by: 15))
    x = binary(.multiplyInteger, x, constant(bits: 0x846c_a68b))
    return binary(.xor, x, shift(.rightLogical, x, by: 16))
  }
}
