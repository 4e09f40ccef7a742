/// The number of a node in its graph.
public struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
  public var index: Int
  public init(_ index: Int) { self.index = index }
  public static func < (a: Self, b: Self) -> Bool { a.index < b.index }
  public var description: String { "%\(index)" }
}

/// One op, its operands and the type of the one tensor it makes.
public struct Node: Hashable, Sendable {
  /// What is computed.
  public var op: Op
  /// Nodes before this one, in the order the op takes them.
  public var operands: [NodeID]
  /// Of the result.
  public var type: TensorType
  /// The nodes of the given graph that it stands for, and their layers.
  public var origins: Origins

  public init(op: Op, operands: [NodeID], type: TensorType, origins: Origins) {
    self.op = op
    self.operands = operands
    self.type = type
    self.origins = origins
  }

  /// The layer or stage that the node is named by, such as `conv1` or `gradient of conv1`; "" where
  /// there is none.
  public var label: String { origins.label }

  public var shape: Shape { type.shape }
}

/// A static graph: nodes in an order in which operands come first, what is asked of it, and which
/// inputs are replaced by which values at the end of a step.
public struct Graph: Sendable {
  /// A node whose value is asked for, under a name.
  public struct Output: Hashable, Sendable {
    public var name: String
    public var node: NodeID
    public init(name: String, node: NodeID) {
      self.name = name
      self.node = node
    }
  }

  /// After a step, the input holds what the node computed: a parameter's update.
  public struct Update: Hashable, Sendable {
    public var input: NodeID
    public var value: NodeID
    public init(input: NodeID, value: NodeID) {
      self.input = input
      self.value = value
    }
  }

  /// Operands before the nodes that read them.
  public var nodes: [Node]
  public var outputs: [Output]
  public var updates: [Update]

  public init(nodes: [Node] = [], outputs: [Output] = [], updates: [Update] = []) {
    self.nodes = nodes
    self.outputs = outputs
    self.updates = updates
  }

  @inlinable public subscript(id: NodeID) -> Node { nodes[id.index] }
  public var ids: some RandomAccessCollection<NodeID> { nodes.indices.lazy.map(NodeID.init) }

  /// The inputs in the order they were declared.
  public var inputs: [(id: NodeID, input: Input, type: TensorType)] {
    ids.compactMap { id in
      guard case .input(let input) = self[id].op else { return nil }
      return (id, input, self[id].type)
    }
  }

  /// The input of this name, or nil.
  public func input(named name: String) -> NodeID? {
    inputs.first { $0.input.name == name }?.id
  }

  /// The node behind the output of this name, or nil.
  public func output(named name: String) -> NodeID? {
    outputs.first { $0.name == name }?.node
  }

  /// Nodes that outputs and updates are computed from.
  public var roots: [NodeID] { outputs.map(\.node) + updates.map(\.value) }

  /// For each node, the nodes that read it, in order.
  public var users: [[NodeID]] {
    var users = [[NodeID]](repeating: [], count: nodes.count)
    for id in ids {
      for operand in Set(self[id].operands) { users[operand.index].append(id) }
    }
    return users
  }
}
