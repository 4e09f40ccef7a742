// Counter-based random numbers: the same values as `CounterHash` gives.
extension VectorBuilder {
  /// `CounterHash.bits` of i32 counters.
  public mutating func randomBits(
    counter: VectorRegister, seed: VectorRegister
  ) -> VectorRegister {
    let first = lowbias32(binary(.xor, counter, seed))
    return lowbias32(binary(.addInteger, first, seed))
  }

  /// `CounterHash.uniform` of i32 counters: f32 in [0, 1).
  public mutating func randomUniform(
    counter: VectorRegister, seed: VectorRegister
  ) -> VectorRegister {
    let bits = randomBits(counter: counter, seed: seed)
    let top = unary(.convertToFloat, shift(.rightLogical, bits, by: 8))
    return multiply(top, constant(Float(0x1p-24)))
  }

  /// `CounterHash.lowbias32`.
  public mutating func lowbias32(_ value: VectorRegister) -> VectorRegister {
    var x = binary(.xor, value, shift(.rightLogical, value, by: 16))
    x = binary(.multiplyInteger, x, constant(bits: 0x7feb_352d))
    x = binary(.xor, x, shift(.rightLogical, x, by: 15))
    x = binary(.multiplyInteger, x, constant(bits: 0x846c_a68b))
    return binary(.xor, x, shift(.rightLogical, x, by: 16))
  }
}
