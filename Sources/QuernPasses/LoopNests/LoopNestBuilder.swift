import QuernErrors
import QuernGraph

/// Turns groups of nodes into kernels.
struct LoopNestBuilder: Sendable {
  let graph: Graph
  let views: ViewedGraph
  let fusion: FusedGraph

  init(_ fusion: FusedGraph) {
    (graph, views, self.fusion) = (fusion.graph, fusion.views, fusion)
  }

  /// Nodes whose values others need from memory.
  private var stored: Set<NodeID> { fusion.stored }

  func kernel(_ group: FusedGraph.Group, name: String) throws(QuernError) -> Kernel {
    let origins = fusion.origins(of: group)
    var nests: [TensorNest] = []
    let subject = origins.label.isEmpty ? name : origins.label
    if let root = group.root, case .tileTransform(let transform) = graph[root].op {
      nests = try tileNests(transform, group, subject: subject)
    } else {
      nests = try self.nests(symbolicNests(group, subject: subject), group, subject: subject)
    }
    var inlined: Set<NodeID> = []
    func note(_ id: NodeID) {
      for operand in graph[id].operands where fusion.inlined.contains(operand) {
        if inlined.insert(operand).inserted { note(operand) }
      }
    }
    group.nodes.forEach(note)
    return Kernel(
      name: name, origins: origins, nodes: group.nodes, inlined: inlined.sorted(), nests: nests)
  }

  private func symbolicNests(
    _ group: FusedGraph.Group, subject: String
  ) throws(QuernError) -> [SymbolicNest] {
    let identity = group.domain.extents.indices.map { AffineExpression.axis($0) }
    guard let root = group.root else {
      let names = Tensor.axisNames(group.domain.rank)
      return [
        SymbolicNest(
          axes: zip(names, group.domain.extents).map { Axis($0, $1) },
          outputRank: group.domain.rank, reduction: .none, factors: [], position: .constant(0),
          domain: identity)
      ]
    }
    let node = graph[root]
    switch node.op {
    case .contraction(let contraction):
      let factors = zip(node.operands, contraction.factors).map {
        SymbolicNest.Factor(operand: $0, map: $1.map, match: $1.match)
      }
      let nest = SymbolicNest(
        axes: contraction.axes, outputRank: contraction.outputRank, reduction: .sum,
        factors: factors, position: .constant(0), domain: identity)
      return try nest.splitIntoResidues(of: subject)
    case .maximum(let window), .maximumPosition(let window):
      if window.map.contains(where: { $0.divisor != 1 }) {
        throw QuernError(
          subject, "a window whose index is divided",
          remedy: "step through the window without a divisor, or use the interpreter")
      }
      if graph[node.operands[0]].type.element != .float32 {
        throw QuernError(
          subject, "a maximum over \(graph[node.operands[0]].type.element.rawValue)",
          remedy: "convert the tensor with toFloat, or use the interpreter")
      }
      return [
        SymbolicNest(
          axes: window.axes, outputRank: window.outputRank, reduction: .maximum,
          factors: [.init(operand: node.operands[0], map: window.map, match: nil)],
          position: window.linearPosition, domain: identity)
      ]
    case .concatenate(let dimension):
      var start = 0
      return node.operands.map { operand in
        let shape = graph[operand].shape
        let map = shape.extents.indices.map { AffineExpression.axis($0) }
        var domain = map
        domain[dimension] = .axis(dimension, plus: start)
        start += shape[dimension]
        return SymbolicNest(
          axes: zip(Tensor.axisNames(shape.rank), shape.extents).map { Axis($0, $1) },
          outputRank: shape.rank, reduction: .sum,
          factors: [.init(operand: operand, map: map, match: nil)], position: .constant(0),
          domain: domain)
      }
    case .reshape:
      return [copy(node)]
    default:
      return []
    }
  }

  /// A copy into another shape, over axes fine enough for both.
  private func copy(_ node: Node) -> SymbolicNest {
    let source = graph[node.operands[0]].shape
    let fine =
      source.refines(node.shape)
      ? source : node.shape.refines(source) ? node.shape : Shape([source.elementCount])
    let axes = fine.extents.enumerated().map { Axis("d\($0)", $1) }
    return SymbolicNest(
      axes: axes, outputRank: fine.rank, reduction: .sum,
      factors: [
        .init(operand: node.operands[0], map: Self.indices(of: fine, in: source), match: nil)
      ],
      position: .constant(0), domain: Self.indices(of: fine, in: node.shape))
  }

  /// Indices into `shape` at positions of the finer `domain`; a flat index where they do not fit.
  static func indices(of domain: Shape, in shape: Shape) -> [AffineExpression] {
    guard let parts = shape.dimensions(in: domain) else {
      return [.axis(0)]
    }
    return parts.map { dimensions in
      var stride = 1
      var terms: [(axis: Int, coefficient: Int)] = []
      for dimension in dimensions.reversed() {
        terms.append((dimension, stride))
        stride *= domain[dimension]
      }
      return AffineExpression(terms)
    }
  }

  func nest(
    _ symbolic: SymbolicNest, _ group: FusedGraph.Group, subject: String
  ) throws(QuernError) -> TensorNest {
    let extents = symbolic.extents
    var nest = TensorNest(
      axes: symbolic.axes.enumerated().map {
        LoopAxis($1.name, $1.extent, $0 < symbolic.outputRank ? .output : .reduction)
      }, reduction: symbolic.reduction, position: symbolic.position)
    if symbolic.factors.contains(where: { fusion.inlined.contains($0.operand) }) {
      try addTerm(symbolic.factors, subject, &nest)
    } else {
      for factor in symbolic.factors {
        let read = nest.add(try access(factor.operand, factor.map, extents, subject))
        nest.factors.append(NestFactor(access: read, match: factor.match.map { nest.add($0) }))
      }
      try checkMatches(nest, subject)
    }
    var values = ValueTable()
    try addValues(
      group, result: symbolic.reduction == .none ? nil : .accumulator, at: symbolic.domain,
      subject: subject, &values, &nest)
    nest.values = values.list
    return nest
  }

  /// What lies around a tensor is 0, and would be taken for a label, unless there is nothing to count: where
  /// another factor is read outside at the same indices, as in the gradient of a window.
  private func checkMatches(_ nest: TensorNest, _ subject: String) throws(QuernError) {
    guard nest.factors.contains(where: { $0.match != nil }) else { return }
    let extents = nest.extents
    let plain = nest.factors.filter { $0.match == nil }.map { nest.access($0).outside(extents) }
    for factor in nest.factors where factor.match != nil {
      let isZero = nest.access(factor).outside(extents).allSatisfy { index in
        plain.contains { $0.contains { $0 == index } }
      }
      guard isZero else {
        throw QuernError(
          subject, "labels are compared at indices outside their tensor",
          remedy: "pad the labels with one that no class has, or use the interpreter")
      }
    }
  }

  /// Computes the group's nodes at one position of its domain, and stores what others need.
  ///
  /// - Parameters:
  ///   - result: the value of the group's root; nil where nothing was summed up.
  ///   - domain: the position, by the nest's axes.
  func addValues(
    _ group: FusedGraph.Group, result: NestValue?, at domain: [AffineExpression],
    subject: String, _ values: inout ValueTable, _ nest: inout TensorNest
  ) throws(QuernError) {
    let replacements = Dictionary(
      uniqueKeysWithValues: domain.enumerated().map { ($0.offset, $0.element) })
    values.of = [:]

    /// The index of each dimension of a shape that the domain refines.
    func indices(_ shape: Shape) -> [AffineExpression] {
      Self.indices(of: group.domain, in: shape).map { $0.substituting(replacements) }
    }

    for id in group.nodes {
      let node = graph[id]
      let value: Int
      switch node.op {
      case .elementwise(let op):
        var operands: [Int] = []
        for operand in node.operands {
          let map = repeated(operand, indices(node.shape))
          operands.append(
            try self.value(operand, at: map, &values, &nest, node.label) {
              .read(access: $1.add($0))
            })
        }
        value = values.add(.apply(op, operands, node.type.element))
      case .maximumPosition: value = values.add(.position)
      case .contraction, .concatenate, .reshape, .maximum, .tileTransform:
        value = values.add(result ?? .constant(0, node.type.element))
      case .constant(let constant): value = values.add(.constant(constant, node.type.element))
      case .iota(let dimension):
        value = values.add(
          .index(nest.add(Self.iota(node.shape, dimension, indices(node.shape)))))
      case .input: continue
      }
      values.of[id] = value
      if stored.contains(id) {
        let map =
          id == group.root && node.shape == group.domain && !isCopy(id)
          ? domain : isCopy(id) ? domain : indices(node.shape)
        var target = try access(id, map, nest.extents, subject)
        target.isWritten = true
        nest.stores.append(NestStore(value: value, access: nest.add(target)))
      }
    }
  }

  /// The term of a sum with factors that are computed where they are read.
  private func addTerm(
    _ factors: [SymbolicNest.Factor], _ subject: String, _ nest: inout TensorNest
  ) throws(QuernError) {
    var values = ValueTable()
    func read(_ access: TensorAccess, _ nest: inout TensorNest) -> NestValue {
      let number = nest.add(access)
      if let known = nest.factors.firstIndex(where: { $0.access == number }) {
        return .factor(known)
      }
      nest.factors.append(NestFactor(access: number))
      return .factor(nest.factors.count - 1)
    }
    var product: Int?
    for factor in factors {
      let next = try value(factor.operand, at: factor.map, &values, &nest, subject, read)
      product = product.map { values.add(.apply(.multiply, [$0, next], .float32)) } ?? next
    }
    nest.term = values.list
  }

  private func isCopy(_ id: NodeID) -> Bool { graph[id].op == .reshape }

  /// The value of an operand: one that is there, one that is computed where it is read, or what `read`
  /// makes of where it lies.
  ///
  /// - Parameter map: the element, for each dimension of the operand.
  private func value(
    _ operand: NodeID, at map: [AffineExpression], _ values: inout ValueTable,
    _ nest: inout TensorNest, _ subject: String,
    _ read: (TensorAccess, inout TensorNest) -> NestValue
  ) throws(QuernError) -> Int {
    let source = views.root(operand)
    if let known = values.of[source] { return known }
    switch graph[source].op {
    case .elementwise(let op) where fusion.inlined.contains(source):
      var operands: [Int] = []
      for inner in graph[source].operands {
        operands.append(
          try value(inner, at: repeated(inner, map), &values, &nest, subject, read))
      }
      return values.add(.apply(op, operands, graph[source].type.element))
    case .constant(let constant):
      return values.add(.constant(constant, graph[source].type.element))
    case .iota(let dimension) where source == operand || dimension == nil:
      return values.add(.index(nest.add(Self.iota(graph[operand].shape, dimension, map))))
    default:
      return values.add(read(try access(operand, map, nest.extents, subject), &nest))
    }
  }

  /// Where an elementwise node at a position reads an operand, which may be repeated.
  private func repeated(_ operand: NodeID, _ position: [AffineExpression]) -> [AffineExpression] {
    zip(position, graph[operand].shape.extents).map { $1 == 1 ? .constant(0) : $0 }
  }

  private static func iota(
    _ shape: Shape, _ dimension: Int?, _ map: [AffineExpression]
  ) -> AffineExpression {
    if let dimension { return map[dimension] }
    var terms: [(axis: Int, coefficient: Int)] = []
    var offset = 0
    for (expression, stride) in zip(map, shape.strides) {
      offset += expression.offset * stride
      for term in expression.terms { terms.append((term.axis, term.coefficient * stride)) }
    }
    return AffineExpression(terms, offset: offset)
  }

  func access(
    _ id: NodeID, _ map: [AffineExpression], _ extents: @autoclosure () -> [Int], _ subject: String
  ) throws(QuernError) -> TensorAccess {
    // A flat index stands for the whole tensor in row-major order.
    if map.count == 1, graph[id].shape.rank != 1 {
      return TensorAccess(
        tensor: views.root(id), name: id, view: Shape([graph[id].shape.elementCount]), map: map,
        element: graph[id].type.element)
    }
    return views.access(id, map, extents: extents())
  }
}

/// The values of a nest; equal ones are computed once.
struct ValueTable {
  private(set) var list: [NestValue] = []
  /// The value of each node at the present position.
  var of: [NodeID: Int] = [:]
  private var known: [NestValue: Int] = [:]

  mutating func add(_ value: NestValue) -> Int {
    if let index = known[value] { return index }
    list.append(value)
    known[value] = list.count - 1
    return list.count - 1
  }
}
