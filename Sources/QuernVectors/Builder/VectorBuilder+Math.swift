// Elementary functions as vector instructions: no table, no branch, the same expansion on every
// target. Bounds are in units in the last place (ULP) of the exact result where nothing else is said,
// over the whole range of f32, as the tests measure them against double precision. On the portable
// target multiply-adds are rounded twice, which the bounds allow for.
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

  /// sin x. For |x| < 2¹¹ within 2 ULP, or within 2⁻³⁸ where 2 ULP are less than that; for all
  /// larger numbers within 2⁻²³. Never beyond ±1, and odd to the bit; NaN for ±∞ and NaN.
  public mutating func sin(_ x: VectorRegister) -> VectorRegister {
    let (remainder, quarter) = quarterTurns(unary(.absolute, x))
    let ofAbsolute = sine(remainder, quarter: quarter)
    return binary(.xor, ofAbsolute, binary(.and, x, constant(Float(-0.0))))
  }

  /// cos x, with the bounds of ``sin(_:)``, and even to the bit.
  public mutating func cos(_ x: VectorRegister) -> VectorRegister {
    // It is the sine a quarter turn on.
    let (remainder, quarter) = quarterTurns(unary(.absolute, x))
    return sine(remainder, quarter: binary(.addInteger, quarter, constant(Int32(1))))
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

// MARK: - Sine and cosine

extension VectorBuilder {
  /// sin(r + n·π/2), for r from -π/4 to π/4. The polynomials are those of Cephes' `sinf` and `cosf`.
  private mutating func sine(
    _ r: VectorRegister, quarter n: VectorRegister
  ) -> VectorRegister {
    let square = multiply(r, r)
    let p = polynomial(square, [-1.951_529_589_1e-4, 8.332_160_873_6e-3, -1.666_665_461_1e-1])
    let sine = multiplyAdd(multiply(p, square), r, r)
    let cosine = polynomial(
      square,
      [2.443_315_711_809_948e-5, -1.388_731_625_493_765e-3, 4.166_664_568_298_827e-2, -0.5, 1])
    let isOdd = binary(.and, n, constant(Int32(1)))
    let size = select(isOdd, .equal, zero(), type: .i32, ifTrue: sine, ifFalse: cosine)
    // Half a turn on, the sign is the other one.
    let sign = binary(.and, shift(.left, n, by: 30), constant(Float(-0.0)))
    return binary(.xor, size, sign)
  }

  /// Takes x apart: x = r + n·π/2 with r from -π/4 to π/4, and whole turns less. n is an i32.
  ///
  /// - Parameter x: not negative. For +∞ and NaN, r is NaN.
  private mutating func quarterTurns(
    _ x: VectorRegister
  ) -> (remainder: VectorRegister, quarter: VectorRegister) {
    // Cody and Waite's way: π/2 in three parts, of which the first two have so few bits that for
    // n < 2¹¹ the products with n, and the differences, are exact.
    let n = unary(.roundToNearest, multiply(x, constant(Float(0x1.45f306p-1))))
    var near = multiplyAdd(n, constant(Float(0x1.922p+0)), x, negated: true)
    near = multiplyAdd(n, constant(Float(-0x1.2cp-18)), near, negated: true)
    near = multiplyAdd(n, constant(Float(0x1.110b46p-26)), near, negated: true)
    // Both ways are computed in every lane. The far one takes no less than 2¹¹: it would scale tiny
    // numbers to subnormal ones, with which processors are slow. The bound comes first: so NaN passes.
    let limit = constant(Float(0x1p11))
    let far = farQuarterTurns(maximum(limit, x))
    return (
      select(x, .less, limit, ifTrue: near, ifFalse: far.remainder),
      select(x, .less, limit, ifTrue: unary(.nearestToInteger, n), ifFalse: far.quarter)
    )
  }

  /// The same for x ≥ 2¹¹. The error of r is less than 2⁻²³.
  ///
  /// Payne and Hanek's way, which computes no bit of x/2π that stands for whole turns. x is a sum of
  /// digits times 2ᵖ, for p = 100, 72, 44, 16 and -12; digits are integers of at most 2²⁸. An angle is
  /// an i32 in units of 2⁻³² turns: products and sums of i32 drop whole turns by wrapping around. A
  /// digit's angle is the digit times that of 2ᵖ.
  private mutating func farQuarterTurns(
    _ x: VectorRegister
  ) -> (remainder: VectorRegister, quarter: VectorRegister) {
    // The angles of 2ᵖ: the nearest whole unit, and what is left.
    let angles: [(whole: UInt32, rest: Float)] = [
      (0xd4d3_7703, 0x1.b6295ap-2), (0x09d5_f47d, 0x1.34ddcp-2), (0x1054_a7f1, -0x1.8a82ep-2),
      (0x60db_9391, 0x1.529fc2p-6), (0x0002_8be6, 0x1.b72722p-5),
    ]
    var digit = multiply(x, constant(Float(0x1p-100)))
    var whole = zero()
    var rest = zero()
    for (index, angle) in angles.enumerated() {
      if index > 0 { digit = multiply(digit, constant(Float(0x1p28))) }
      let rounded = unary(.roundToNearest, digit)
      digit = subtract(digit, rounded)
      let product = binary(
        .multiplyInteger, unary(.truncateToInteger, rounded), constant(bits: angle.whole))
      whole = index == 0 ? product : binary(.addInteger, whole, product)
      rest = multiplyAdd(rounded, constant(angle.rest), rest)
    }
    let angle = binary(.addInteger, whole, unary(.nearestToInteger, rest))
    // The nearest quarter turn, and the angle from there in radians. x·0 makes that NaN for +∞ and NaN.
    let rounding = constant(Int32(1 << 29))
    let quarter = shift(.rightArithmetic, binary(.addInteger, angle, rounding), by: 30)
    let left = binary(.subtractInteger, angle, shift(.left, quarter, by: 30))
    let remainder = multiplyAdd(
      unary(.convertToFloat, left), constant(Float(0x1.921fb6p-30)), multiply(x, zero()))
    return (remainder, quarter)
  }
}
