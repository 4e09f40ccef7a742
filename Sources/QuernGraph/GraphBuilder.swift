import QuernErrors

/// Makes a graph node by node; equal nodes are made once.
///
/// This is the level below the layers: write your own layer or loss as a function of ``Tensor``s.
public final class GraphBuilder {
  /// What has been built so far.
  public private(set) var graph: Graph
  private var known: [Key: NodeID] = [:]
  /// The layers or stages that new nodes are made for.
  private var scope = [""]

  private struct Key: Hashable {
    var op: Op
    var operands: [NodeID]
    var type: TensorType

    /// By what tells most nodes apart: hashing a contraction or a transform whole takes longer than all
    /// else that adding it does.
    func hash(into hasher: inout Hasher) {
      for operand in operands { hasher.combine(operand) }
      switch op {
      case .input(let input): hasher.combine(input.name)
      case .constant(let value):
        hasher.combine(value)
        hasher.combine(type)
      case .elementwise(let op): hasher.combine(op)
      case .iota, .reshape, .concatenate, .contraction, .maximum, .maximumPosition, .tileTransform:
        hasher.combine(type)
      }
    }
  }

  /// - Parameter graph: a graph to go on from; its nodes keep their numbers and their layers. It is part of
  ///   the given graph, so each node comes from itself, whatever a pass has made it of.
  public init(_ graph: Graph = Graph()) {
    self.graph = graph
    known.reserveCapacity(graph.nodes.count)
    for id in graph.ids {
      let node = graph[id]
      if node.origins.nodes != [id] { self.graph.nodes[id.index].origins.become(id) }
      let key = Key(op: node.op, operands: node.operands, type: node.type)
      if known[key] == nil { known[key] = id }
    }
  }

  /// Makes room for so many nodes: a table that grows hashes all of them again.
  package func reserveCapacity(_ count: Int) {
    graph.nodes.reserveCapacity(count)
    known.reserveCapacity(count)
  }

  /// The layer or stage that new nodes are named by, "" outside of all; set it with
  /// ``labelled(_:_:)``.
  public var label: String { scope[0] }

  /// Nodes that `body` makes or finds are for this layer or stage, so that errors and kernels can name
  /// it.
  public func labelled<Result, Failure>(
    _ label: String, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try labelled([label], body)
  }

  /// Nodes that `body` makes or finds are for these layers or stages, and are named by the first.
  ///
  /// - Parameter layers: each once, and none of them "" but the first.
  package func labelled<Result, Failure>(
    _ layers: [String], _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outer = scope
    scope = layers.isEmpty ? [""] : layers
    defer { scope = outer }
    return try body()
  }

  /// Appends a node, or finds the one that already computes the same, which then is also for the present
  /// layer. Types are the caller's matter.
  public func add(_ op: Op, _ operands: [NodeID], _ type: TensorType) -> NodeID {
    let key = Key(op: op, operands: operands, type: type)
    if let id = known[key] {
      // Asking first: writing to a graph of which there are copies copies all nodes.
      if !scope.allSatisfy(graph[id].origins.includes) { graph.nodes[id.index].origins.add(scope) }
      return id
    }
    let id = NodeID(graph.nodes.count)
    graph.nodes.append(
      Node(op: op, operands: operands, type: type, origins: Origins(node: id, names: scope)))
    known[key] = id
    return id
  }

  /// Appends a node that a pass makes, or finds the one that already computes the same and unites the
  /// origins of both.
  package func add(
    _ op: Op, _ operands: [NodeID], _ type: TensorType, origins: Origins
  ) -> NodeID {
    let key = Key(op: op, operands: operands, type: type)
    if let id = known[key] {
      unite(id, origins)
      return id
    }
    let id = NodeID(graph.nodes.count)
    graph.nodes.append(Node(op: op, operands: operands, type: type, origins: origins))
    known[key] = id
    return id
  }

  /// Adds the origins of what a node has taken the place of.
  package func unite(_ id: NodeID, _ origins: Origins) {
    graph.nodes[id.index].origins.formUnion(origins)
  }

  /// The node that already computes this, if there is one.
  package func existing(_ op: Op, _ operands: [NodeID], _ type: TensorType) -> NodeID? {
    known[Key(op: op, operands: operands, type: type)]
  }

  /// A handle on a node of ``graph``.
  public func tensor(_ id: NodeID) -> Tensor { Tensor(self, id) }

  /// Checks that tensors are of this builder: the number of another's node means another node here,
  /// or none.
  ///
  /// - Throws: `QuernError` that names the first that is not.
  func checkOwn(_ tensors: [Tensor], of op: String) throws(QuernError) {
    guard let place = tensors.firstIndex(where: { $0.builder !== self }) else { return }
    let which = tensors.count == 1 ? "the tensor" : "tensor \(place + 1) of \(tensors.count)"
    throw QuernError(
      label.isEmpty ? op : "\(label) (\(op))",
      "\(which), \(tensors[place].type), comes from another GraphBuilder; expected all tensors from "
        + "one",
      remedy: "build both with the same GraphBuilder")
  }

  // MARK: Leaves

  /// Declares an input.
  ///
  /// - Throws: `QuernError` if another input has the name.
  public func input(
    _ name: String, _ shape: Shape, _ element: ElementType = .float32, role: Input.Role = .data
  ) throws(QuernError) -> Tensor {
    if graph.input(named: name) != nil {
      throw QuernError(name, "two inputs have this name", remedy: "name one of them differently")
    }
    return tensor(add(.input(Input(name, role)), [], TensorType(element, shape)))
  }

  /// A tensor whose elements all have one value.
  public func constant(
    _ value: Double, _ shape: Shape = [], _ element: ElementType = .float32
  ) -> Tensor {
    tensor(add(.constant(value), [], TensorType(element, shape)))
  }

  /// `int32` positions along a dimension, or row-major over the whole tensor where it is nil.
  public func iota(_ shape: Shape, dimension: Int? = nil) -> Tensor {
    tensor(add(.iota(dimension: dimension), [], TensorType(.int32, shape)))
  }

  // MARK: What is asked

  /// Asks for a tensor's value under a name.
  ///
  /// - Throws: `QuernError` where another output has the name, or the tensor comes from another
  ///   builder.
  public func output(_ name: String, _ tensor: Tensor) throws(QuernError) {
    try checkOwn([tensor], of: "output \(name)")
    if graph.output(named: name) != nil {
      throw QuernError(name, "two outputs have this name", remedy: "name one of them differently")
    }
    graph.outputs.append(.init(name: name, node: tensor.id))
  }

  /// At the end of a step `input` takes this value.
  ///
  /// - Throws: `QuernError` where the types differ, `input` is no input, or has an update already,
  ///   or where one of them comes from another builder.
  public func update(_ input: Tensor, to value: Tensor) throws(QuernError) {
    try checkOwn([input, value], of: "update")
    guard case .input(let declared) = graph[input.id].op else {
      throw QuernError("update", "\(input.id) is not an input", remedy: "update inputs only")
    }
    guard input.type == value.type else {
      throw QuernError(
        declared.name, "its type is \(input.type), its update's \(value.type)",
        remedy: "give the update the input's shape")
    }
    guard !graph.updates.contains(where: { $0.input == input.id }) else {
      throw QuernError(declared.name, "it is updated twice", remedy: "keep one of the updates")
    }
    graph.updates.append(.init(input: input.id, value: value.id))
  }
}
