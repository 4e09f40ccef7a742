import QuernErrors
import QuernGraph

// Checks of the forms between graph and program. A form that fails one is a defect of a pass.

extension ViewedGraph {
  /// The graph is sound, and only reshapes are copies of that kind.
  package func verify() throws {
    try graph.verify()
    for id in copied where !graph.nodes.indices.contains(id.index) || graph[id].op != .reshape {
      throw defect("\(id)", "it is marked as a copy, and is no reshape")
    }
  }
}

extension FusedGraph {
  /// Every node that is computed belongs to one group, or is computed where it is read. (Whether groups wait for
  /// each other in a circle shows when kernels are put in order.)
  package func verify() throws {
    try views.verify()
    var groupOf: [NodeID: Int] = [:]
    for (number, group) in nonEmpty.enumerated() {
      for id in group.nodes where groupOf.updateValue(number, forKey: id) != nil {
        throw defect("\(id)", "it belongs to two groups")
      }
      guard group.root.map(group.nodes.contains) ?? true else {
        throw defect("group \(number)", "its root is none of its nodes")
      }
    }
    for id in inlined where groupOf[id] != nil {
      throw defect("\(id)", "it is computed where it is read, and in a group")
    }
    let graph = views.graph
    for id in graph.ids {
      switch graph[id].op {
      case .input, .constant, .iota: continue
      case .reshape where !views.copied.contains(id): continue
      default: break
      }
      guard groupOf[id] != nil || inlined.contains(id) else {
        throw defect("\(id)", "it belongs to no group")
      }
    }
  }
}

extension KernelGraph {
  /// Nests refer to what there is, kernels have the origins of their nodes, and every tensor that is stored is stored whole, once.
  package func verify() throws { try verifyKernels(kernels, in: fusion.views) }
}

extension HaloedKernels {
  /// Nothing is read outside a tensor but where it has a halo.
  package func verify() throws {
    try source.verify()
    for kernel in source.kernels {
      for nest in kernel.nests {
        for access in nest.accesses {
          try verify(access, nest, kernel.name)
        }
      }
    }
  }

  private func verify(_ access: TensorAccess, _ nest: TensorNest, _ name: String) throws {
    let shape = source.graph[access.tensor].shape
    let extents = nest.axes.map(\.extent)
    let none = [Int](repeating: 0, count: shape.rank)
    for (dimension, index) in access.map.enumerated() {
      let bounds = index.bounds(extents: extents)
      let isFlat = access.view != shape
      let before = isFlat ? 0 : (halos.before[access.tensor] ?? none)[dimension]
      let after = isFlat ? 0 : (halos.after[access.tensor] ?? none)[dimension]
      guard bounds.lowerBound >= -before, bounds.upperBound < access.view[dimension] + after else {
        throw defect(
          name,
          "it touches \(access.tensor) at \(bounds) of dimension \(dimension), which has "
            + "\(access.view[dimension]) positions and a halo of \(before) and \(after)")
      }
    }
  }
}

extension RegionGraph {
  /// No kernel belongs to two regions, or to one and to those before the first step.
  package func verify() throws {
    try HaloedKernels(source: source, halos: halos).verify()
    var seen: Set<Int> = []
    for region in regions {
      for member in region.members {
        let name = source.kernels[member].name
        guard seen.insert(member).inserted else { throw defect(name, "it is in two regions") }
        guard !preparation.kernels.contains(member) else {
          throw defect(name, "it is in a region, and runs before the first step")
        }
      }
      guard region.examples % region.size == 0, region.members.count > 1 else {
        throw defect(
          "region", "\(region.size) of \(region.examples) examples, \(region.members.count) kernels"
        )
      }
    }
  }
}

extension OrderedKernels {
  /// Each kernel runs once, after those whose results it reads; regions' kernels follow each other.
  package func verify() throws {
    let count = source.source.kernels.count
    guard order.order.sorted() == Array(0..<count) else {
      throw defect("order", "it is no permutation of \(count) kernels")
    }
    var position = [Int](repeating: 0, count: count)
    for (place, kernel) in order.order.enumerated() { position[kernel] = place }
    for (kernel, others) in source.dependences.before.enumerated() {
      for other in others where position[other] >= position[kernel] {
        throw defect(
          source.source.kernels[kernel].name,
          "it runs before \(source.source.kernels[other].name), whose result it reads")
      }
    }
    for region in source.regions {
      let places = region.members.map { position[$0] }
      guard places == Array(places[0]..<places[0] + places.count) else {
        throw defect("region", "its kernels do not follow each other: \(places)")
      }
    }
    try verifyNests(kernels)
    try verifyOrigins(kernels, in: graph)
  }
}

extension LaidOutKernels {
  /// Every tensor that a kernel touches has a storage that holds it.
  package func verify() throws {
    try source.verify()
    for (kernel, use) in zip(source.kernels, uses) {
      for tensor in use.all where storages[owner[tensor] ?? tensor] == nil {
        throw defect(kernel.name, "\(tensor), which it touches, has no storage")
      }
    }
    for (tensor, storage) in storages { try verifyStorage(storage, tensor) }
  }
}

/// Checks that strides keep a storage's elements apart and inside it.
func verifyStorage(_ storage: Storage, _ tensor: NodeID) throws {
  var room = storage.type.element.byteCount
  let order = storage.strides.indices.sorted { storage.strides[$0] < storage.strides[$1] }
  for dimension in order where storage.type.shape[dimension] > 1 {
    guard storage.strides[dimension] >= room else {
      throw defect("\(tensor)", "its strides \(storage.strides) make elements share a place")
    }
    room =
      storage.strides[dimension]
      * (storage.type.shape[dimension] + storage.before[dimension] + storage.after[dimension])
  }
  var (low, high) = (storage.origin, storage.origin)
  for (dimension, stride) in storage.strides.enumerated() {
    low -= stride * storage.before[dimension]
    high += stride * (storage.type.shape[dimension] - 1 + storage.after[dimension])
  }
  guard low >= 0, high + storage.type.element.byteCount <= storage.byteCount else {
    throw defect(
      "\(tensor)", "its elements lie at \(low)…\(high) of \(storage.byteCount) bytes")
  }
}

func defect(_ place: String, _ problem: String) -> QuernError {
  QuernError(place, problem, remedy: "report this as a defect")
}
