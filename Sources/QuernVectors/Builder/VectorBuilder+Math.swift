// Elementary functions as vector instructions: no table, no branch, the same expansion on every
// target. Bounds are in units in the last place (ULP) of the exact result, over the whole range of
// f32, as the tests measure them against double precision. On the portable target multiply-adds are
// rounded twice, which the bounds allow for.
extension VectorBuilder {
  /// eˣ, within 2 ULP: +∞ where it overflows, gradually to 0 where it underflows, NaN for NaN.
  ///
  /// With n = round(x / ln 2), eˣ = 2ⁿ·eʳ, |r| ≤ ½ ln 2. The polynomial is Cephes' `expf`.
  public mutating func exp(_ x: VectorRegister) -> VectorRegister {
    // The bound comes first: so NaN passes.
    let bounded = maximum(constant(Float(-104)), minimum(constant(Float(89)), x))
    let n = unary(.roundToNearest, multiply(bounded, constant(Float(0x1.715476p+0))))
    // ln 2 in two parts, of which the first times n is exact.
    let partial = multiplyAdd(n, constant(Float(0x1.63p-1)), bounded, negated: true)
    let r = multiplyAdd(n, constant(Float(-2.121_944_4e-4)), partial, negated: true)
    let p = polynomial(
      r,
      [
        1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5,
      ])
    let sum = multiplyAdd(p, multiply(r, r), add(r, constant(Float(1))))
    // 2ⁿ as two factors: one alone can be out of range where the result is not.
    let integer = unary(.nearestToInteger, n)
    let half = shift(.rightArithmetic, integer, by: 1)
    let rest = binary(.subtractInteger, integer, half)
    return multiply(multiply(sum, powerOfTwo(half)), powerOfTwo(rest))
  }

  /// ln x, within 2 ULP: -∞ for zeros, NaN for negative x and NaN, +∞ for +∞.
  ///
  /// With x = 2ᵉ·m, √½ ≤ m < √2, ln x = e·ln 2 + ln m. The polynomial is Cephes' `logf`.
  public mutating func log(_ x: VectorRegister) -> VectorRegister {
    let zero = zero()
    // Subnormal numbers are scaled up first.
    let smallest = constant(Float.leastNormalMagnitude)
    let scaled = select(
      x, .less, smallest, ifTrue: multiply(x, constant(Float(0x1p23))), ifFalse: x)
    let shift23 = select(x, .less, smallest, ifTrue: constant(Float(23)), ifFalse: zero)
    let root = constant(Float(0x1.6a09e6p-1))
    let distance = binary(.subtractInteger, scaled, root)
    let exponent = unary(.convertToFloat, shift(.rightArithmetic, distance, by: 23))
    let e = subtract(exponent, shift23)
    let fraction = binary(.and, distance, constant(Int32(0x007f_ffff)))
    let m = binary(.addInteger, fraction, root)
    let f = subtract(m, constant(Float(1)))
    let square = multiply(f, f)
    let p = polynomial(
      f,
      [
        7.037_683_6e-2, -1.151_461e-1, 1.167_699_87e-1, -1.242_014_1e-1, 1.424_932_3e-1,
        -1.666_805_7e-1, 2.000_071_5e-1, -2.499_999_4e-1, 3.333_333_1e-1,
      ])
    var y = multiply(multiply(p, f), square)
    y = multiplyAdd(e, constant(Float(-2.121_944_4e-4)), y)
    y = multiplyAdd(square, constant(Float(0.5)), y, negated: true)
    let result = multiplyAdd(e, constant(Float(0x1.63p-1)), add(f, y))

    let infinity = constant(Float.infinity)
    let ofZero = select(
      x, .equal, zero, ifTrue: constant(-Float.infinity), ifFalse: constant(Float.nan))
    let finite = select(x, .greater, zero, ifTrue: result, ifFalse: ofZero)
    return select(x, .equal, infinity, ifTrue: x, ifFalse: finite)
  }

  /// tanh x, within 4 ULP.
  ///
  /// Near zero x + x³·P(x²) as Cephes' `tanhf` has it, else 1 - 2/(e^2|x| + 1) with x's sign.
  public mutating func tanh(_ x: VectorRegister) -> VectorRegister {
    let one = constant(Float(1))
    let size = unary(.absolute, x)
    let square = multiply(x, x)
    let p = polynomial(
      square,
      [-5.704_988_7e-3, 2.063_908_9e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328_2e-1])
    let near = multiplyAdd(multiply(p, square), x, x)
    let power = exp(add(size, size))
    let quotient = divide(constant(Float(2)), add(power, one))
    let far = copySign(subtract(one, quotient), of: x)
    return select(size, .less, constant(Float(0.625)), ifTrue: near, ifFalse: far)
  }

  /// The logistic function 1/(1 + e⁻ˣ), within 4 ULP.
  ///
  /// With E = e^-|x|: 1/(1 + E), or E/(1 + E) for negative x, so that nothing overflows.
  public mutating func sigmoid(_ x: VectorRegister) -> VectorRegister {
    let one = constant(Float(1))
    let power = exp(binary(.or, x, constant(Float(-0.0))))
    let numerator = select(x, .less, zero(), ifTrue: power, ifFalse: one)
    return divide(numerator, add(one, power))
  }

  /// The error function, within 4 ULP.
  ///
  /// After Norbert Juffa's `erff`: near zero x + x·P(x²), else 1 - e^Q(|x|) with x's sign.
  public mutating func erf(_ x: VectorRegister) -> VectorRegister {
    // From 4 on the result is 1.
    let size = minimum(constant(Float(4)), unary(.absolute, x))
    let square = multiply(x, x)
    let nearPolynomial = polynomial(
      square,
      [
        -5.967_617e-4, 4.991_194_23e-3, -2.676_813_49e-2, 1.128_199_25e-1, -3.761_253_36e-1,
        1.283_791_66e-1,
      ])
    let near = multiplyAdd(nearPolynomial, x, x)
    let q = polynomial(
      size,
      [
        -1.728_534_7e-5, 3.831_971_26e-4, -3.883_964_38e-3, 2.425_462_19e-2, -1.067_778_77e-1,
        -6.348_466_87e-1, -1.287_175_12e-1,
      ])
    let exponent = subtract(multiply(q, size), size)
    let far = copySign(subtract(constant(Float(1)), exp(exponent)), of: x)
    return select(size, .less, constant(Float(0.927_734_375)), ifTrue: near, ifFalse: far)
  }

  /// Horner's scheme, the highest power's coefficient first.
  public mutating func polynomial(
    _ x: VectorRegister, _ coefficients: [Float]
  ) -> VectorRegister {
    var sum = constant(coefficients.first ?? 0)
    for coefficient in coefficients.dropFirst() {
      sum = multiplyAdd(sum, x, constant(coefficient))
    }
    return sum
  }

  /// |magnitude| with the sign of another value.
  private mutating func copySign(
    _ magnitude: VectorRegister, of sign: VectorRegister
  ) -> VectorRegister {
    let bit = binary(.and, sign, constant(Float(-0.0)))
    return binary(.or, magnitude, bit)
  }

  /// 2ⁿ of an i32 n in -126...127.
  private mutating func powerOfTwo(_ n: VectorRegister) -> VectorRegister {
    shift(.left, binary(.addInteger, n, constant(Int32(127))), by: 23)
  }
}
