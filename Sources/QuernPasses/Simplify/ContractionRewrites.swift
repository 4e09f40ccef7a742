import QuernGraph

// Rules for contractions, and what they know of movements.

extension Node {
  /// Where the node is one.
  var contraction: Contraction? {
    if case .contraction(let contraction) = op { contraction } else { nil }
  }
}

extension Rewriter {
  /// The same values with extents of 1 where the tensor only repeats them.
  func withoutRepeats(_ id: NodeID) -> NodeID {
    let node = self[id]
    switch node.op {
    case .constant(let value):
      let ones = Shape(node.shape.extents.map { _ in 1 })
      return constant(value, TensorType(node.type.element, ones))
    case .contraction(let contraction) where contraction.isMovement:
      let source = node.operands[0]
      guard let shape = alignment(of: source, in: contraction, factor: 0), shape != node.shape
      else { return id }
      return reshaped(source, shape)
    default: return id
    }
  }

  /// Where a factor is its tensor, whole and in order, repeated along some axes: the tensor's shape
  /// by the output's dimensions, with extents of 1 where it is repeated. Else nil.
  fileprivate func alignment(
    of operand: NodeID, in contraction: Contraction, factor: Int
  ) -> Shape? {
    var extents = [Int](repeating: 1, count: contraction.outputRank)
    var last = -1
    for (index, extent) in zip(contraction.factors[factor].map, self[operand].shape.extents) {
      if extent == 1 {
        guard index.isAlwaysInside(1, axes: contraction.extents) else { return nil }
      } else {
        guard let axis = index.soleAxis, axis > last, axis < contraction.outputRank,
          contraction.axes[axis].extent == extent
        else { return nil }
        extents[axis] = extent
        last = axis
      }
    }
    return Shape(extents)
  }

  /// Repeated along dimensions of extent 1 to a shape of the same rank.
  func broadcast(_ id: NodeID, to shape: Shape) -> NodeID {
    let node = self[id]
    if node.shape == shape { return id }
    let names = Self.axisNames(shape.rank)
    let map = node.shape.extents.enumerated().map { dimension, extent in
      extent == 1 ? AffineExpression.constant(0) : .axis(dimension)
    }
    let movement = Contraction(
      axes: zip(names, shape.extents).map { Axis($0, $1) }, outputRank: shape.rank,
      factors: [.init(map)])
    return make(.contraction(movement), [id], TensorType(node.type.element, shape))
  }

  private static func axisNames(_ rank: Int) -> [String] {
    rank == 4 ? ["n", "y", "x", "c"] : rank == 2 ? ["n", "c"] : (0..<rank).map { "d\($0)" }
  }

  /// The same node with another contraction, of the same shape, and other operands.
  func remake(_ node: Node, _ contraction: Contraction, _ operands: [NodeID]) -> NodeID {
    make(.contraction(contraction), operands, node.type)
  }
}

extension Contraction {
  /// Of axes: where factors are read, and what they are compared with.
  var expressions: [AffineExpression] {
    factors.flatMap { $0.map + ($0.match.map { [$0] } ?? []) }
  }

  /// Without some of the reduction axes, whose places are taken by expressions.
  func removing(_ axes: [Int], replacedBy value: AffineExpression) -> Contraction {
    var replacements: [Int: AffineExpression] = [:]
    var kept: [Axis] = []
    for (number, axis) in self.axes.enumerated() {
      if axes.contains(number) {
        replacements[number] = value
      } else {
        replacements[number] = .axis(kept.count)
        kept.append(axis)
      }
    }
    return Contraction(
      axes: kept, outputRank: outputRank,
      factors: factors.map { factor in
        Factor(
          factor.map.map { $0.substituting(replacements) },
          match: factor.match?.substituting(replacements))
      })
  }
}

@Sendable func dropUnitReductionAxes(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction else { return nil }
  let units = contraction.axes.indices.filter {
    $0 >= contraction.outputRank && contraction.axes[$0].extent == 1
  }
  guard !units.isEmpty else { return nil }
  let smaller = contraction.removing(units, replacedBy: .constant(0))
  return rewriter.remake(node, smaller, node.operands)
}

/// A factor that reads a movement reads the movement's own source instead.
///
/// Outside the movement there are zeros; its source may hold other elements there. So every index
/// must be inside the movement, or be outside the source as well: which is so where the movement
/// reads the source at just that axis. Where a movement reads outside its source it holds zeros, which a
/// match compares; of the source it would compare nothing.
@Sendable func readThroughMovement(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction else { return nil }
  for (number, operand) in node.operands.enumerated() {
    let inner = rewriter[operand]
    guard let movement = inner.contraction, movement.isMovement else { continue }
    let source = rewriter[inner.operands[0]].shape
    let indices = contraction.factors[number].map
    let isSound = indices.enumerated().allSatisfy { dimension, index in
      let extent = inner.shape[dimension]
      return index.isAlwaysInside(extent, axes: contraction.extents)
        || zip(movement.factors[0].map, source.extents).contains {
          $0.soleAxis == dimension && $1 == extent
        }
    }
    guard isSound,
      contraction.factors[number].match == nil
        || zip(movement.factors[0].map, source.extents).allSatisfy({
          $0.isAlwaysInside($1, axes: movement.extents)
        })
    else { continue }
    let replacements = Dictionary(uniqueKeysWithValues: indices.enumerated().map { ($0, $1) })
    var result = contraction
    result.factors[number].map = movement.factors[0].map.map { $0.substituting(replacements) }
    var operands = node.operands
    operands[number] = inner.operands[0]
    rewriter.absorb(operand)
    return rewriter.remake(node, result, operands)
  }
  return nil
}

/// A factor that reads a reshape which only adds or removes extents of 1 reads what was reshaped.
@Sendable func readThroughUnitReshape(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction else { return nil }
  for (number, operand) in node.operands.enumerated() {
    let inner = rewriter[operand]
    guard inner.op == .reshape else { continue }
    let source = rewriter[inner.operands[0]].shape
    let indices = contraction.factors[number].map
    guard source.extents.filter({ $0 > 1 }) == inner.shape.extents.filter({ $0 > 1 }) else {
      continue
    }
    let pairs = zip(indices, inner.shape.extents)
    guard pairs.allSatisfy({ $1 > 1 || $0.isAlwaysInside(1, axes: contraction.extents) }) else {
      continue
    }
    var left = pairs.filter { $1 > 1 }.map(\.0)[...]
    var result = contraction
    result.factors[number].map = source.extents.map { extent in
      extent > 1 ? left.removeFirst() : .constant(0)
    }
    var operands = node.operands
    operands[number] = inner.operands[0]
    rewriter.absorb(operand)
    return rewriter.remake(node, result, operands)
  }
  return nil
}

/// A constant that is read only inside its tensor is a number before the sum. (Elsewhere it tells
/// inside from outside, which the derivative of a contraction makes use of.)
@Sendable func pullOutConstant(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction else { return nil }
  for (number, operand) in node.operands.enumerated() {
    guard let value = rewriter.constantValue(operand), contraction.factors[number].match == nil,
      zip(contraction.factors[number].map, rewriter[operand].shape.extents)
        .allSatisfy({ $0.isAlwaysInside($1, axes: contraction.extents) })
    else { continue }
    if contraction.factors.count == 1 {
      let sum = value * Double(contraction.reductionCount)
      return rewriter.fold([operand], to: .constant(sum), node.type)
    }
    // Zero times a sum is not zero where the sum is infinite, so this stays a product.
    var result = contraction
    result.factors.remove(at: number)
    let other = node.operands[1 - number]
    // What was a product of numbers must not become a movement of integers.
    guard !result.isMovement || rewriter[other].type.element == .float32 else { continue }
    rewriter.absorb(operand)
    let sum = rewriter.remake(node, result, [other])
    return value == 1 ? sum : rewriter.scaled(sum, by: value)
  }
  return nil
}

/// Over axes that no factor reads, equal terms are summed: one of them times their number.
@Sendable func countUnreadAxes(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction else { return nil }
  let read = Set(contraction.expressions.flatMap(\.terms).map(\.axis))
  let unread = contraction.axes.indices.filter {
    $0 >= contraction.outputRank && !read.contains($0)
  }
  guard !unread.isEmpty else { return nil }
  let count = unread.reduce(1) { $0 * contraction.axes[$1].extent }
  let smaller = contraction.removing(unread, replacedBy: .constant(0))
  return rewriter.scaled(rewriter.remake(node, smaller, node.operands), by: Double(count))
}

/// A movement that keeps the order of all elements is a reshape, or nothing.
@Sendable func dropMovement(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction, contraction.isMovement else { return nil }
  guard rewriter.alignment(of: node.operands[0], in: contraction, factor: 0) == node.shape else {
    return nil
  }
  return rewriter.reshaped(node.operands[0], node.shape)
}

/// A product without a sum, of tensors in order, is the elementwise op.
@Sendable func multiplyElementwise(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction, contraction.factors.count == 2,
    contraction.outputRank == contraction.axes.count,
    contraction.factors.allSatisfy({ $0.match == nil })
  else { return nil }
  let shapes = node.operands.enumerated().compactMap {
    rewriter.alignment(of: $1, in: contraction, factor: $0)
  }
  guard shapes.count == 2 else { return nil }
  let operands = zip(node.operands, shapes).map { rewriter.reshaped($0, $1) }
  let product = rewriter.elementwise(.multiply, repeating: operands, .float32)
  return rewriter.broadcast(product, to: node.shape)
}

/// A sign or a constant common to all terms is applied to the sum, where that is less work.
@Sendable func pullOutSign(_ node: Node, _ rewriter: Rewriter) -> NodeID? {
  guard let contraction = node.contraction, !contraction.isMovement else { return nil }
  // What is compared is no factor: a label's sign or size is not the sum's.
  for (number, operand) in node.operands.enumerated()
  where contraction.factors[number].match == nil {
    let inner = rewriter[operand]
    guard inner.shape.elementCount >= node.shape.elementCount,
      case .elementwise(let op) = inner.op
    else { continue }
    var operands = node.operands
    operands[number] = inner.operands[0]
    switch op {
    case .negate:
      rewriter.absorb(operand)
      let sum = rewriter.remake(node, contraction, operands)
      return rewriter.elementwise(.negate, [sum], node.type)
    case .multiply:
      guard let value = rewriter.constantValue(inner.operands[1]), value.isFinite,
        rewriter[operands[number]].shape == inner.shape
      else { continue }
      rewriter.absorb(operand)
      rewriter.absorb(inner.operands[1])
      return rewriter.scaled(rewriter.remake(node, contraction, operands), by: value)
    default: continue
    }
  }
  return nil
}
