import QuernGraph
import QuernMachine

/// Ordered kernels with a storage for every tensor that lies in memory: how its elements lie, when it is
/// needed, in which space. Where it lies is still open.
package struct LaidOutKernels: Sendable {
  let source: OrderedKernels
  /// What each kernel reads and writes.
  package let uses: [TensorUse]
  /// By tensor. What is updated in place has its input's.
  package private(set) var storages: [NodeID: Storage] = [:]
  /// The tensors of each region that are its own, in ``storages``.
  private(set) var inner: [[NodeID]] = []
  package private(set) var regions: [Region] = []
  /// For a value that is written in place, the input whose storage it takes.
  let owner: [NodeID: NodeID]

  package var graph: Graph { source.graph }
  package var kernels: [Kernel] { source.kernels }
  private var halos: HaloAnalysis { source.source.halos }

  package init(_ source: OrderedKernels, _ tuning: Tuning.Storage) {
    self.source = source
    uses = source.kernels.map(TensorUse.init)
    owner = Dictionary(uniqueKeysWithValues: source.order.inPlace.map { ($1, $0) })
    let tiles = Self.tilesOfTransforms(source.graph)
    addRegions(tiles)
    for tensor in Set(uses.flatMap(\.all) + graph.inputs.map(\.id))
    where owner[tensor] == nil && storages[tensor] == nil {
      storages[tensor] = storage(tensor, tiles, tuning)
    }
    setLifetimes(
      &storages, uses, source.order.preparedCount, regions, graph, source.source.source.views, owner
    )
  }

  /// Regions, and storages for what their kernels hand to each other.
  private mutating func addRegions(_ tiles: [NodeID: Int]) {
    for candidate in source.source.regions {
      guard let start = source.order.order.firstIndex(of: candidate.members[0]) else { continue }
      let region = Region(
        kernels: start..<start + candidate.members.count, chunks: candidate.chunks,
        isPrivate: candidate.isPrivate)
      regions.append(region)
      let own = candidate.storages(graph, Array(source.kernels[region.kernels]), places: tiles)
      inner.append(own.map(\.tensor))
      for storage in own { storages[storage.tensor] = storage }
    }
  }

  private func storage(
    _ tensor: NodeID, _ tiles: [NodeID: Int], _ tuning: Tuning.Storage
  ) -> Storage {
    let none = [Int](repeating: 0, count: graph[tensor].shape.rank)
    var before = halos.before[tensor] ?? none
    var after = halos.after[tensor] ?? none
    var fill = halos.fill[tensor] ?? 0
    var isDense = halos.dense[tensor] != nil
    if let value = source.order.inPlace[tensor] {
      isDense = isDense || halos.dense[value] != nil
      before = zip(before, halos.before[value] ?? before).map { max($0, $1) }
      after = zip(after, halos.after[value] ?? after).map { max($0, $1) }
      fill = halos.fill[value] ?? fill
    }
    var storage = Storage(
      tensor, graph[tensor].type, before: before, after: after, fill: fill,
      minPaddedRow: isDense ? nil : tuning.minPaddedRow)
    if !isDense, let places = tiles[tensor] { storage.spreadTiles(places) }
    return storage
  }

  /// Tensors of tiles, each axis of a tile one of their first dimensions: what transforms make and take.
  /// How many these are, by tensor.
  private static func tilesOfTransforms(_ graph: Graph) -> [NodeID: Int] {
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
}

extension LaidOutKernels {
  /// Gives every storage its place.
  package func placed() -> Program {
    var storages = storages
    var privateBytes = 0
    for (region, tensors) in zip(regions, inner) where region.isPrivate {
      // Regions run one after the other, so that they can share threads' own memory.
      var own = tensors.compactMap { storages[$0] }
      privateBytes = max(privateBytes, Arena.place(&own))
      for storage in own { storages[storage.tensor] = storage }
    }
    var list = storages.values.filter { !$0.isPrivate }.sorted { $0.tensor < $1.tensor }
    let bytes = Arena.place(&list)
    for storage in list { storages[storage.tensor] = storage }
    for (value, input) in owner { storages[value] = storages[input] }
    let sorted = regions.sorted { $0.kernels.lowerBound < $1.kernels.lowerBound }
    let views = source.source.source.views
    return Program(
      graph: graph, kernels: source.kernels, storages: storages, arenaBytes: bytes,
      privateBytes: privateBytes, preparedCount: source.order.preparedCount,
      fixed: source.order.fixed, regions: sorted,
      needsBarrier: barriers(uses, storages, sorted),
      outputNodes: Dictionary(
        uniqueKeysWithValues: graph.outputs.map { ($0.name, views.root($0.node)) }))
  }
}
