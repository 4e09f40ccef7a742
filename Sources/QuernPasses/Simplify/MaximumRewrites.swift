import QuernGraph

// Rules for the gradients of maxima. A window hands its gradient g to the place of its maximum:
//
//   s[o] = Σ over windows w with a place r at o: g[w] · [position[w] = r]
//
// Where s is not zero, x is the maximum of a window. So what is done to s can be done to g, for each
// window instead of each place: there are fewer, and x is not read any more.

/// A gradient that windows have handed to the places of their maxima.
private struct HandedOn {
  /// What each window has: g.
  var gradient: NodeID
  /// Where in each window its maximum lies.
  var position: NodeID
  /// What the maxima are of: x.
  var source: NodeID
  /// The maximum of each window.
  var maximum: NodeID
  /// For each dimension of x, whether windows lie or reach along it; along others they are one place
  /// wide, and numbered as x is.
  var isWindowed: [Bool]

  /// - Returns: nil where the node is no such gradient, no one needs the maxima, or there are as many
  ///   windows as places.
  init?(_ id: NodeID, in rewriter: Rewriter) {
    let node = rewriter[id]
    guard let contraction = node.contraction, contraction.factors.count == 2 else { return nil }
    for (number, factor) in contraction.factors.enumerated() {
      let other = contraction.factors[1 - number]
      let position = rewriter[node.operands[number]]
      guard let match = factor.match, other.match == nil, other.map == factor.map,
        case .maximumPosition(let window) = position.op, window.outputRank == node.shape.rank,
        rewriter[position.operands[0]].type == node.type,
        position.shape.elementCount < node.shape.elementCount,
        let places = Self.places(of: window, in: contraction, map: factor.map)
      else { continue }
      let isItsOwn = window.map.enumerated().allSatisfy { dimension, index in
        index.substituting(places) == .axis(dimension)
      }
      guard isItsOwn, window.linearPosition.substituting(places) == match,
        let maximum = rewriter.existing(
          .maximum(window), position.operands, TensorType(node.type.element, position.shape))
      else { continue }
      gradient = node.operands[1 - number]
      self.position = node.operands[number]
      source = position.operands[0]
      self.maximum = maximum
      isWindowed = window.map.enumerated().map { $1 != .axis($0) }
      return
    }
    return nil
  }

  /// The window's axes in those of the contraction: which window, and which place in it. Axes of one
  /// place may be missing there.
  private static func places(
    of window: Window, in contraction: Contraction, map: [AffineExpression]
  ) -> [Int: AffineExpression]? {
    guard map.count == window.outputRank else { return nil }
    var places = Dictionary(uniqueKeysWithValues: map.enumerated().map { ($0, $1) })
    var left = contraction.axes.indices.dropFirst(contraction.outputRank)
    for axis in window.axes.indices.dropFirst(window.outputRank) {
      let extent = window.axes[axis].extent
      if let next = left.first, contraction.axes[next].extent == extent {
        places[axis] = .axis(next)
        left = left.dropFirst()
      } else if extent == 1 {
        places[axis] = .constant(0)
      } else {
        return nil
      }
    }
    return left.isEmpty ? places : nil
  }
}

/// Computes for each window what is computed for each place of x.
private struct PerWindow {
  let handedOn: HandedOn
  let rewriter: Rewriter
  private var known: [NodeID: NodeID?] = [:]

  init(_ handedOn: HandedOn, _ rewriter: Rewriter) {
    (self.handedOn, self.rewriter) = (handedOn, rewriter)
  }

  /// The node's value at a window's maximum, by windows; nil where it is not elementwise of x and of
  /// what is the same all over a window.
  mutating func value(_ id: NodeID) -> NodeID? {
    if id == handedOn.source { return handedOn.maximum }
    if let value = known[id] { return value }
    let value = computed(id)
    known[id] = .some(value)
    return value
  }

  private mutating func computed(_ id: NodeID) -> NodeID? {
    let node = rewriter[id]
    let rank = handedOn.isWindowed.count
    guard node.shape.rank == rank else { return nil }
    if (0..<rank).allSatisfy({ !handedOn.isWindowed[$0] || node.shape[$0] == 1 }) { return id }
    guard case .elementwise(let op) = node.op else { return nil }
    var operands: [NodeID] = []
    for operand in node.operands {
      guard let value = value(operand) else { return nil }
      operands.append(value)
    }
    rewriter.absorb(id)
    return rewriter.elementwise(op, repeating: operands, node.type.element)
  }
}

/// A gradient that came from a maximum, times what is elementwise of x, or kept where that is so: the
/// derivative of an activation before the maximum is taken at the maxima only.
///
/// Zeros are what they are here, also where the other factor is infinite.
@Sendable func differentiateAtMaxima(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard case .elementwise(let op) = node.op else { return nil }
  for (number, operand) in node.operands.enumerated() {
    switch op {
    case .multiply: break
    // What is not kept must be zero, as most of the gradient is.
    case .select where number > 0 && rewriter.constantValue(node.operands[3 - number]) == 0: break
    default: continue
    }
    guard rewriter[operand].type == node.type, let handedOn = HandedOn(operand, in: rewriter) else {
      continue
    }
    var perWindow = PerWindow(handedOn, rewriter)
    var operands = node.operands
    operands[number] = handedOn.gradient
    var readsMaxima = false
    for other in operands.indices where other != number {
      guard let value = perWindow.value(node.operands[other]) else { return nil }
      operands[other] = value
      readsMaxima = readsMaxima || value != node.operands[other]
    }
    // What does not depend on x is taken out of sums by other rules.
    guard readsMaxima, let contraction = rewriter[operand].contraction else { continue }
    rewriter.absorb(operand)
    let gradient = rewriter.elementwise(op, repeating: operands, node.type.element)
    return rewriter.remake(
      node, contraction,
      rewriter[operand].operands.map { $0 == handedOn.gradient ? gradient : $0 })
  }
  return nil
}

/// The sum over all places of what windows have handed on is the sum over all windows: each hands on
/// to one place.
@Sendable func sumOverWindows(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction else { return nil }
  for (number, operand) in node.operands.enumerated() {
    guard let handedOn = HandedOn(operand, in: rewriter) else { continue }
    let map = contraction.factors[number].map
    let dimensions = map.indices.filter { handedOn.isWindowed[$0] }
    let summed = dimensions.compactMap { map[$0].soleAxis }
    let readers = contraction.expressions.filter { expression in
      expression.terms.contains { summed.contains($0.axis) }
    }
    guard summed.count == dimensions.count, Set(summed).count == summed.count,
      readers.count == summed.count,
      zip(summed, dimensions).allSatisfy({ axis, dimension in
        axis >= contraction.outputRank
          && contraction.axes[axis].extent == rewriter[operand].shape[dimension]
      })
    else { continue }
    var result = contraction
    for (axis, dimension) in zip(summed, dimensions) {
      result.axes[axis].extent = rewriter[handedOn.gradient].shape[dimension]
    }
    var operands = node.operands
    operands[number] = handedOn.gradient
    rewriter.absorb(operand)
    rewriter.absorb(handedOn.position)
    return rewriter.remake(node, result, operands)
  }
  return nil
}
