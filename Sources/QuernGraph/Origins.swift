/// Where a node or a kernel comes from: nodes of the graph as it was given to the compiler, and the
/// layers or stages that these were made for.
///
/// In the graph that a ``GraphBuilder`` makes, each node comes from itself. Passes make other nodes and
/// merge nodes; what they make comes from all that it stands for. So profiles, errors and printed forms
/// can say whose work a line is.
public struct Origins: Hashable, Sendable {
  /// Nodes of the given graph, in ascending order, each once.
  public private(set) var nodes: [NodeID]
  /// Each once. The first is ``label``, "" where that belongs to no layer; no other is "".
  private var names: [String]

  /// - Parameters:
  ///   - nodes: of the given graph, in any order.
  ///   - layers: such as `conv1` or `gradient of conv1`, the one that names what comes from there
  ///     first.
  public init(_ nodes: some Sequence<NodeID> = [], layers: [String] = []) {
    self.nodes = Set(nodes).sorted()
    names = [layers.first ?? ""]
    add(layers)
  }

  /// - Parameter names: as ``names``.
  init(node: NodeID, names: [String]) {
    nodes = [node]
    self.names = names
  }

  /// Whether nothing is known of it: passes must not leave a node like that.
  public var isEmpty: Bool { nodes.isEmpty }

  /// The layer or stage that errors and kernels are named by; "" where there is none.
  public var label: String { names[0] }

  /// All layers and stages, ``label`` first.
  public var layers: ArraySlice<String> { names[0].isEmpty ? names.dropFirst() : names[...] }

  private func includes(_ others: [NodeID]) -> Bool {
    // Most often both are the same array, or there is one node.
    if nodes == others { return true }
    if others.count > nodes.count { return false }
    var place = nodes.startIndex
    for other in others {
      while place < nodes.endIndex, nodes[place] < other { place += 1 }
      guard place < nodes.endIndex, nodes[place] == other else { return false }
      place += 1
    }
    return true
  }

  /// Whether all nodes and layers of the other are among these.
  public func isSuperset(of other: Self) -> Bool {
    includes(other.nodes) && other.layers.allSatisfy(names.contains)
  }

  // MARK: Union

  /// Adds the origins of something that this stands for as well, such as an equal node: all nodes and
  /// all layers. ``label`` stays.
  public mutating func formUnion(_ other: Self) {
    add(other.nodes)
    add(other.names)
  }

  /// These and the other's origins, named by this one's ``label``.
  public func union(_ other: Self) -> Self {
    var result = self
    result.formUnion(other)
    return result
  }

  /// Adds the origins of something that is computed here as a part: a movement that is read in place
  /// of its copy, a node that every reader computes for itself.
  ///
  /// A part that was made for one of these layers brings no others with it: those are the layers of its other
  /// readers.
  package mutating func absorb(_ part: Self) {
    add(part.nodes)
    if !part.names.contains(where: names.contains) { add(part.names) }
  }

  /// Adds the nodes of a constant that is used here. Its layers are those of all its readers, so they
  /// are not added.
  package mutating func absorb(constant: Self) { add(constant.nodes) }

  /// The same, named by another stage: a copy for an output is no longer the layer's.
  package func named(_ label: String) -> Self {
    var result = self
    result.names = [label] + names.filter { !$0.isEmpty && $0 != label }
    return result
  }

  /// Adds layers that are not among these.
  mutating func add(_ layers: [String]) {
    for layer in layers where !includes(layer) { names.append(layer) }
  }

  /// Whether a layer is among these; "" is none, and always is.
  func includes(_ layer: String) -> Bool { layer.isEmpty || names.contains(layer) }

  /// Whatever it came from, it is a node of the given graph now.
  mutating func become(_ node: NodeID) { nodes = [node] }

  private mutating func add(_ others: [NodeID]) {
    if includes(others) { return }
    var merged: [NodeID] = []
    merged.reserveCapacity(nodes.count + others.count)
    var place = nodes.startIndex
    for other in others {
      while place < nodes.endIndex, nodes[place] < other {
        merged.append(nodes[place])
        place += 1
      }
      if place < nodes.endIndex, nodes[place] == other { place += 1 }
      merged.append(other)
    }
    merged += nodes[place...]
    nodes = merged
  }
}

extension Origins: CustomStringConvertible {
  /// The layers as comments have them: `conv1, conv2`; of many the first few and how many more.
  public var description: String {
    let shown = layers.prefix(layers.count == 5 ? 5 : 4).joined(separator: ", ")
    let others = layers.count - 4
    return others > 1 ? "\(shown) and \(others) more" : shown
  }
}
