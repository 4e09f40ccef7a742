import QuernGraph

/// Positions, labels, random numbers; and updates.
extension RandomGraph {
  /// Something that brings integers in.
  mutating func withIntegers(_ x: Value) throws -> Value? {
    let shape = x.tensor.shape
    switch below(7) {
    case 0:
      // Where an element stands.
      let positions = builder.iota(
        shape, dimension: shape.rank == 0 || chance(2) ? nil : below(shape.rank))
      let scaled = try positions.toFloat() * (1 / Double(shape.elementCount))
      return Value(tensor: try x.tensor + scaled, bound: x.bound + 1)
    case 1:
      // A mask by position, as for dropout.
      let counter = builder.constant(Double(below(1000)), [], .int32)
      let mask = try builder.iota(shape).apply(.uniform, counter)
      let keeps = try mask.apply(.less, mask.scalar(0.75))
      return Value(tensor: try x.tensor * keeps * 1.25, bound: x.bound * 1.25)
    case 2:
      // Part of a triangle.
      guard shape.rank >= 2 else { return nil }
      let rows = builder.iota(shape, dimension: shape.rank - 2)
      let columns = builder.iota(shape, dimension: shape.rank - 1)
      let op: ElementwiseOp = pick([.less, .lessOrEqual, .equal])
      return Value(
        tensor: try x.tensor.where(rows.apply(op, columns), otherwise: x.tensor * 0.25),
        bound: x.bound)
    case 3: return try gather(x)
    case 4: return try oneHot(x)
    case 5: return try arithmetic()
    default:
      // To an integer and back.
      let whole = try (x.tensor * 3).toInt()
      integers.append(whole)
      return Value(tensor: try whole.toFloat() * 0.25, bound: x.bound)
    }
  }

  private mutating func arithmetic() throws -> Value? {
    guard !integers.isEmpty else { return nil }
    let a = pick(integers)
    let b = chance(2) ? a.scalar(Double(1 + below(7))) : pick(integers)
    let op: ElementwiseOp = pick([.add, .subtract, .multiply, .maximum, .minimum])
    guard let c = try? a.apply(op, b), c.shape.elementCount <= 1200 else { return nil }
    let small = try c.maximum(c.scalar(-100)).minimum(c.scalar(100))
    integers.append(small)
    return Value(tensor: try small.toFloat() * 0.01, bound: 1)
  }

  /// out[n, …] = Σ_k [label[n] = k] · x[…, k, …], as the loss of a classifier picks its own logit.
  private mutating func gather(_ x: Value) throws -> Value? {
    let shape = x.tensor.shape
    guard shape.rank >= 1, let labels = integers.randomElement(using: &random),
      labels.shape.rank <= 2
    else { return nil }
    let dimension = below(shape.rank)
    // Axes: the labels' dimensions, then the tensor's others; the tensor may share the first.
    let shares =
      dimension != 0 && labels.shape.rank > 0 && labels.shape[0] == shape[0] && !chance(3)
    var axes = labels.shape.extents.enumerated().map { Axis("n\($0)", $1) }
    var map = [AffineExpression](repeating: .constant(0), count: shape.rank)
    for d in 0..<shape.rank where d != dimension {
      if d == 0, shares {
        map[d] = .axis(0)
      } else {
        map[d] = .axis(axes.count)
        axes.append(Axis("d\(d)", shape[d]))
      }
    }
    map[dimension] = .axis(axes.count)
    let rank = axes.count
    axes.append(Axis("k", shape[dimension]))
    guard axes.reduce(1, { $0 * $1.extent }) <= 20_000 else { return nil }
    let own = (0..<labels.shape.rank).map { AffineExpression.axis($0) }
    let match = AffineExpression.axis(rank, plus: chance(4) ? 1 : 0)
    var factors: [Contraction.Factor] = [.init(map), .init(own, match: match)]
    var operands = [x.tensor, labels]
    if chance(3) {
      factors.swapAt(0, 1)
      operands.swapAt(0, 1)
    }
    let picked = try builder.contraction(
      Contraction(axes: axes, outputRank: rank, factors: factors), operands)
    return Value(tensor: picked, bound: x.bound)
  }

  /// [label = k], multiplied by a value that goes with it or by itself.
  private mutating func oneHot(_ x: Value) throws -> Value? {
    guard let labels = integers.randomElement(using: &random), labels.shape.elementCount <= 100
    else { return nil }
    let rank = labels.shape.rank
    let axes = labels.shape.extents.enumerated().map { Axis("n\($0)", $1) } + [Axis("k", 10)]
    let hot = try builder.contraction(
      Contraction(
        axes: axes, outputRank: rank + 1,
        factors: [.init((0..<rank).map { .axis($0) }, match: .axis(rank))]), [labels])
    let weight = try parameter([10, 1 + below(9)])
    return Value(
      tensor: try chance(2) ? hot : hot.matrixProduct(weight.tensor), bound: weight.bound)
  }

  // MARK: Updates

  /// Parameters that follow their gradients, optimiser state, swapped inputs, and stranger ones.
  mutating func declareUpdates() throws {
    for (parameter, gradient) in zip(inputs, gradients) where !chance(3) {
      let name = name(parameter)
      switch below(8) {
      case 0, 1: try builder.update(parameter, to: parameter - gradient * 0.1)
      case 2, 3:
        let momentum = try builder.input("m.\(name)", parameter.shape, role: .state)
        let next = try momentum * 0.9 + gradient
        try builder.update(momentum, to: next)
        try builder.update(parameter, to: parameter - next * 0.1)
      case 4:
        let square = try builder.input("v.\(name)", parameter.shape, role: .state)
        let next = try square * 0.9 + gradient * gradient * 0.1
        try builder.update(square, to: next)
        let root = try next.absolute().squareRoot() + 0.5
        try builder.update(parameter, to: parameter - gradient * 0.1 / root)
      case 5:
        let other = try builder.input("s.\(name)", parameter.shape, role: .state)
        try builder.update(parameter, to: other)
        try builder.update(other, to: parameter)
      case 6:
        // Of other elements than its own.
        guard let last = parameter.shape.extents.last else { continue }
        let map = (0..<parameter.shape.rank).map { d in
          d == parameter.shape.rank - 1
            ? AffineExpression.axis(d, times: -1, plus: last - 1) : .axis(d)
        }
        let axes = parameter.shape.extents.enumerated().map { Axis("d\($0)", $1) }
        let reversed = try builder.contraction(
          Contraction(axes: axes, outputRank: axes.count, factors: [.init(map)]), [parameter])
        try builder.update(parameter, to: chance(2) ? reversed : reversed * 0.5)
      default:
        let all = Array(0..<parameter.shape.rank)
        try builder.update(parameter, to: parameter - parameter.mean(over: all))
      }
    }
    let targets = floats.map(\.tensor).filter { value in
      if case .input = value.node.op { return false }
      return true
    }
    for number in 0..<below(3) {
      let source = pick(targets.isEmpty ? [loss] : targets)
      let state = try builder.input("state\(number)", source.shape, role: .state)
      try builder.update(state, to: chance(2) ? source : state * 0.5 + source)
      if chance(3) {
        let copy = try builder.input("copy\(number)", [source.shape.elementCount], role: .state)
        try builder.update(copy, to: try state.reshaped(copy.shape))
      }
    }
    if chance(3) {
      let counter = try builder.input("counter", [], .int32, role: .state)
      try builder.update(counter, to: counter + 1)
      let noise = try builder.iota([7]).apply(.uniform, counter)
      try builder.output("noise", noise)
    }
  }
}
