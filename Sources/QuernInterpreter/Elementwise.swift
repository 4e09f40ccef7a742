import QuernGraph
import QuernRandom

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The loops of an elementwise op: dimensions along which all operands advance alike are one loop.
struct ElementwiseLoops {
  var extents: [Int] = []
  /// For each operand, elements to the next position along each loop; 0 where it is repeated.
  var strides: [[Int]]

  init(_ shapes: [Shape], output: Shape) {
    strides = shapes.map { _ in [] }
    for dimension in 0..<output.rank where output[dimension] > 1 {
      let own = shapes.map { $0[dimension] == 1 ? 0 : $0.strides[dimension] }
      let joins = zip(strides, own).allSatisfy { outer, inner in
        outer.last.map { $0 == inner * output[dimension] } ?? false
      }
      if joins, let last = extents.indices.last {
        extents[last] *= output[dimension]
        for (operand, stride) in own.enumerated() { strides[operand][last] = stride }
      } else {
        extents.append(output[dimension])
        for (operand, stride) in own.enumerated() { strides[operand].append(stride) }
      }
    }
  }

  /// Visits the innermost loop's stretches: where each operand and the output start.
  @inline(__always)
  func forEachRun(_ body: (_ count: Int, _ output: Int, _ starts: SIMD4<Int>) -> Void) {
    let count = extents.last ?? 1
    var positions = [Int](repeating: 0, count: max(extents.count - 1, 0))
    var starts = SIMD4<Int>()
    var output = 0
    while true {
      body(count, output, starts)
      output += count
      var level = positions.count - 1
      while level >= 0 {
        positions[level] += 1
        for operand in strides.indices { starts[operand] &+= strides[operand][level] }
        if positions[level] < extents[level] { break }
        for operand in strides.indices {
          starts[operand] &-= strides[operand][level] * extents[level]
        }
        positions[level] = 0
        level -= 1
      }
      if level < 0 { return }
    }
  }

  func innerStride(_ operand: Int) -> Int { strides[operand].last ?? 0 }

  @inline(__always)
  func map<A, R>(
    _ a: UnsafeMutablePointer<A>, _ out: UnsafeMutablePointer<R>, _ function: (A) -> R
  ) {
    let da = innerStride(0)
    forEachRun { count, output, starts in
      var i = starts[0]
      for o in output..<output + count {
        out[o] = function(a[i])
        i &+= da
      }
    }
  }

  @inline(__always)
  func map<A, R>(
    _ a: UnsafeMutablePointer<A>, _ b: UnsafeMutablePointer<A>, _ out: UnsafeMutablePointer<R>,
    _ function: (A, A) -> R
  ) {
    let (da, db) = (innerStride(0), innerStride(1))
    forEachRun { count, output, starts in
      var (i, j) = (starts[0], starts[1])
      for o in output..<output + count {
        out[o] = function(a[i], b[j])
        i &+= da
        j &+= db
      }
    }
  }

  @inline(__always)
  func select<C: Numeric, A>(
    _ condition: UnsafeMutablePointer<C>, _ a: UnsafeMutablePointer<A>,
    _ b: UnsafeMutablePointer<A>, _ out: UnsafeMutablePointer<A>
  ) {
    let (dc, da, db) = (innerStride(0), innerStride(1), innerStride(2))
    forEachRun { count, output, starts in
      var (k, i, j) = (starts[0], starts[1], starts[2])
      for o in output..<output + count {
        out[o] = condition[k] != 0 ? a[i] : b[j]
        k &+= dc
        i &+= da
        j &+= db
      }
    }
  }
}

@inline(__always)
func evaluate<Scalar: BinaryFloatingPoint & Sendable>(
  _ op: ElementwiseOp, _ loops: ElementwiseLoops, _ operands: [Value<Scalar>],
  _ result: Value<Scalar>
) {
  let last = operands.count - 1
  if operands[last].element == .int32 {
    return integer(op, loops, operands, result)
  }
  let (a, b, out) = (operands[0].floats, operands[last].floats, result.floats)
  switch op {
  case .negate: loops.map(a, out) { -$0 }
  case .absolute: loops.map(a, out) { abs($0) }
  case .exp: loops.map(a, out) { Scalar.exponential($0) }
  case .log: loops.map(a, out) { Scalar.naturalLogarithm($0) }
  case .sin: loops.map(a, out) { Scalar.sine($0) }
  case .cos: loops.map(a, out) { Scalar.cosine($0) }
  case .tanh: loops.map(a, out) { Scalar.hyperbolicTangent($0) }
  case .sigmoid: loops.map(a, out) { 1 / (1 + Scalar.exponential(-$0)) }
  case .erf: loops.map(a, out) { Scalar.errorFunction($0) }
  case .squareRoot: loops.map(a, out) { $0.squareRoot() }
  case .floor: loops.map(a, out) { $0.rounded(.down) }
  case .toFloat: loops.map(operands[0].bytes, out) { Scalar($0) }
  case .toInt:
    if operands[0].element == .uint8 {
      loops.map(operands[0].bytes, result.integers) { Int32($0) }
    } else {
      // What the processor gives for a number beyond the type, and for NaN.
      loops.map(a, result.integers) { Int32(exactly: $0.rounded(.towardZero)) ?? .min }
    }
  case .add: loops.map(a, b, out) { $0 + $1 }
  case .subtract: loops.map(a, b, out) { $0 - $1 }
  case .multiply: loops.map(a, b, out) { $0 * $1 }
  case .divide: loops.map(a, b, out) { $0 / $1 }
  case .maximum: loops.map(a, b, out) { $0 >= $1 || $0 != $0 ? $0 : $1 }
  case .minimum: loops.map(a, b, out) { $0 <= $1 || $0 != $0 ? $0 : $1 }
  case .less: loops.map(a, b, out) { $0 < $1 ? 1 : 0 }
  case .lessOrEqual: loops.map(a, b, out) { $0 <= $1 ? 1 : 0 }
  case .equal: loops.map(a, b, out) { $0 == $1 ? 1 : 0 }
  case .select: loops.select(a, operands[1].floats, b, out)
  case .uniform: break  // of integers only
  }
}

/// Integers wrap around, as they do in registers.
@inline(__always)
private func integer<Scalar: BinaryFloatingPoint & Sendable>(
  _ op: ElementwiseOp, _ loops: ElementwiseLoops, _ operands: [Value<Scalar>],
  _ result: Value<Scalar>
) {
  let last = operands.count - 1
  let (a, b, out) = (operands[0].integers, operands[last].integers, result.integers)
  switch op {
  case .toFloat: loops.map(a, result.floats) { Scalar($0) }
  case .add: loops.map(a, b, out) { $0 &+ $1 }
  case .subtract: loops.map(a, b, out) { $0 &- $1 }
  case .multiply: loops.map(a, b, out) { $0 &* $1 }
  case .maximum: loops.map(a, b, out) { max($0, $1) }
  case .minimum: loops.map(a, b, out) { min($0, $1) }
  case .less: loops.map(a, b, result.floats) { $0 < $1 ? 1 : 0 }
  case .lessOrEqual: loops.map(a, b, result.floats) { $0 <= $1 ? 1 : 0 }
  case .equal: loops.map(a, b, result.floats) { $0 == $1 ? 1 : 0 }
  case .uniform:
    loops.map(a, b, result.floats) { Scalar(CounterRandom.uniform(position: $0, counter: $1)) }
  case .select: loops.select(operands[0].floats, operands[1].integers, b, out)
  default: break  // of floats only
  }
}

// MARK: - Functions of the C library, at the scalar's own precision

extension BinaryFloatingPoint {
  @inline(__always)
  private static func call(_ x: Self, _ f: (Float) -> Float, _ d: (Double) -> Double) -> Self {
    Self.self == Float.self ? Self(f(Float(x))) : Self(d(Double(x)))
  }

  @inline(__always) static func exponential(_ x: Self) -> Self {
    call(x, exp, exp)
  }
  @inline(__always) static func naturalLogarithm(_ x: Self) -> Self {
    call(x, log, log)
  }
  @inline(__always) static func sine(_ x: Self) -> Self {
    call(x, sin, sin)
  }
  @inline(__always) static func cosine(_ x: Self) -> Self {
    call(x, cos, cos)
  }
  @inline(__always) static func hyperbolicTangent(_ x: Self) -> Self {
    call(x, tanh, tanh)
  }
  @inline(__always) static func errorFunction(_ x: Self) -> Self {
    call(x, erf, erf)
  }
}
