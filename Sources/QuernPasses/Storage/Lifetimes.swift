import QuernGraph

/// Gives each storage its space and its lifetime: scratch is needed from the first write to the last use,
/// all else, and what has a halo, always. A region runs several times, so it needs its tensors to its end.
/// Threads' own storages have their lifetimes already.
func setLifetimes(
  _ storages: inout [NodeID: Storage], _ uses: [TensorUse], _ preparedCount: Int,
  _ regions: [Region], _ graph: Graph, _ views: ViewedGraph, _ owner: [NodeID: NodeID]
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
  let inputs = Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0.id, $0.input.role) })
  let prepared = Set(uses[..<preparedCount].flatMap(\.writes))
  for (tensor, storage) in storages where !storage.isPrivate {
    let space = MemorySpace(
      role: inputs[tensor], isOutput: outputs.contains(tensor),
      isPrepared: prepared.contains(tensor))
    storages[tensor]?.space = space
    if space != .scratch || storage.hasHalo {
      storages[tensor]?.lifetime = whole
    } else if let span = spans[tensor] {
      storages[tensor]?.lifetime = span.0...span.1
    }
  }
}
