import QuernErrors
import QuernGraph

/// Which positions of an input an output depends on ("sees"), along one dimension.
///
/// Output position o sees the input positions from start + o · jump through
/// start + o · jump + size − 1. At the borders some of these lie in padding and do not exist.
public struct ReceptiveField: Sendable, Hashable, Codable {
  /// How many input positions there are from the first that is seen through the last.
  public var size: Int
  /// How far the field moves from an output to the next one: the product of the strides.
  public var jump: Int
  /// The first input that output 0 sees; negative where it lies in padding.
  public var start: Int

  public init(size: Int, jump: Int, start: Int) {
    self.size = size
    self.jump = jump
    self.start = start
  }

  /// The field of an output that sees only its own position.
  public static let identity = Self(size: 1, jump: 1, start: 0)

  /// The field of two layers, one after the other: this one, then `next` on its output.
  ///
  /// - Precondition: sizes and jumps stay below 2⁶³.
  public func followed(by next: Self) -> Self {
    Self(
      size: size + (next.size - 1) * jump, jump: jump * next.jump, start: start + next.start * jump)
  }
}

/// The input positions that one element of a node depends on ("sees").
public struct SeenPositions: Sendable, Hashable {
  /// What becomes of positions beyond the borders, of the input and of every tensor between.
  public enum Borders: Sendable, Hashable {
    /// They do not exist and are not seen.
    case respected
    /// They are seen as any others, as if pictures had no end.
    case ignored
  }

  /// Ascending, one list for each dimension of the input.
  public var positions: [[Int]]

  /// From the first position that is seen through the last, for each dimension.
  public var hull: [ClosedRange<Int>] { positions.map { $0[0]...$0[$0.count - 1] } }
}

extension Graph {
  /// The input positions that one element of a node sees, found by composing the index maps of the
  /// ops between them; nil where the element does not depend on the input at all.
  ///
  /// Each dimension is followed by itself, so what is seen lies within the product of the lists. It
  /// is the whole product where no op mixes dimensions. What is seen through several branches is
  /// united.
  ///
  /// - Parameters:
  ///   - element: a position of the node. Where borders are ignored it may lie outside the node.
  ///   - node: what sees.
  ///   - input: what is seen.
  ///   - borders: what becomes of positions beyond the borders.
  /// - Throws: `QuernError` where `element` is no position of the node.
  public func seen(
    by element: [Int], of node: NodeID, in input: NodeID,
    borders: SeenPositions.Borders = .respected
  ) throws(QuernError) -> SeenPositions? {
    let shape = self[node].shape
    guard element.count == shape.rank,
      borders == .ignored || zip(element, shape.extents).allSatisfy({ $0 >= 0 && $0 < $1 })
    else {
      throw QuernError(
        "receptive field", "\(element) is no position of a tensor of shape \(shape)",
        remedy: "give an index for each dimension, from 0 to below its extent")
    }
    return walk(from: element.map { [$0] }, of: node, to: input, borders: borders)
  }

  /// The input positions that any of several elements of a node sees; as
  /// ``seen(by:of:in:borders:)``, for a region of the node.
  ///
  /// - Parameters:
  ///   - region: for each dimension of the node a list of positions. The region is the product of the
  ///     lists.
  ///   - node: what sees.
  ///   - input: what is seen.
  ///   - borders: what becomes of positions beyond the borders.
  /// - Throws: `QuernError` where a position lies outside the node and borders are respected.
  public func seen(
    byAny region: [[Int]], of node: NodeID, in input: NodeID,
    borders: SeenPositions.Borders = .respected
  ) throws(QuernError) -> SeenPositions? {
    let shape = self[node].shape
    guard region.count == shape.rank, region.allSatisfy({ !$0.isEmpty }),
      borders == .ignored
        || zip(region, shape.extents).allSatisfy({ $0.allSatisfy((0..<$1).contains) })
    else {
      throw QuernError(
        "receptive field", "\(region) are no positions of a tensor of shape \(shape)",
        remedy: "give indices for each dimension, from 0 to below its extent")
    }
    return walk(from: region.map(Set.init), of: node, to: input, borders: borders)
  }

  private func walk(
    from positions: [Set<Int>], of node: NodeID, to input: NodeID,
    borders: SeenPositions.Borders
  ) -> SeenPositions? {
    guard input <= node else { return nil }
    var walk = PositionWalk(graph: self, borders: borders, above: input)
    walk.seen[node.index] = positions
    for index in (input.index...node.index).reversed() where index > input.index {
      walk.visit(NodeID(index))
    }
    return walk.seen[input.index].map { SeenPositions(positions: $0.map { $0.sorted() }) }
  }

  /// The receptive field of a node along each dimension but the first and the last: for pictures
  /// (N, H, W, C), along height and width.
  ///
  /// It is the field of the position in the middle with all its channels, borders ignored. Nil where
  /// the node has another rank than the input, or one below 3, or does not depend on it.
  public func receptiveField(of node: NodeID, in input: NodeID) -> [ReceptiveField]? {
    let shape = self[node].shape
    guard shape.rank == self[input].shape.rank, shape.rank >= 3 else { return nil }
    let origin = [Int](repeating: 0, count: shape.rank)
    let channels = Set(0..<shape[shape.rank - 1])
    let middle = shape.extents.map { $0 / 2 }
    func hull(_ position: [Int]) -> [ClosedRange<Int>]? {
      let positions = position.dropLast().map { [$0] } + [channels]
      return walk(from: positions, of: node, to: input, borders: .ignored)?.hull
    }
    guard let here = hull(middle), let first = hull(origin) else { return nil }
    var fields: [ReceptiveField] = []
    for dimension in 1..<shape.rank - 1 {
      var neighbour = middle
      neighbour[dimension] += 1
      guard let next = hull(neighbour) else { return nil }
      fields.append(
        ReceptiveField(
          size: here[dimension].count,
          jump: next[dimension].lowerBound - here[dimension].lowerBound,
          start: first[dimension].lowerBound))
    }
    return fields
  }
}

/// A walk from a node back to an input. For every node on the way and each of its dimensions it keeps
/// the positions that are seen.
private struct PositionWalk {
  let graph: Graph
  let borders: SeenPositions.Borders
  var seen: [Int: [Set<Int>]] = [:]
  /// Whether each node depends on the input. The others need no visit.
  private let depends: [Bool]

  init(graph: Graph, borders: SeenPositions.Borders, above input: NodeID) {
    self.graph = graph
    self.borders = borders
    var depends = [Bool](repeating: false, count: graph.nodes.count)
    depends[input.index] = true
    for index in input.index..<graph.nodes.count where index > input.index {
      depends[index] = graph.nodes[index].operands.contains { depends[$0.index] }
    }
    self.depends = depends
  }

  mutating func visit(_ id: NodeID) {
    guard let positions = seen[id.index] else { return }
    let node = graph[id]
    switch node.op {
    case .input, .constant, .iota: break
    case .elementwise:
      for operand in node.operands {
        let extents = graph[operand].shape.extents
        add(
          operand,
          zip(positions, zip(extents, node.shape.extents)).map { $1.0 == $1.1 ? $0 : [0] })
      }
    case .contraction(let contraction):
      for (factor, operand) in zip(contraction.factors, node.operands) {
        read(operand, factor.map, contraction.axes, positions)
      }
    case .maximum(let window), .maximumPosition(let window):
      read(node.operands[0], window.map, window.axes, positions)
    case .tileTransform(let transform):
      // Each element of a tile sees the whole tile it comes from.
      read(node.operands[0], transform.input, transform.inputAxes, tiles(transform, positions))
    case .reshape:
      reshape(node.operands[0], to: node.shape, positions)
    case .concatenate(let dimension):
      var start = 0
      for operand in node.operands {
        let extent = graph[operand].shape[dimension]
        var part = positions
        part[dimension] = Set(
          positions[dimension].lazy.filter { start..<start + extent ~= $0 }.map { $0 - start })
        add(operand, part)
        start += extent
      }
    }
  }

  /// Adds positions to those that other readers of the node see.
  private mutating func add(_ id: NodeID, _ positions: [Set<Int>]) {
    guard depends[id.index] else { return }
    var positions = positions
    if borders == .respected {
      for (dimension, extent) in graph[id].shape.extents.enumerated() {
        positions[dimension] = positions[dimension].filter { 0..<extent ~= $0 }
      }
    }
    guard positions.allSatisfy({ !$0.isEmpty }) else { return }
    if let others = seen[id.index] {
      positions = zip(positions, others).map { $0.union($1) }
    }
    seen[id.index] = positions
  }

  /// For each axis of a transform, the positions at which it writes any of the given ones.
  private func tiles(_ transform: TileTransform, _ positions: [Set<Int>]) -> [Set<Int>] {
    transform.axes.indices.map { axis in
      guard
        let dimension = transform.output.firstIndex(where: { $0.coefficient(of: axis) != 0 })
      else { return Set(0..<transform.axes[axis].extent) }
      let index = transform.output[dimension]
      let side = index.terms.contains { $0.axis >= transform.axes.count } ? transform.outputSide : 1
      return Set(
        (0..<transform.axes[axis].extent).filter { tile in
          let start = index.offset + index.coefficient(of: axis) * tile
          return (start..<start + side).contains { positions[dimension].contains($0) }
        })
    }
  }

  private mutating func read(
    _ id: NodeID, _ map: [AffineExpression], _ axes: [Axis], _ positions: [Set<Int>]
  ) {
    guard depends[id.index] else { return }
    add(
      id,
      map.map { expression in
        var values: Set<Int> = [expression.offset]
        for term in expression.terms {
          let steps =
            term.axis < positions.count ? positions[term.axis] : Set(0..<axes[term.axis].extent)
          var sums = Set<Int>(minimumCapacity: values.count * steps.count)
          for value in values {
            for step in steps { sums.insert(value + term.coefficient * step) }
          }
          values = sums
        }
        if expression.divisor == 1 { return values }
        return Set(
          values.lazy.filter { $0 % expression.divisor == 0 }.map { $0 / expression.divisor })
      })
  }

  /// Dimensions that a reshape leaves alone keep their positions. Others are flattened together, in
  /// groups of equal product on both sides, and split up again.
  private mutating func reshape(_ id: NodeID, to shape: Shape, _ positions: [Set<Int>]) {
    guard depends[id.index] else { return }
    let source = graph[id].shape
    var result: [Set<Int>] = []
    for group in Self.groups(source.extents, shape.extents) {
      if group.from.count == 1, group.to.count == 1 {
        result.append(positions[group.to.lowerBound])
        continue
      }
      var flat: Set<Int> = [0]
      for dimension in group.to {
        let extent = shape[dimension]
        let inside = positions[dimension].filter { 0..<extent ~= $0 }
        flat = Set(flat.flatMap { outer in inside.map { outer * extent + $0 } })
      }
      var split: [Set<Int>] = []
      for dimension in group.from.reversed() {
        let extent = source[dimension]
        split.append(Set(flat.lazy.map { $0 % extent }))
        flat = Set(flat.lazy.map { $0 / extent })
      }
      result += split.reversed()
    }
    add(id, result)
  }

  /// The shortest runs of dimensions that have the same product on both sides. A dimension of extent
  /// 1 belongs to the run before it.
  private static func groups(
    _ from: [Int], _ to: [Int]
  ) -> [(from: Range<Int>, to: Range<Int>)] {
    var groups: [(from: Range<Int>, to: Range<Int>)] = []
    var (i, j) = (0, 0)
    while i < from.count || j < to.count {
      let (startI, startJ) = (i, j)
      var (left, right) = (1, 1)
      if i < from.count {
        left = from[i]
        i += 1
      }
      if j < to.count {
        right = to[j]
        j += 1
      }
      while left != right {
        if left < right {
          left *= from[i]
          i += 1
        } else {
          right *= to[j]
          j += 1
        }
      }
      groups.append((startI..<i, startJ..<j))
    }
    return groups
  }
}
