import QuernGraph

/// The same graph with less to compute: equal nodes once, constants folded, algebra done, movements
/// read through, and nothing that no output or update needs.
///
/// Inputs all stay, in their order, used or not: they are the graph's signature. Outputs and updates are
/// kept, and every node that is computed is among the origins of what takes its place. Numbers may differ by rounding, and zeros in sign. Where an operand may be
/// infinite or not a number, so may the result be: `x · 0` is not 0 and stays.
public func simplify(_ graph: Graph) -> Graph {
  let rewriter = Rewriter(.simplifying)
  return eliminateDeadCode(rewriter.rewrite(graph))
}

/// A way to compute a node with less: the node instead of it, of the same type, or nil where the
/// rule does not apply. Operands are simplified already.
///
/// What a rule makes gets the origins of the node. Where it also takes the place of other nodes, the rule
/// says so with ``Rewriter/absorb(_:)``.
typealias RewriteRule = @Sendable (_ node: Node, _ rewriter: Rewriter) -> NodeID?

/// Rules by the ops they are about, in the order in which they are tried: each is about one kind, and
/// asking all of them about every node takes longer than to apply those that do.
struct RewriteRules {
  var elementwise: [RewriteRule] = []
  /// For reshapes and concatenations.
  var arrangement: [RewriteRule] = []
  var contraction: [RewriteRule] = []

  subscript(op: Op) -> [RewriteRule] {
    switch op {
    case .elementwise: elementwise
    case .reshape, .concatenate: arrangement
    case .contraction: contraction
    case .input, .constant, .iota, .maximum, .maximumPosition, .tileTransform: []
    }
  }

  static let simplifying = RewriteRules(
    elementwise: [
      foldConstants,  // all operands are constant
      repeatInPlace,  // operands that are repeated in full are repeated by the op
      constantSecond,  // a constant comes second
      dropIdentityElement,  // x · 1, x / 1, x + 0, x − 0
      simplifyNegation,  // x · −1, 0 − x, −(−x), −(a − b)
      absorbNegation,  // a + (−b), a − (−b), (−a) · (−b)
      doubleOnce,  // x + x
      joinConstantFactors,  // x · c · d
      scaleSmallerFactor,  // x · y · c where x is the smaller
      multiplyByReciprocal,  // x / 2ⁿ
      decideSelect,  // a choice that is known
      differentiateAtMaxima,  // a derivative times the gradient of a maximum
      reuseCommuted,  // a · b where b · a is there
    ],
    arrangement: [
      simplifyReshape,  // a reshape of a reshape, of a constant, to the same shape
      dropConcatenation,  // a concatenation of one
    ],
    contraction: [
      dropUnitReductionAxes,  // reduction axes of extent 1
      readThroughMovement,  // a factor that is a movement
      readThroughUnitReshape,  // a factor that is a reshape by extents of 1
      pullOutConstant,  // a constant factor
      countUnreadAxes,  // reduction axes that no factor reads
      multiplyElementwise,  // a product without a sum
      pullOutSign,  // a sum of (−x) · y or of (c · x) · y
      sumOverWindows,  // a sum of the gradient of a maximum
      dropMovement,  // a movement that moves nothing
    ])
}

/// Rebuilds a graph node by node; the builder sees to it that equal nodes are made once.
///
/// Whatever is made goes through ``add(_:_:_:)``, which gives it its origins.
final class Rewriter {
  private let builder = GraphBuilder()
  private let rules: RewriteRules
  /// Those of the node that is being rewritten, and of what rules have absorbed on the way.
  private var origins = Origins()
  /// How often rules have absorbed a node.
  private var absorptions = 0
  /// Names of the inputs that the graph replaces in each step.
  private(set) var updated: Set<String> = []

  init(_ rules: RewriteRules) { self.rules = rules }

  func rewrite(_ graph: Graph) -> Graph {
    var numbers: [NodeID] = []
    numbers.reserveCapacity(graph.nodes.count)
    builder.reserveCapacity(graph.nodes.count)
    updated = Set(
      graph.updates.compactMap { update in
        if case .input(let input) = graph[update.input].op { input.name } else { nil }
      })
    for node in graph.nodes {
      let (known, absorbed) = (builder.graph.nodes.count, absorptions)
      origins = node.origins
      let id = make(node.op, node.operands.map { numbers[$0.index] }, node.type)
      // Where it is a node that was there, such as an operand, this is one more that it stands for.
      if id.index < known || absorptions != absorbed { builder.unite(id, origins) }
      numbers.append(id)
    }
    var result = builder.graph
    result.outputs = graph.outputs.map { .init(name: $0.name, node: numbers[$0.node.index]) }
    result.updates = graph.updates.map {
      .init(input: numbers[$0.input.index], value: numbers[$0.value.index])
    }
    return result
  }

  /// The node itself, or what the first rule that applies puts in its place.
  func make(_ op: Op, _ operands: [NodeID], _ type: TensorType) -> NodeID {
    let node = Node(op: op, operands: operands, type: type, origins: origins)
    for rule in rules[op] {
      let absorbed = absorptions
      if let id = rule(node, self) { return id }
      // What a rule has made before it gave up may have absorbed others.
      if absorptions != absorbed { origins = node.origins }
    }
    return add(op, operands, type)
  }

  /// The node itself: no rule is asked. It comes from what is being rewritten.
  func add(_ op: Op, _ operands: [NodeID], _ type: TensorType) -> NodeID {
    builder.add(op, operands, type, origins: origins)
  }

  /// The node that already computes this, if there is one.
  func existing(_ op: Op, _ operands: [NodeID], _ type: TensorType) -> NodeID? {
    builder.existing(op, operands, type)
  }

  /// Says that what is made from here on also stands for another node: one that it does not read, because
  /// it does that node's work itself.
  func absorb(_ id: NodeID) {
    absorptions += 1
    switch self[id].op {
    case .constant, .iota: origins.absorb(constant: self[id].origins)
    default: origins.absorb(self[id].origins)
    }
  }

  /// A constant, or positions, made of others: it is for their layers, too.
  func fold(_ constants: [NodeID], to op: Op, _ type: TensorType) -> NodeID {
    var folded = origins
    for id in constants {
      folded.absorb(self[id].origins)
      absorb(id)
    }
    return builder.add(op, [], type, origins: folded)
  }

  subscript(id: NodeID) -> Node { builder.graph[id] }

  func constant(_ value: Double, _ type: TensorType) -> NodeID {
    add(.constant(value), [], type)
  }

  /// The value all elements of a constant have.
  func constantValue(_ id: NodeID) -> Double? {
    if case .constant(let value) = self[id].op { value } else { nil }
  }

  func elementwise(
    _ op: ElementwiseOp, _ operands: [NodeID], _ type: TensorType
  ) -> NodeID {
    make(.elementwise(op), operands, type)
  }

  /// An op on operands of one rank, each repeated along its dimensions of extent 1.
  func elementwise(
    _ op: ElementwiseOp, repeating operands: [NodeID], _ element: ElementType
  ) -> NodeID {
    var extents = [Int](repeating: 1, count: self[operands[0]].shape.rank)
    for operand in operands {
      for (dimension, extent) in self[operand].shape.extents.enumerated() where extent > 1 {
        extents[dimension] = extent
      }
    }
    return elementwise(op, operands, TensorType(element, Shape(extents)))
  }

  /// `id` · value, of the same shape.
  func scaled(_ id: NodeID, by value: Double) -> NodeID {
    let type = self[id].type
    let ones = Shape(type.shape.extents.map { _ in 1 })
    return elementwise(.multiply, [id, constant(value, TensorType(type.element, ones))], type)
  }

  func reshaped(_ id: NodeID, _ shape: Shape) -> NodeID {
    make(.reshape, [id], TensorType(self[id].type.element, shape))
  }
}
