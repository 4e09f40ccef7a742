import QuernGraph
import QuernRandom

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Rules for elementwise ops. Those that name one operand return it only where it has the whole
// shape: an operand that the op repeats is not the result.

extension Node {
  /// The op and its operands, where it is elementwise.
  fileprivate var elementwise: ElementwiseOp? {
    if case .elementwise(let op) = op { op } else { nil }
  }
}

extension Rewriter {
  /// The operand of a negation.
  fileprivate func negated(_ id: NodeID) -> NodeID? {
    self[id].elementwise == .negate ? self[id].operands[0] : nil
  }
}

@Sendable func foldConstants(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let op = node.elementwise else { return nil }
  let values = node.operands.compactMap(rewriter.constantValue)
  guard values.count == node.operands.count,
    let value = fold(op, values, node.type.element), value.isFinite
  else { return nil }
  return rewriter.fold(node.operands, to: .constant(value), node.type)
}

/// The op's value for operands that are numbers; nil where it is better left to run time.
private func fold(_ op: ElementwiseOp, _ x: [Double], _ element: ElementType) -> Double? {
  func integer(_ f: (Int32, Int32) -> Int32) -> Double {
    Double(f(Int32(x[0]), Int32(x[1])))
  }
  switch (op, element) {
  case (.add, .int32): return integer(&+)
  case (.subtract, .int32): return integer(&-)
  case (.multiply, .int32): return integer(&*)
  case (.toInt, _):
    let whole = x[0].rounded(.towardZero)
    return Int32(exactly: whole) == nil ? nil : whole
  case (.toFloat, _): return x[0]
  case (.negate, _): return -x[0]
  case (.absolute, _): return abs(x[0])
  case (.exp, _): return exp(x[0])
  case (.log, _): return log(x[0])
  case (.sin, _): return sin(x[0])
  case (.cos, _): return cos(x[0])
  case (.tanh, _): return tanh(x[0])
  case (.sigmoid, _): return 1 / (1 + exp(-x[0]))
  case (.erf, _): return erf(x[0])
  case (.squareRoot, _): return x[0].squareRoot()
  case (.floor, _): return x[0].rounded(.down)
  case (.add, _): return x[0] + x[1]
  case (.subtract, _): return x[0] - x[1]
  case (.multiply, _): return x[0] * x[1]
  case (.divide, _): return x[0] / x[1]
  case (.maximum, _): return x[0] >= x[1] || x[0].isNaN ? x[0] : x[1]
  case (.minimum, _): return x[0] <= x[1] || x[0].isNaN ? x[0] : x[1]
  case (.less, _): return x[0] < x[1] ? 1 : 0
  case (.lessOrEqual, _): return x[0] <= x[1] ? 1 : 0
  case (.equal, _): return x[0] == x[1] ? 1 : 0
  case (.select, _): return x[0] != 0 ? x[1] : x[2]
  case (.uniform, _):
    return Double(CounterRandom.uniform(position: Int32(x[0]), counter: Int32(x[1])))
  }
}

/// An operand that is a broadcast, or a constant, is given extents of 1 where it repeats, for the op
/// repeats it itself. Where then nothing else has the full extent, the op is done on the small
/// tensors, and its result is repeated.
@Sendable func repeatInPlace(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let op = node.elementwise else { return nil }
  let operands = node.operands.map { rewriter.withoutRepeats($0) }
  guard operands != node.operands else { return nil }
  for (operand, small) in zip(node.operands, operands) where small != operand {
    rewriter.absorb(operand)
  }
  let small = rewriter.elementwise(op, repeating: operands, node.type.element)
  return rewriter.broadcast(small, to: node.shape)
}

@Sendable func constantSecond(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let op = node.elementwise, op == .add || op == .multiply,
    rewriter.constantValue(node.operands[0]) != nil,
    rewriter.constantValue(node.operands[1]) == nil
  else { return nil }
  return rewriter.elementwise(op, node.operands.reversed(), node.type)
}

@Sendable func dropIdentityElement(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let op = node.elementwise, node.operands.count == 2,
    rewriter[node.operands[0]].type == node.type,
    let value = rewriter.constantValue(node.operands[1])
  else { return nil }
  switch op {
  case .multiply where value == 1, .divide where value == 1: break
  case .add where value == 0, .subtract where value == 0: break
  default: return nil
  }
  rewriter.absorb(node.operands[1])
  return node.operands[0]
}

@Sendable func simplifyNegation(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let op = node.elementwise, let last = node.operands.last else { return nil }
  switch op {
  case .multiply where node.type.element == .float32 && rewriter.constantValue(last) == -1:
    guard rewriter[node.operands[0]].type == node.type else { return nil }
    rewriter.absorb(last)
    return rewriter.elementwise(.negate, [node.operands[0]], node.type)
  case .subtract where node.type.element == .float32:
    guard rewriter.constantValue(node.operands[0]) == 0, rewriter[last].type == node.type else {
      return nil
    }
    rewriter.absorb(node.operands[0])
    return rewriter.elementwise(.negate, [last], node.type)
  case .negate: return negateInner(node, rewriter)
  default: return nil
  }
}

/// A negation of what can be negated itself.
private func negateInner(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  let inner = rewriter[node.operands[0]]
  switch inner.elementwise {
  case .negate:
    rewriter.absorb(node.operands[0])
    return inner.operands[0]
  case .subtract:
    rewriter.absorb(node.operands[0])
    return rewriter.elementwise(.subtract, inner.operands.reversed(), node.type)
  case .multiply:
    guard let value = rewriter.constantValue(inner.operands[1]) else { return nil }
    rewriter.absorb(node.operands[0])
    rewriter.absorb(inner.operands[1])
    let constant = rewriter.constant(-value, rewriter[inner.operands[1]].type)
    return rewriter.elementwise(.multiply, [inner.operands[0], constant], node.type)
  default: return nil
  }
}

@Sendable func absorbNegation(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let op = node.elementwise, node.operands.count == 2 else { return nil }
  let (a, b) = (node.operands[0], node.operands[1])
  switch (op, rewriter.negated(a), rewriter.negated(b)) {
  case (.add, _, let inner?):
    rewriter.absorb(b)
    return rewriter.elementwise(.subtract, [a, inner], node.type)
  case (.add, let inner?, nil):
    rewriter.absorb(a)
    return rewriter.elementwise(.subtract, [b, inner], node.type)
  case (.subtract, _, let inner?):
    rewriter.absorb(b)
    return rewriter.elementwise(.add, [a, inner], node.type)
  case (.multiply, let innerA?, let innerB?), (.divide, let innerA?, let innerB?):
    rewriter.absorb(a)
    rewriter.absorb(b)
    return rewriter.elementwise(op, [innerA, innerB], node.type)
  case (.multiply, let inner?, nil):
    guard let value = rewriter.constantValue(b) else { return nil }
    rewriter.absorb(a)
    rewriter.absorb(b)
    let constant = rewriter.constant(-value, rewriter[b].type)
    return rewriter.elementwise(op, [inner, constant], node.type)
  default: return nil
  }
}

@Sendable func joinConstantFactors(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard node.elementwise == .multiply, node.type.element == .float32,
    let outer = rewriter.constantValue(node.operands[1])
  else { return nil }
  let product = rewriter[node.operands[0]]
  guard product.elementwise == .multiply, product.type == node.type,
    let inner = rewriter.constantValue(product.operands[1])
  else { return nil }
  // Out of the range of float32 the two steps and the one are not the same.
  let value = inner * outer
  guard Float(value).isNormal, Float(inner).isNormal, Float(outer).isNormal else { return nil }
  for id in node.operands + [product.operands[1]] { rewriter.absorb(id) }
  let constant = rewriter.constant(value, rewriter[product.operands[1]].type)
  return rewriter.elementwise(.multiply, [product.operands[0], constant], node.type)
}

@Sendable func doubleOnce(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard node.elementwise == .add, node.operands[0] == node.operands[1],
    node.type.element == .float32
  else { return nil }
  return rewriter.scaled(node.operands[0], by: 2)
}

@Sendable func scaleSmallerFactor(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard node.elementwise == .multiply, node.type.element == .float32,
    let value = rewriter.constantValue(node.operands[1])
  else { return nil }
  let product = rewriter[node.operands[0]]
  guard product.elementwise == .multiply, product.type == node.type else { return nil }
  for (number, factor) in product.operands.enumerated()
  where rewriter[factor].shape.elementCount < node.shape.elementCount
    && rewriter.constantValue(factor) == nil
  {
    node.operands.forEach(rewriter.absorb)
    var operands = product.operands
    operands[number] = rewriter.scaled(factor, by: value)
    return rewriter.elementwise(.multiply, operands, node.type)
  }
  return nil
}

/// Only powers of two have reciprocals that give the very same quotient.
@Sendable func multiplyByReciprocal(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard node.elementwise == .divide, let value = rewriter.constantValue(node.operands[1]),
    value.magnitude.significand == 1, Float(value).isNormal, Float(1 / value).isNormal
  else { return nil }
  rewriter.absorb(node.operands[1])
  let constant = rewriter.constant(1 / value, rewriter[node.operands[1]].type)
  return rewriter.elementwise(.multiply, [node.operands[0], constant], node.type)
}

@Sendable func decideSelect(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard node.elementwise == .select else { return nil }
  let (yes, no) = (node.operands[1], node.operands[2])
  let chosen =
    if let condition = rewriter.constantValue(node.operands[0]) {
      condition != 0 ? yes : no
    } else if yes == no {
      yes
    } else {
      NodeID?.none
    }
  guard let chosen else { return nil }
  // What is not chosen is not computed: its origins are dropped.
  if rewriter.constantValue(node.operands[0]) != nil { rewriter.absorb(node.operands[0]) }
  return rewriter.broadcast(chosen, to: node.shape)
}

@Sendable func reuseCommuted(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let op = node.elementwise, op == .add || op == .multiply || op == .equal else { return nil }
  let commuted: [NodeID] = node.operands.reversed()
  let isThere = rewriter.existing(node.op, commuted, node.type) != nil
  return rewriter.add(node.op, isThere ? commuted : node.operands, node.type)
}

// MARK: - Reshapes and concatenations

@Sendable func simplifyReshape(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard node.op == .reshape else { return nil }
  let operand = rewriter[node.operands[0]]
  if operand.type == node.type { return node.operands[0] }
  switch operand.op {
  case .reshape:
    rewriter.absorb(node.operands[0])
    return rewriter.reshaped(operand.operands[0], node.shape)
  case .constant, .iota(dimension: nil):
    return rewriter.fold(node.operands, to: operand.op, node.type)
  default: return nil
  }
}

@Sendable func dropConcatenation(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard case .concatenate = node.op else { return nil }
  if node.operands.count == 1 { return node.operands[0] }
  let values = Set(node.operands.map(rewriter.constantValue))
  if values.count == 1, let value = values.first, let value {
    return rewriter.fold(node.operands, to: .constant(value), node.type)
  }
  return nil
}
