import QuernGraph

/// Contractions and windows.
extension RandomGraph {
  /// Pictures: the value itself, or in another shape.
  private mutating func picture(_ x: Value) throws -> Value {
    if x.tensor.shape.rank == 4 { return x }
    var extents = x.tensor.shape.extents
    while extents.count < 4 { extents.insert(1, at: below(extents.count + 1)) }
    while extents.count > 4 {
      let d = below(extents.count - 1)
      extents[d] *= extents.remove(at: d + 1)
    }
    return Value(tensor: try x.tensor.reshaped(Shape(extents)), bound: x.bound)
  }

  /// Kernels, strides, dilations and paddings that fit a picture; nil where none does.
  private mutating func geometry(_ shape: Shape, isPooling: Bool) -> WindowGeometry? {
    var g = WindowGeometry(kernel: [1, 1])
    for d in 0..<2 {
      g.kernelExtents[d] = pick([1, 2, 2, 3, 3, 3, 4, 5])
      g.strides[d] = pick([1, 1, 1, 2, 2, 3])
      g.dilations[d] = pick([1, 1, 1, 2, 3])
      let reach = g.dilations[d] * (g.kernelExtents[d] - 1)
      let limit = isPooling ? (reach + 1) / 2 : reach + 1
      if !chance(3) {
        g.paddingBefore[d] = below(limit + 1)
        g.paddingAfter[d] = chance(2) ? g.paddingBefore[d] : below(limit + 1)
      }
      let padded = shape[1 + d] + g.paddingBefore[d] + g.paddingAfter[d]
      if reach + 1 > padded { return nil }
      guard isPooling else { continue }
      // Every window must hold something.
      for output in 0...(padded - reach - 1) / g.strides[d] {
        let inside = (0..<g.kernelExtents[d]).contains { tap in
          (0..<shape[1 + d]).contains(
            output * g.strides[d] + tap * g.dilations[d] - g.paddingBefore[d])
        }
        if !inside { return nil }
      }
    }
    return g
  }

  mutating func convolution(_ value: Value) throws -> Value? {
    let x = try picture(value)
    let shape = x.tensor.shape
    guard let geometry = geometry(shape, isPooling: false) else { return nil }
    let channels = shape[3]
    let divisors = (1...channels).filter { channels % $0 == 0 }
    let groups = chance(3) ? pick(divisors) : chance(4) ? channels : 1
    let filters = groups * pick(groups > 4 ? [1, 2] : [1, 2, 3, 5, 8, 17])
    let output = try geometry.outputExtents(picture: [shape[1], shape[2]], of: "random")
    let taps = geometry.kernelExtents.reduce(1, *) * channels / groups
    let count = shape[0] * output[0] * output[1] * filters
    guard count <= 1500, count * taps <= 60_000, taps * filters <= 2000 else { return nil }
    let weight = try parameter(
      Shape(geometry.kernelExtents + [channels / groups, filters]))
    let root = Double(taps).squareRoot()
    var y = try x.tensor.convolution(weight.tensor, geometry, groups: groups) * (1 / root)
    var bound = x.bound * weight.bound * root
    if chance(2) {
      y = try y + parameter([filters]).tensor
      bound += 1
    }
    if chance(2) { y = try y.maximum(y.scalar(0)) }
    return Value(tensor: y, bound: bound)
  }

  mutating func pooling(_ value: Value) throws -> Value? {
    let x = try picture(value)
    guard let geometry = geometry(x.tensor.shape, isPooling: true) else { return nil }
    let reach = try geometry.outputExtents(
      picture: [x.tensor.shape[1], x.tensor.shape[2]], of: "random")
    guard reach[0] * reach[1] * x.tensor.shape[0] * x.tensor.shape[3] <= 1500 else { return nil }
    return Value(
      tensor: chance(3)
        ? try x.tensor.averagePooling(geometry) : try x.tensor.maximumPooling(geometry),
      bound: x.bound)
  }

  mutating func dense(_ value: Value) throws -> Value? {
    var x = value
    if x.tensor.shape.rank == 0 || chance(3) {
      let last = x.tensor.shape.extents.last ?? 1
      x.tensor = try x.tensor.reshaped([x.tensor.shape.elementCount / last, last])
    }
    let inner = x.tensor.shape[x.tensor.shape.rank - 1]
    let units = pick([1, 2, 3, 5, 7, 8, 10, 16, 17, 33, 48])
    let rows = x.tensor.shape.elementCount / inner
    guard inner * units <= 2500, rows * units <= 1500 else { return nil }
    let weight = try parameter([inner, units])
    let root = Double(inner).squareRoot()
    let y = try x.tensor.matrixProduct(weight.tensor) * (1 / root)
    guard chance(2) else { return Value(tensor: y, bound: x.bound * weight.bound * root) }
    let bias = try parameter([units])
    return Value(
      tensor: try (y + bias.tensor).tanh(), bound: 1)
  }

  /// A product over shared axes, as `einsum` computes them: batches, outer products, diagonals.
  mutating func product(_ x: Value) throws -> Value? {
    let y = chance(2) ? pick(floats) : try parameter(shape(rank: 1 + below(3), limit: 60))
    var axes = x.tensor.shape.extents.enumerated().map { Axis("a\($0)", $1) }
    var left = Array(axes.indices)
    if let d = left.indices.dropFirst().first(where: { axes[$0].extent == axes[0].extent }),
      axes[0].extent > 1, chance(3)
    {
      left[d] = 0
    }
    var right: [Int] = []
    for extent in y.tensor.shape.extents {
      let shared = axes.indices.filter {
        axes[$0].extent == extent && left.contains($0) && !right.contains($0)
      }
      if let axis = shared.randomElement(using: &random), !chance(4) {
        right.append(axis)
      } else {
        right.append(axes.count)
        axes.append(Axis("b\(axes.count)", extent))
      }
    }
    let used = axes.indices.filter { left.contains($0) || right.contains($0) }
    let reduced = used.filter { _ in chance(2) }
    let kept = used.filter { !reduced.contains($0) }.shuffled(using: &random)
    let order = kept + reduced
    let count = reduced.reduce(1) { $0 * axes[$1].extent }
    let outputs = kept.reduce(1) { $0 * axes[$1].extent }
    guard outputs <= 1200, outputs * count <= 40_000 else { return nil }
    func map(_ list: [Int]) -> [AffineExpression] {
      list.map { axis in .axis(order.firstIndex(of: axis) ?? 0) }
    }
    let sum = try builder.contraction(
      Contraction(
        axes: order.map { axes[$0] }, outputRank: kept.count,
        factors: [.init(map(left)), .init(map(right))]),
      [x.tensor, y.tensor])
    let root = Double(count).squareRoot()
    return Value(tensor: try sum * (1 / root), bound: x.bound * y.bound * root)
  }

  /// A sum over windows along every dimension, with or without weights.
  mutating func windowedSum(_ x: Value) throws -> Value? {
    let shape = x.tensor.shape
    guard shape.rank > 0 else { return nil }
    var outputs: [Axis] = []
    var inner: [Axis] = []
    var parts: [(output: Int, step: Int, tap: Int?, dilation: Int, start: Int)] = []
    for (d, extent) in shape.extents.enumerated() {
      let step = pick([1, 1, 1, 2, 3])
      let hasTaps = chance(2) && inner.count < 3
      let taps = hasTaps ? 2 + below(3) : 1
      let dilation = pick([1, 1, 2, -1])
      parts.append(
        (outputs.count, step, hasTaps ? inner.count : nil, dilation, hasTaps ? below(4) - 2 : 0))
      outputs.append(Axis("o\(d)", (extent + step - 1) / step + (hasTaps ? below(2) : 0)))
      if hasTaps { inner.append(Axis("k\(d)", taps)) }
    }
    guard !inner.isEmpty else { return nil }
    let rank = outputs.count
    let map = parts.map { part in
      AffineExpression(
        [(part.output, part.step)]
          + (part.tap.map { [(axis: rank + $0, coefficient: part.dilation)] } ?? []),
        offset: part.start)
    }
    let taps = inner.reduce(1) { $0 * $1.extent }
    guard outputs.reduce(taps, { $0 * $1.extent }) <= 20_000 else { return nil }
    var factors: [Contraction.Factor] = [.init(map)]
    var operands = [x.tensor]
    if chance(2) {
      // One weight for each tap, perhaps for each place along the last dimension too.
      let perPlace = chance(2)
      let weight = try parameter(
        Shape(inner.map(\.extent) + (perPlace ? [outputs[rank - 1].extent] : [])))
      factors.append(
        .init(inner.indices.map { .axis(rank + $0) } + (perPlace ? [.axis(rank - 1)] : [])))
      operands.append(weight.tensor)
    }
    let sum = try builder.contraction(
      Contraction(axes: outputs + inner, outputRank: rank, factors: factors), operands)
    return Value(tensor: try sum * (1 / Double(taps)), bound: x.bound)
  }
}
