import QuernGraph

/// From the first write to the last use; inputs, outputs, halos and what is prepared keep their places
/// for good. What a section uses it uses to its end, since it starts again.
func setLifetimes(
  _ storages: inout [NodeID: Storage], _ uses: [TensorUse], _ preparedCount: Int,
  _ regions: [Region], _ graph: Graph, _ views: Views, _ owner: [NodeID: NodeID]
) {
  let whole = -1...uses.count
  var spans: [NodeID: (Int, Int)] = [:]
  let regionAt = regions.byPosition(count: uses.count)
  for (position, use) in uses.enumerated() {
    let region = regionAt[position]?.kernels
    let (from, through) =
      region.map { ($0.lowerBound, $0.upperBound - 1) } ?? (position, position)
    for tensor in use.all {
      let tensor = owner[tensor] ?? tensor
      let known = spans[tensor] ?? (from, through)
      spans[tensor] = (min(known.0, from), max(known.1, through))
    }
  }
  let outputs = Set(graph.outputs.map { owner[views.root($0.node)] ?? views.root($0.node) })
  let inputs = Set(graph.inputs.map(\.id))
  let prepared = Set(uses[..<preparedCount].flatMap(\.writes))
  for (tensor, storage) in storages {
    let lasting =
      outputs.contains(tensor) || inputs.contains(tensor) || storage.hasHalo
      || prepared.contains(tensor)
    if lasting {
      storages[tensor]?.lifetime = whole
    } else if let span = spans[tensor] {
      storages[tensor]?.lifetime = span.0...span.1
    }
  }
}
