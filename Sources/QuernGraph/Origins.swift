/// Where a node or a kernel comes from: nodes of the graph as it was given to the compiler, and the
/// layers or stages that these were made for.
///
/// In the graph that a ``GraphBuilder`` makes, each node comes from itself. Passes make other nodes and
/// merge nodes; what they make comes from all that it stands for. So profiles, errors and printed forms
/// can say whose work a line is.
public struct Origins: Sendable {
  /// Passes copy nodes all the time, so both sets are behind one reference, which equal ones share.
  private final class Sets: Sendable {
    let nodes: [NodeID]
    let names: [String]

    init(_ nodes: [NodeID], _ names: [String]) { (self.nodes, self.names) = (nodes, names) }
  }

  private var sets: Sets

  /// Nodes of the given graph, in ascending order, each once.
  public var nodes: [NodeID] { sets.nodes }

  /// Each once. The first is ``label``, "" where that belongs to no layer; no other is "".
  private var names: [String] { sets.names }

  /// - Parameters:
  ///   - nodes: of the given graph, in any order.
  ///   - layers: such as `conv1` or `gradient of conv1`, the one that names what comes from there
  ///     first.
  public init(_ nodes: [NodeID] = [], layers: [String] = []) {
    sets = Sets(Set(nodes).sorted(), Self.united([layers.first ?? ""], layers))
  }

  /// - Parameter names: not empty; each once, and none of them "" but the first.
  init(node: NodeID, names: [String]) { sets = Sets([node], names) }

  /// Whether nothing is known: passes must not leave a node like that.
  public var isEmpty: Bool { nodes.isEmpty }

  /// The layer or stage that errors and kernels are named by; "" where there is none.
  public var label: String { names[0] }

  /// All layers and stages, ``label`` first.
  public var layers: ArraySlice<String> { names[0].isEmpty ? names.dropFirst() : names[...] }

  /// Whether all nodes and layers of the other are among these.
  public func isSuperset(of other: Self) -> Bool {
    Self.includes(nodes, other.nodes) && other.names.allSatisfy(includes)
  }

  // MARK: Union

  /// Adds the origins of something that this stands for as well, such as an equal node: all nodes and
  /// all layers. ``label`` stays.
  public mutating func formUnion(_ other: Self) {
    if sets === other.sets { return }
    add(other.nodes, other.names)
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
  /// A part that was made for one of these layers brings no others with it: those are the layers of its
  /// other readers.
  package mutating func absorb(_ part: Self) {
    if sets === part.sets { return }
    add(part.nodes, part.names.contains(where: names.contains) ? [] : part.names)
  }

  /// Adds the nodes of a constant that is used here. Its layers are those of all who use it, so they are
  /// not added.
  package mutating func absorb(constant: Self) { add(constant.nodes, []) }

  /// The same, named by another stage: a copy for an output is no longer the layer's.
  package func named(_ label: String) -> Self {
    var result = self
    result.sets = Sets(nodes, Self.united([label], names))
    return result
  }

  /// Adds layers that are not among these.
  mutating func add(_ layers: [String]) { add([], layers) }

  /// Whether a layer is among these; "" is none, and always is.
  func includes(_ layer: String) -> Bool { layer.isEmpty || names.contains(layer) }

  /// Whatever it came from, it is a node of the given graph now.
  mutating func become(_ node: NodeID) { sets = Sets([node], names) }

  private mutating func add(_ nodes: [NodeID], _ layers: [String]) {
    let hasNodes = Self.includes(sets.nodes, nodes)
    let hasLayers = layers.allSatisfy(includes)
    if hasNodes && hasLayers { return }
    sets = Sets(
      hasNodes ? sets.nodes : Self.united(sets.nodes, nodes),
      hasLayers ? sets.names : Self.united(sets.names, layers))
  }

  // MARK: Sets as arrays

  /// Whether ascending nodes include others.
  private static func includes(_ nodes: [NodeID], _ others: [NodeID]) -> Bool {
    if others.count > nodes.count { return false }
    var place = 0
    for other in others {
      while place < nodes.count, nodes[place] < other { place += 1 }
      guard place < nodes.count, nodes[place] == other else { return false }
      place += 1
    }
    return true
  }

  /// Ascending nodes of both.
  private static func united(_ nodes: [NodeID], _ others: [NodeID]) -> [NodeID] {
    var united: [NodeID] = []
    united.reserveCapacity(nodes.count + others.count)
    var place = 0
    for other in others {
      while place < nodes.count, nodes[place] < other {
        united.append(nodes[place])
        place += 1
      }
      if place < nodes.count, nodes[place] == other { place += 1 }
      united.append(other)
    }
    for node in nodes[place...] { united.append(node) }
    return united
  }

  /// Names, and after them the layers that are not among them.
  private static func united(_ names: [String], _ layers: [String]) -> [String] {
    var united = names
    for layer in layers where !layer.isEmpty && !united.contains(layer) { united.append(layer) }
    return united
  }
}

extension Origins: Hashable {
  public static func == (a: Self, b: Self) -> Bool {
    a.sets === b.sets || a.nodes == b.nodes && a.names == b.names
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(nodes)
    hasher.combine(names)
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
