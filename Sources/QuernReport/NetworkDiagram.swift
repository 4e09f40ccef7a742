import QuernDrawing
import QuernErrors
import QuernGraph
import QuernLayers

/// A network's layers as boxes from top to bottom, branches side by side. What is connected is read
/// off the graph.
public struct NetworkDiagram {
  package struct Box {
    /// Of the layer and of the activations behind it.
    package var names: [String]
    package var kind: String
    /// Without the batch.
    package var shape: [Int]
    package var parameters: Int
    /// Numbers of the boxes it reads, ascending.
    package var sources: [Int]
    /// Longest way from the input.
    package var depth = 0
  }

  /// The first is the input.
  package let boxes: [Box]

  /// - Throws: `QuernError` as `Network.build` does.
  public init(_ network: Network) throws(QuernError) {
    // In training mode, since dropout is nothing in the other.
    let built = try network.build(batch: 1, mode: .training, in: GraphBuilder())
    boxes = Self.boxes(built)
  }

  /// Layers that change each number by itself: they are written into the box before them.
  private static let activations: Set<String> = [
    "ReLU", "LeakyReLU", "GELU", "Tanh", "ScaledTanh", "Sigmoid", "Softmax", "Dropout",
  ]

  private static func boxes(_ built: BuiltNetwork) -> [Box] {
    let graph = built.builder.graph
    var boxes = [
      Box(
        names: ["input"], kind: "input", shape: built.network.input.extents, parameters: 0,
        sources: [])
    ]
    var boxOfNode = [built.input.id: 0]
    // A layer that holds others ends with its last one's node, and a layer that changes nothing with
    // its input's: neither gets a box.
    var records: [LayerRecord] = []
    var sources: [[NodeID]] = []
    var ends: Set<NodeID> = [built.input.id]
    for record in built.layers where ends.insert(record.node).inserted {
      records.append(record)
      sources.append(Self.sources(of: record.node, among: ends, in: graph))
    }
    var readers: [NodeID: Int] = [:]
    for source in sources.joined() { readers[source, default: 0] += 1 }
    for (record, sources) in zip(records, sources) {
      if activations.contains(record.kind), record.parameterCount == 0, sources.count == 1,
        readers[sources[0]] == 1, let box = boxOfNode[sources[0]], box > 0
      {
        boxes[box].names.append(record.name)
        boxOfNode[record.node] = box
        continue
      }
      let from = Set(sources.compactMap { boxOfNode[$0] }).sorted()
      boxOfNode[record.node] = boxes.count
      boxes.append(
        Box(
          names: [record.name], kind: record.kind,
          shape: Array(record.outputShape.extents.dropFirst()), parameters: record.parameterCount,
          sources: from, depth: (from.map { boxes[$0].depth }.max() ?? -1) + 1))
    }
    return boxes
  }

  /// The layers' ends that a node is computed from, without other ends between.
  private static func sources(
    of node: NodeID, among ends: Set<NodeID>, in graph: Graph
  ) -> [NodeID] {
    var found: Set<NodeID> = []
    var seen: Set<NodeID> = []
    var open = graph[node].operands
    while let next = open.popLast() {
      guard seen.insert(next).inserted else { continue }
      if ends.contains(next) { found.insert(next) } else { open += graph[next].operands }
    }
    return found.sorted()
  }

  public var diagram: Diagram {
    var diagram = Diagram()
    let items = boxes.enumerated().map { Self.item($1, id: String($0)) }
    let depths = (boxes.map(\.depth).max() ?? 0) + 1
    let layers = (0..<depths).map { depth in items.indices.filter { boxes[$0].depth == depth } }
    diagram.addLayers(layers.map { $0.map { items[$0] } }, .downward, gap: 26, spacing: 26)
    let widths = diagram.items.map { $0.bounds.width }
    for (number, box) in boxes.enumerated() {
      for source in box.sources {
        // What passes other boxes goes round them.
        let isLong = box.depth - boxes[source].depth > 1
        diagram.connect(
          String(source), to: String(number), bend: isLong ? (widths.max() ?? 0) / 2 + 24 : 0)
      }
    }
    return diagram
  }

  private static func item(_ box: Box, id: String) -> Diagram.Item {
    // Of activations in the same scope the last part of the name is enough.
    let scope = box.names[0].lastIndex(of: ".").map { box.names[0][...$0] } ?? ""
    let names =
      box.names.prefix(1)
      + box.names.dropFirst().map {
        $0.hasPrefix(scope) ? String($0.dropFirst(scope.count)) : $0
      }
    var lines = [names.joined(separator: " + "), ReportText.product(box.shape)]
    if box.parameters > 0 { lines.append(ReportText.counted(box.parameters, "parameter")) }
    let fill: Color =
      switch box.kind {
      case "Conv2D", "DepthwiseConv2D": Color(0xdbe8f3)
      case "Dense": Color(0xfde8d0)
      case let kind where kind.hasSuffix("Pool"): Color(0xdcefe4)
      case "BatchNorm", "LayerNorm": Color(0xf3e3ee)
      default: .paleGray
      }
    return Diagram.Item(id, lines, fill: fill)
  }
}
