import QuernGraph

/// Computes one node from its operands.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func evaluate<Scalar: BinaryFloatingPoint & Sendable>(
  _ node: Node, _ operands: [Value<Scalar>], _ shapes: [Shape], _ nest: LoopPlan?,
  into result: Value<Scalar>
) {
  switch node.op {
  case .input, .constant, .iota: break
  case .elementwise(let op):
    evaluate(op, ElementwiseLoops(shapes, output: node.shape), operands, result)
  case .contraction(let contraction):
    guard let nest else { return }
    evaluate(contraction, operands, nest, result)
  case .maximum:
    guard let nest else { return }
    switch result.element {
    case .int32:
      largest(nest, operands[0].integers, from: .min) { o, value, _ in
        result.integers[o] = value
      }
    default:
      largest(nest, operands[0].floats, from: -.infinity) { o, value, _ in
        result.floats[o] = value
      }
    }
  case .maximumPosition:
    guard let nest else { return }
    switch operands[0].element {
    case .int32:
      largest(nest, operands[0].integers, from: .min) { o, _, position in
        result.integers[o] = Int32(position)
      }
    default:
      largest(nest, operands[0].floats, from: -.infinity) { o, _, position in
        result.integers[o] = Int32(position)
      }
    }
  case .tileTransform(let transform):
    evaluate(transform, operands[0].floats, shapes[0], result.floats, node.shape)
  case .reshape: result.copy(operands[0])
  case .concatenate(let dimension):
    let inner = node.shape.extents[dimension...].reduce(1, *)
    let outer = node.shape.elementCount / inner
    var start = 0
    for operand in operands {
      let block = operand.count / outer
      for i in 0..<outer {
        let (to, from) = (i * inner + start, i * block)
        switch result.element {
        case .float32: (result.floats + to).update(from: operand.floats + from, count: block)
        case .int32: (result.integers + to).update(from: operand.integers + from, count: block)
        case .uint8: (result.bytes + to).update(from: operand.bytes + from, count: block)
        }
      }
      start += block
    }
  }
}

// MARK: - Contraction

@inline(__always)
private func evaluate<Scalar: BinaryFloatingPoint & Sendable>(
  _ contraction: Contraction, _ operands: [Value<Scalar>], _ nest: LoopPlan,
  _ result: Value<Scalar>
) {
  if contraction.isMovement {
    switch result.element {
    case .float32: move(nest, operands[0].floats, result.floats, result.count)
    case .int32: move(nest, operands[0].integers, result.integers, result.count)
    case .uint8: move(nest, operands[0].bytes, result.bytes, result.count)
    }
    return
  }
  let out = result.floats
  out.update(repeating: 0, count: result.count)
  let matches = contraction.factors.map { $0.match != nil }
  let last = operands.count - 1
  let (a, b) = (operands[0].floats, operands[last].floats)
  let (p, q) = (operands[0].integers, operands[last].integers)
  // The four numbers of a term: where each factor is read, and what each is matched against.
  switch matches {
  case [false]: sum(nest, out) { i, _, _, _ in a[i] }
  case [true]: sum(nest, out) { i, _, m, _ in Int(p[i]) == m ? 1 : 0 }
  case [false, false]: sum(nest, out) { i, j, _, _ in a[i] * b[j] }
  case [true, false]: sum(nest, out) { i, j, m, _ in Int(p[i]) == m ? b[j] : 0 }
  case [false, true]: sum(nest, out) { i, j, _, n in Int(q[j]) == n ? a[i] : 0 }
  default: sum(nest, out) { i, j, m, n in Int(p[i]) == m && Int(q[j]) == n ? 1 : 0 }
  }
}

@inline(__always)
private func move<Element: Numeric>(
  _ nest: LoopPlan, _ source: UnsafeMutablePointer<Element>, _ out: UnsafeMutablePointer<Element>,
  _ count: Int
) {
  out.update(repeating: 0, count: count)
  nest.withPositions { positions in
    nest.forEachRun(0, positions, nest.start) { count, offsets, increment in
      var (i, o) = (offsets[LoopPlan.factors[0]], offsets[LoopPlan.output])
      let (di, dout) = (increment[LoopPlan.factors[0]], increment[LoopPlan.output])
      for _ in 0..<count {
        out[o] = source[i]
        i &+= di
        o &+= dout
      }
    }
  }
}

@inline(__always)
private func sum<Scalar: BinaryFloatingPoint & Sendable>(
  _ nest: LoopPlan, _ out: UnsafeMutablePointer<Scalar>,
  _ term: (_ i: Int, _ j: Int, _ m: Int, _ n: Int) -> Scalar
) {
  nest.withPositions { positions in
    if nest.outputLevels == nest.levelCount {
      nest.forEachRun(0, positions, nest.start) { count, at, by in
        var (i, j, m, n, o) = (at[0], at[1], at[2], at[3], at[4])
        for _ in 0..<count {
          out[o] = term(i, j, m, n)
          i &+= by[0]
          j &+= by[1]
          m &+= by[2]
          n &+= by[3]
          o &+= by[4]
        }
      }
      return
    }
    nest.forEach(0, to: nest.outputLevels, positions, nest.start) { output in
      var total: Scalar = 0
      nest.forEachRun(nest.outputLevels, positions, output) { count, at, by in
        var sum = total
        var (i, j, m, n) = (at[0], at[1], at[2], at[3])
        let (di, dj, dm, dn) = (by[0], by[1], by[2], by[3])
        for _ in 0..<count {
          sum += term(i, j, m, n)
          i &+= di
          j &+= dj
          m &+= dm
          n &+= dn
        }
        total = sum
      }
      out[output[LoopPlan.output]] = total
    }
  }
}

// MARK: - Windows

/// The first largest element of each window, or the first NaN.
@inline(__always)
private func largest<Element: Comparable>(
  _ nest: LoopPlan, _ source: UnsafeMutablePointer<Element>, from least: Element,
  _ store: (_ output: Int, _ value: Element, _ position: Int) -> Void
) {
  nest.withPositions { positions in
    nest.forEach(0, to: nest.outputLevels, positions, nest.start) { output in
      var best = least
      var place = -1
      nest.forEachRun(nest.outputLevels, positions, output) { count, offsets, increment in
        var at = offsets
        for _ in 0..<count {
          let candidate = source[at[LoopPlan.factors[0]]]
          let isNew = candidate > best || place < 0 || (candidate != candidate && best == best)
          if isNew {
            best = candidate
            place = at[LoopPlan.matches[0]]
          }
          at &+= increment
        }
      }
      store(output[LoopPlan.output], best, max(place, 0))
    }
  }
}
