import QuernGraph

/// Elementwise ops, movements and reductions.
extension RandomGraph {
  /// One more value made from `x` and others; nil where what was drawn does not fit.
  mutating func step(_ x: Value) throws -> Value? {
    switch below(20) {
    case 0, 1: return try unary(x)
    case 2, 3: return try composite(x)
    case 4, 5, 6: return try binary(x)
    case 7: return try reshape(x)
    case 8: return try movement(x)
    case 9: return try slice(x)
    case 10: return try join(x)
    case 11: return try reduction(x)
    case 12, 13, 14: return try convolution(x)
    case 15: return try pooling(x)
    case 16: return try dense(x)
    case 17: return try product(x)
    case 18: return try windowedSum(x)
    default: return try withIntegers(x)
    }
  }

  private mutating func unary(_ x: Value) throws -> Value {
    let t = x.tensor
    switch below(12) {
    case 0: return Value(tensor: try -t, bound: x.bound)
    case 1: return Value(tensor: try t.absolute(), bound: x.bound)
    case 2: return Value(tensor: try t.tanh(), bound: 1)
    case 3: return Value(tensor: try t.sigmoid(), bound: 1)
    case 4: return Value(tensor: try t.erf(), bound: 1)
    case 5: return Value(tensor: try (t * (1 / x.bound)).exp(), bound: 2.72)
    case 6: return Value(tensor: try (t.absolute() + 0.5).log(), bound: max(x.bound, 0.7))
    case 7: return Value(tensor: try (t * t + 0.25).squareRoot(), bound: x.bound + 0.5)
    case 8: return Value(tensor: try t * number(-1...1) + number(-1...1), bound: x.bound + 1)
    // Factors take angles past a quarter turn.
    case 9: return Value(tensor: try (t * 3).sin(), bound: 1)
    case 10: return Value(tensor: try (t * 2).cos(), bound: 1)
    default: return Value(tensor: try (t * 3).apply(.floor) * 0.25, bound: x.bound + 0.25)
    }
  }

  /// Chains as networks have them.
  private mutating func composite(_ x: Value) throws -> Value? {
    let t = x.tensor
    let zero = t.scalar(0)
    switch below(7) {
    case 0: return Value(tensor: try t.maximum(zero), bound: x.bound)
    case 1:
      return Value(tensor: try t.where(zero.apply(.less, t), otherwise: zero), bound: x.bound)
    case 2:
      return Value(
        tensor: try t.where(zero.apply(.lessOrEqual, t), otherwise: t * 0.125), bound: x.bound)
    case 3:
      return Value(tensor: try t * ((t * 0.70710678).erf() + 1) * 0.5, bound: x.bound)
    case 4: return Value(tensor: try t / (1 + t * t), bound: 0.5)
    case 5:
      guard let kept = kept(t) else { return nil }
      let top = try t.maximum(over: kept.reduced).reshaped(kept.shape)
      let exponentials = try (t - top).exp()
      let sum = try exponentials.sum(over: kept.reduced).reshaped(kept.shape)
      return Value(tensor: try exponentials / sum, bound: 1)
    default:
      guard let kept = kept(t) else { return nil }
      let mean = try t.mean(over: kept.reduced).reshaped(kept.shape)
      let centred = try t - mean
      let variance = try (centred * centred).mean(over: kept.reduced).reshaped(kept.shape)
      return Value(tensor: try centred / (variance + 0.25).squareRoot(), bound: 2 * x.bound)
    }
  }

  /// Some dimensions, and the shape with 1 in their place.
  private mutating func kept(_ t: Tensor) -> (reduced: [Int], shape: Shape)? {
    let reduced = (0..<t.shape.rank).filter { _ in chance(2) }
    guard !reduced.isEmpty else { return nil }
    return (
      reduced,
      Shape(t.shape.extents.enumerated().map { reduced.contains($0.offset) ? 1 : $0.element })
    )
  }

  private func broadcasts(_ a: Shape, _ b: Shape) -> Bool {
    var count = 1
    for d in 1...max(a.rank, b.rank, 1) {
      let m = d <= a.rank ? a[a.rank - d] : 1
      let n = d <= b.rank ? b[b.rank - d] : 1
      guard m == n || m == 1 || n == 1 else { return false }
      count *= max(m, n)
    }
    return count <= 1200
  }

  /// Something that goes with `x` in an elementwise op.
  private mutating func partner(_ x: Value) throws -> Value {
    let shape = x.tensor.shape
    if chance(2) {
      let fitting = floats.filter { broadcasts($0.tensor.shape, shape) }
      if !fitting.isEmpty { return pick(fitting) }
    }
    if chance(3), let kept = kept(x.tensor) {
      return Value(
        tensor: try x.tensor.mean(over: kept.reduced).reshaped(kept.shape), bound: x.bound)
    }
    let lead = chance(2) ? below(shape.rank + 1) : 0
    let extents = shape.extents[lead...].map { chance(3) ? 1 : $0 }
    return try parameter(Shape(extents))
  }

  private mutating func binary(_ x: Value) throws -> Value? {
    let y = try partner(x)
    let (a, b) = chance(2) ? (x, y) : (y, x)
    let (s, t) = (a.tensor, b.tensor)
    let larger = max(a.bound, b.bound)
    switch below(9) {
    case 0, 1: return Value(tensor: try s + t, bound: a.bound + b.bound)
    case 2: return Value(tensor: try s - t, bound: a.bound + b.bound)
    case 3, 4: return Value(tensor: try s * t, bound: a.bound * b.bound)
    case 5: return Value(tensor: try s / (t * t + 0.5), bound: 2 * a.bound)
    case 6: return Value(tensor: try s.maximum(t), bound: larger)
    case 7: return Value(tensor: try s.minimum(t), bound: larger)
    default:
      let op: ElementwiseOp = pick([.less, .lessOrEqual, .equal])
      let condition = try s.apply(op, t)
      let other = try partner(x)
      guard broadcasts(condition.shape, other.tensor.shape) else { return nil }
      return Value(
        tensor: try s.where(condition, otherwise: other.tensor * 0.5),
        bound: max(a.bound, other.bound))
    }
  }

  // MARK: Movements

  /// Another shape with as many elements: dimensions split, merged, put in and left out.
  private mutating func reshape(_ x: Value) throws -> Value {
    Value(tensor: try x.tensor.reshaped(otherShape(x.tensor.shape)), bound: x.bound)
  }

  private mutating func otherShape(_ shape: Shape) -> Shape {
    var extents = shape.extents
    switch below(5) {
    case 0: extents = [shape.elementCount]
    case 1:
      // Merge two neighbours.
      if extents.count > 1 {
        let d = below(extents.count - 1)
        extents[d] *= extents.remove(at: d + 1)
      }
    case 2:
      // Split one.
      if let d = extents.indices.filter({ extents[$0] > 3 }).randomElement(using: &random) {
        let divisors = (2..<extents[d]).filter { extents[d] % $0 == 0 }
        if let divisor = divisors.randomElement(using: &random) {
          let rest = extents[d] / divisor
          extents[d] = divisor
          extents.insert(rest, at: d + 1)
        }
      }
    case 3: extents.insert(1, at: below(extents.count + 1))
    default:
      // Factors anew, across the old boundaries.
      var left = shape.elementCount
      extents = []
      while left > 1, extents.count < 4 {
        let divisors = (2...left).filter { left % $0 == 0 }
        let divisor = pick(divisors)
        extents.append(divisor)
        left /= divisor
      }
      if left > 1 { extents.append(left) }
    }
    return Shape(extents)
  }

  /// A transpose, or a read at affine indices: every other one, backwards, repeated, shifted.
  private mutating func movement(_ x: Value) throws -> Value? {
    let shape = x.tensor.shape
    if chance(2) {
      let order = Array(0..<shape.rank).shuffled(using: &random)
      return Value(tensor: try x.tensor.transposed(order), bound: x.bound)
    }
    var axes: [Axis] = []
    var map: [AffineExpression] = []
    for (d, extent) in shape.extents.enumerated() {
      let axis = axes.count
      switch below(5) {
      case 0:
        let step = 2 + below(2)
        let start = below(step)
        axes.append(Axis("a\(d)", (extent + step - 1) / step + below(2)))
        map.append(.axis(axis, times: step, plus: start))
      case 1:
        axes.append(Axis("a\(d)", extent))
        map.append(.axis(axis, times: -1, plus: extent - 1))
      case 2: map.append(.constant(below(extent)))
      default:
        axes.append(Axis("a\(d)", extent))
        map.append(.axis(axis))
      }
    }
    if chance(3) { axes.append(Axis("repeat", 1 + below(4))) }
    guard axes.reduce(1, { $0 * $1.extent }) <= 1200 else { return nil }
    let moved = try builder.contraction(
      Contraction(axes: axes, outputRank: axes.count, factors: [.init(map)]), [x.tensor])
    return Value(tensor: moved, bound: x.bound)
  }

  private mutating func slice(_ x: Value) throws -> Value? {
    var start: [Int] = []
    var end: [Int] = []
    for extent in x.tensor.shape.extents {
      start.append(chance(2) ? 0 : below(3) - 1 + (extent > 4 ? below(3) : 0))
      end.append(chance(2) ? extent : extent + below(4) - 2)
      if end[end.count - 1] <= start[start.count - 1] { return nil }
    }
    guard zip(start, end).reduce(1, { $0 * ($1.1 - $1.0) }) <= 1200 else { return nil }
    return Value(tensor: try x.tensor.sliced(from: start, to: end), bound: x.bound)
  }

  private mutating func join(_ x: Value) throws -> Value? {
    let shape = x.tensor.shape
    guard shape.rank > 0, shape.elementCount <= 500 else { return nil }
    let dimension = below(shape.rank)
    var parts = [x]
    for _ in 0..<1 + below(2) {
      let others = floats.filter { other in
        other.tensor.shape.rank == shape.rank && other.tensor.shape.elementCount <= 500
          && (0..<shape.rank).allSatisfy { $0 == dimension || other.tensor.shape[$0] == shape[$0] }
      }
      parts.append(pick(others))
    }
    if chance(2) {
      var extents = shape.extents
      extents[dimension] = 1 + below(3)
      parts.append(try parameter(Shape(extents)))
    }
    parts.shuffle(using: &random)
    return Value(
      tensor: try builder.concatenate(parts.map(\.tensor), along: dimension),
      bound: parts.map(\.bound).max() ?? 1)
  }

  // MARK: Reductions

  private mutating func reduction(_ x: Value) throws -> Value? {
    let shape = x.tensor.shape
    let dimensions = (0..<shape.rank).filter { _ in chance(2) }.shuffled(using: &random)
    guard !dimensions.isEmpty else { return nil }
    let count = dimensions.reduce(1) { $0 * shape[$1] }
    switch below(4) {
    case 0: return Value(tensor: try x.tensor.mean(over: dimensions), bound: x.bound)
    case 1:
      return Value(
        tensor: try x.tensor.sum(over: dimensions) * (1 / Double(count).squareRoot()),
        bound: x.bound * Double(count).squareRoot())
    case 2: return Value(tensor: try x.tensor.maximum(over: dimensions), bound: x.bound)
    default:
      let position = try x.tensor.maximumPosition(over: dimensions)
      integers.append(position)
      return Value(
        tensor: try position.toFloat() * (1 / Double(count)),
        bound: 1)
    }
  }
}
