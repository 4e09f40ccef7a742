import QuernConcurrency
import QuernGraph

/// A graph as kernels in order over one arena: what code is generated from.
public struct Program: Sendable {
  public let graph: Graph
  /// In the order they run.
  public let kernels: [Kernel]
  /// By the node whose value is stored. An update written in place shares its input's.
  public let storages: [NodeID: Storage]
  public let arenaBytes: Int
  /// Bytes that each thread needs for what is its own.
  public let privateBytes: Int
  /// How many kernels at the start make what later ones need of parameters that no step replaces: they
  /// run once, and again after such a parameter was written.
  public let preparedCount: Int
  /// Tensors that are the same in every step: parameters and state that none replaces, and what is made
  /// of them beforehand.
  public let fixed: Set<NodeID>
  /// Parts of the order that run several times, a few pictures each time.
  public let regions: [Region]
  /// Whether all threads must have finished what comes before, for each kernel.
  public let needsBarrier: [Bool]
  /// The node that holds the value of each output: reshapes are looked through.
  public let outputNodes: [String: NodeID]

  public subscript(storage id: NodeID) -> Storage? { storages[id] }

  /// The section that the kernel at a position belongs to.
  public func region(of position: Int) -> Region? {
    regions.first { $0.kernels.contains(position) }
  }
}

/// Turns a graph into a program: fuse, schedule, lay out, place.
///
/// - Parameters:
///   - threads: that will run the program. Its results do not depend on their number.
///   - chunks: which kernels take pictures a few at a time.
///   - fewestInlined: elements of a tensor that may be computed wherever it is read instead of being
///     kept; nil for as many as are worth it.
/// - Throws: ``LoweringError`` for graphs that only the interpreter runs.
public func lower(
  _ source: Graph, threads: Int = 1, chunks: RegionLimits = RegionLimits(),
  minInlinedElements: Int? = nil
) throws(LoweringError) -> Program {
  let prepared = addCopies(source)
  var views = Views(graph: prepared.graph, copied: prepared.copied)
  let graph = prepared.graph
  // Each round turns at least one more reshape into a copy, so this ends.
  while true {
    let fusion = Fusion(graph, views: views, minInlinedElements: minInlinedElements)
    let stored = storedNodes(graph, views: views, fusion: fusion)
    let builder = LoopNestBuilder(graph: graph, views: views, fusion: fusion, stored: stored)
    var names: Set<String> = []
    var groupOf: [NodeID: Int] = [:]
    let groups = fusion.nonEmpty
    for (number, group) in groups.enumerated() {
      for id in group.nodes { groupOf[id] = number }
    }
    let kernelNames = groups.map { kernelName($0, graph, &names) }
    var kernels = try onAllCores(groups.count) { number throws(LoweringError) in
      try builder.kernel(groups[number], name: kernelNames[number])
    }
    let halos = HaloAnalysis(kernels, graph)
    let conflicts = halos.conflicts.subtracting(views.copied)
    if conflicts.isEmpty {
      let products = RegionCandidate.find(
        graph, kernels: kernels, groupOf: groupOf, chunks, threads: threads)
      let uses = kernels.map(TensorUse.init)
      let preparation = Preparation(
        graph, uses, groupOf: groupOf, except: Set(products.flatMap(\.members)))
      let dependences = Dependences(uses, groupOf: groupOf)
      var merger = RegionMerger(
        products, graph, kernels: kernels, dependences, except: preparation.kernels, chunks,
        threads: threads)
      let candidates = merger.merge(
        keeping: halos.needsMemory.union(graph.roots.map(views.root)))
      let schedule = try KernelOrder(
        graph, views: views, kernels: kernels, groupOf: groupOf, halos: halos,
        dependences: dependences, candidates: candidates, preparation: preparation)
      for candidate in candidates {
        for member in candidate.members { kernels[member] = candidate.cut(kernels[member], member) }
      }
      return assemble(
        graph, views: views, kernels: schedule.order.map { kernels[$0] }, schedule: schedule,
        halos: halos, candidates: candidates, names: &names)
    }
    let added = conflicts.filter { graph[$0].op == .reshape }
    guard !added.isEmpty else {
      let name = conflicts.first.map { graph[$0].label } ?? ""
      throw LoweringError(
        name, "a tensor is read outside its bounds in a shape it does not have",
        remedy: "use the interpreter for this graph")
    }
    views.copied.formUnion(added)
  }
}

/// A graph in which windows that reach outside, updates by inputs, and outputs of inputs that are
/// updated go through copies; reshapes across all dimensions go through flat ones.
private func addCopies(_ source: Graph) -> (graph: Graph, copied: Set<NodeID>) {
  var graph = Graph()
  var copied: Set<NodeID> = []
  var renamed: [NodeID] = []
  var copies: [NodeID: NodeID] = [:]
  func copy(_ id: NodeID, label: String) -> NodeID {
    if let known = copies[id] { return known }
    let new = NodeID(graph.nodes.count)
    graph.nodes.append(Node(op: .reshape, operands: [id], type: graph[id].type, label: label))
    copied.insert(new)
    copies[id] = new
    return new
  }
  for id in source.ids {
    var node = source[id]
    node.operands = node.operands.map { renamed[$0.index] }
    switch node.op {
    case .maximum(let window), .maximumPosition(let window):
      let outside = zip(window.map, graph[node.operands[0]].shape.extents).contains {
        !$0.isAlwaysInside($1, axes: window.extents)
      }
      if outside { node.operands[0] = copy(node.operands[0], label: node.label) }
    case .reshape:
      let (from, to) = (graph[node.operands[0]].shape, node.shape)
      guard !Fusion.refines(from, to), !Fusion.refines(to, from) else { break }
      // A copy from one to the other would run over neither's dimensions, so it would need both to
      // lie densely. With a flat tensor between them, each copy runs over its own tensor's.
      let flat = NodeID(graph.nodes.count)
      let type = TensorType(node.type.element, [to.elementCount])
      graph.nodes.append(
        Node(op: .reshape, operands: node.operands, type: type, label: node.label))
      node.operands = [flat]
    default: break
    }
    renamed.append(NodeID(graph.nodes.count))
    graph.nodes.append(node)
  }
  let views = Views(graph: graph, copied: copied)
  // An output that is an input asks for its value before the update.
  let updated = Set(source.updates.map { renamed[$0.input.index] })
  graph.outputs = source.outputs.map { output in
    var node = renamed[output.node.index]
    if updated.contains(views.root(node)) { node = copy(node, label: "output") }
    return .init(name: output.name, node: node)
  }
  graph.updates = source.updates.map { update in
    var value = renamed[update.value.index]
    // In place of a reshape, too, the copy of an update would read it as if it lay densely.
    var isCopied = graph[value].op == .reshape && !copied.contains(value)
    if case .input = graph[views.root(value)].op { isCopied = true }
    if isCopied { value = copy(value, label: "update") }
    return .init(input: renamed[update.input.index], value: value)
  }
  return (graph, copied)
}

/// Nodes whose values are needed outside the kernel that computes them.
private func storedNodes(_ graph: Graph, views: Views, fusion: Fusion) -> Set<NodeID> {
  var stored = Set(graph.roots.map(views.root))
  for id in graph.ids {
    let node = graph[id]
    if node.op == .reshape, !views.copied.contains(id) { continue }
    for operand in node.operands where !fusion.inlined.contains(operand) {
      let source = views.root(operand)
      if fusion.groupOf[source] != fusion.groupOf[id] || fusion.groupOf[id] == nil {
        stored.insert(source)
      }
    }
  }
  return stored
}

private func kernelName(
  _ group: Fusion.Group, _ graph: Graph, _ used: inout Set<String>
) -> String {
  let id = group.root ?? group.nodes.last ?? NodeID(0)
  let kind = group.root == nil ? "elementwise" : graph[id].op.name
  let text = graph[id].label.isEmpty ? kind : "\(graph[id].label)_\(kind)"
  return unique(text, &used)
}

private func unique(_ text: String, _ used: inout Set<String>) -> String {
  let base = text.asIdentifier
  var name = base.first?.isNumber == true ? "k" + base : base
  var number = 2
  while !used.insert(name).inserted {
    name = "\(base)_\(number)"
    number += 1
  }
  return name
}

private func assemble(
  _ graph: Graph, views: Views, kernels scheduled: [Kernel], schedule: KernelOrder,
  halos: HaloAnalysis, candidates: [RegionCandidate], names: inout Set<String>
) -> Program {
  var kernels = scheduled
  for update in graph.updates where schedule.inPlace[update.input] == nil {
    kernels.append(copyKernel(update, graph, views, &names))
  }
  let owner = Dictionary(uniqueKeysWithValues: schedule.inPlace.map { ($1, $0) })
  let uses = kernels.map(TensorUse.init)
  let all = Set(uses.flatMap(\.all) + graph.inputs.map(\.id))
  var storages: [NodeID: Storage] = [:]
  var privateBytes = 0
  var regions: [Region] = []
  let tiles = tilesOfTransforms(graph)
  for candidate in candidates {
    guard let start = schedule.order.firstIndex(of: candidate.members[0]) else { continue }
    let region = Region(
      kernels: start..<start + candidate.members.count, chunks: candidate.chunks,
      isPrivate: candidate.isPrivate)
    regions.append(region)
    var inner = candidate.storages(graph, Array(scheduled[region.kernels]), places: tiles)
    // Sections run one after the other, so that they can share threads' own memory.
    if candidate.isPrivate { privateBytes = max(privateBytes, Arena.place(&inner)) }
    for storage in inner { storages[storage.tensor] = storage }
  }
  for tensor in all where owner[tensor] == nil && storages[tensor] == nil {
    let shape = graph[tensor].shape
    var before = halos.before[tensor] ?? [Int](repeating: 0, count: shape.rank)
    var after = halos.after[tensor] ?? [Int](repeating: 0, count: shape.rank)
    var fill = halos.fill[tensor] ?? 0
    var isDense = halos.dense[tensor] != nil
    if let value = schedule.inPlace[tensor] {
      isDense = isDense || halos.dense[value] != nil
      before = zip(before, halos.before[value] ?? before).map { max($0, $1) }
      after = zip(after, halos.after[value] ?? after).map { max($0, $1) }
      fill = halos.fill[value] ?? fill
    }
    var storage = Storage(
      tensor, graph[tensor].type, before: before, after: after, fill: fill,
      startsRowsOnLines: !isDense)
    if !isDense, let places = tiles[tensor] { storage.spreadTiles(places) }
    storages[tensor] = storage
  }
  regions.sort { $0.kernels.lowerBound < $1.kernels.lowerBound }
  setLifetimes(&storages, uses, schedule.preparedCount, regions, graph, views, owner)
  var list = storages.values.filter { !$0.isPrivate }.sorted { $0.tensor < $1.tensor }
  let bytes = Arena.place(&list)
  for storage in list { storages[storage.tensor] = storage }
  for (value, input) in owner { storages[value] = storages[input] }
  return Program(
    graph: graph, kernels: kernels, storages: storages, arenaBytes: bytes,
    privateBytes: privateBytes,
    preparedCount: schedule.preparedCount, fixed: schedule.fixed, regions: regions,
    needsBarrier: barriers(uses, storages, regions),
    outputNodes: Dictionary(
      uniqueKeysWithValues: graph.outputs.map { ($0.name, views.root($0.node)) }))
}

/// Tensors of tiles, each axis of a tile one of their first dimensions: what transforms make and take.
/// How many these are, by tensor.
private func tilesOfTransforms(_ graph: Graph) -> [NodeID: Int] {
  var result: [NodeID: Int] = [:]
  for id in graph.ids {
    guard case .tileTransform(let transform) = graph[id].op else { continue }
    func places(_ map: [AffineExpression], _ tile: [Axis]) -> Int? {
      let own = tile.indices.map { transform.axes.count + $0 }
      return map.prefix(own.count).map(\.soleAxis) == own ? own.count : nil
    }
    if let count = places(transform.output, transform.outputTile) { result[id] = count }
    if let count = places(transform.input, transform.inputTile),
      let source = graph[id].operands.first
    {
      result[source] = count
    }
  }
  return result
}

private func copyKernel(
  _ update: Graph.Update, _ graph: Graph, _ views: Views, _ names: inout Set<String>
) -> Kernel {
  let shape = graph[update.input].shape
  let axes = shape.extents.enumerated().map { Axis("d\($0)", $1) }
  let map = shape.extents.indices.map { AffineExpression.axis($0) }
  let element = graph[update.input].type.element
  let nest = LoopNest(
    axes: axes, outputRank: axes.count, reduction: .none, factors: [], position: .constant(0),
    values: [.read(views.access(update.value, map, extents: shape.extents))],
    stores: [
      .init(
        value: 0,
        access: TensorAccess(
          tensor: update.input, name: update.input, view: shape, map: map, element: element))
    ])
  return Kernel(
    name: unique("update_copy", &names), label: "update", nodes: [], nests: [nest])
}
