import QuernGraph

/// Kernels that run one after the other on a few examples at a time, again and again until all are
/// done, so that what they hand to each other stays in the cache.
///
/// The transformed tiles of a whole batch are several times as large as its examples, and these larger
/// than a core's cache. Writing them to memory and reading them back would take longer than a pooling, and
/// than the products between two transforms.
public struct Region: Hashable, Sendable {
  /// Positions in the program's order.
  public var kernels: Range<Int>
  /// How often they run.
  public var chunks: Int
  /// Whether each thread takes its own chunks through all kernels, and what these hand to each other
  /// is its own: threads need not meet before the end. Else all threads share each chunk.
  public var isPrivate: Bool

  public init(kernels: Range<Int>, chunks: Int, isPrivate: Bool = false) {
    self.kernels = kernels
    self.chunks = chunks
    self.isPrivate = isPrivate
  }
}

extension [Region] {
  /// For each position in the order of kernels, the region that it belongs to.
  func byPosition(count: Int) -> [Region?] {
    var result = [Region?](repeating: nil, count: count)
    for region in self {
      for position in region.kernels { result[position] = region }
    }
    return result
  }
}

/// How a nest goes over examples: by one axis, or in parts by two.
struct BatchAxes: Equatable {
  var axis: Int
  var part: Int?
}

/// What a region is made from, before kernels have their order.
struct RegionCandidate {
  /// Indices of kernels, in the order of their dependences.
  var members: [Int]
  /// Tensors that no one else reads, and their dimension of examples.
  var inner: [NodeID: Int]
  /// By member, the axes of its nests that run over examples.
  var axes: [Int: BatchAxes]
  /// Examples in all.
  var examples: Int
  /// Parts in which sums over examples are kept, as many examples each.
  var parts: Int
  /// Examples at a time; no chunk belongs to two parts.
  var size: Int
  /// See ``Region/isPrivate``.
  var isPrivate: Bool

  var chunks: Int { examples / size }
}

extension RegionCandidate {
  /// The candidates around products of transformed tiles: transform, multiply, transform back; or, for a
  /// filter's gradient, transform twice and add up products.
  static func find(
    _ graph: Graph, kernels: [Kernel], groupOf: [NodeID: Int], _ limits: RegionLimits, threads: Int
  ) -> [RegionCandidate] {
    let roots = Set(graph.roots)
    let users = graph.users
    return graph.ids.compactMap { product in
      guard case .contraction = graph[product].op, let middle = groupOf[product] else { return nil }
      var inner: [NodeID: Int] = [:]
      var members: [Int] = []
      for operand in graph[product].operands
      where users[operand.index] == [product] {
        guard let kernel = groupOf[operand], !roots.contains(operand),
          case .tileTransform(let transform) = graph[operand].op,
          let dimension = examples(transform)
        else { continue }
        inner[operand] = dimension
        members.append(kernel)
      }
      guard !members.isEmpty else { return nil }
      members.append(middle)
      if !roots.contains(product), users[product.index].count == 1,
        let user = users[product.index].first,
        case .tileTransform(let transform) = graph[user].op, transform.outputShape.rank == 4,
        let axis = transform.output[0].soleAxis,
        let dimension = transform.input.firstIndex(where: { $0.soleAxis == axis }),
        transform.outputShape[0] == graph[product].shape[dimension],
        let last = groupOf[user]
      {
        inner[product] = dimension
        members.append(last)
      }
      return RegionCandidate(
        graph, kernels, product: product, members: members, inner: inner, limits,
        threads: threads)
    }
  }

  /// The dimension of examples of transformed tiles: where the operand's first index goes to.
  private static func examples(_ transform: TileTransform) -> Int? {
    guard transform.input.count == 4, let axis = transform.input[0].soleAxis,
      transform.input[1].terms.count == 2, transform.input[2].terms.count == 2
    else { return nil }
    return transform.output.firstIndex { $0.soleAxis == axis }
  }

  /// nil where examples cannot be told apart, or all are done at once anyway.
  private init?(
    _ graph: Graph, _ kernels: [Kernel], product: NodeID, members: [Int], inner: [NodeID: Int],
    _ limits: RegionLimits, threads: Int
  ) {
    guard let (tensor, dimension) = inner.first,
      case .contraction(let contraction) = graph[product].op
    else { return nil }
    let examples = graph[tensor].shape[dimension]
    self.members = members
    self.inner = inner
    self.examples = examples
    axes = [:]
    parts = 1
    for member in members {
      guard let found = Self.axes(kernels[member], inner, examples) else { return nil }
      axes[member] = found
      if let part = found.part, let nest = kernels[member].nests.first {
        parts = nest.axes[part].extent
      }
    }
    let bytes = inner.keys.reduce(0) { $0 + graph[$1].type.byteCount }
    let rows = graph[tensor].shape[dimension + 1] * graph[tensor].shape[dimension + 2]
    let addsUp = inner[product] == nil
    (size, isPrivate) = limits.choose(
      examples: examples, bytesEach: bytes / examples, tilesEach: rows,
      productsEach: contraction.multiplyAdds / examples, parts: addsUp ? parts : nil,
      threads: threads)
    guard chunks > 1 else { return nil }
  }

  /// The axes by which a kernel goes over the examples of the inner tensors.
  private static func axes(
    _ kernel: Kernel, _ inner: [NodeID: Int], _ examples: Int
  ) -> BatchAxes? {
    var found: BatchAxes?
    for nest in kernel.nests {
      for access in nest.accesses {
        guard let dimension = inner[access.tensor] else { continue }
        guard access.map.count > dimension else { return nil }
        guard let axes = axes(access.map[dimension], nest), axes == found ?? axes else {
          return nil
        }
        found = axes
      }
    }
    guard let found else { return nil }
    for nest in kernel.nests {
      let parts = found.part.map { nest.axes[$0].extent } ?? 1
      guard parts * nest.axes[found.axis].extent == examples else { return nil }
      // Sums over chunks are added up in memory: nothing else may be made of them on the way.
      guard found.axis < nest.outputRank || nest.values == [.accumulator] else { return nil }
    }
    return found
  }

  /// The axis that an index is; or, where it is part · n + k, both.
  private static func axes(_ index: AffineExpression, _ nest: TensorNest) -> BatchAxes? {
    if let axis = index.soleAxis { return BatchAxes(axis: axis) }
    guard index.terms.count == 2, index.offset == 0, index.divisor == 1 else { return nil }
    let (part, within) = (index.terms[0], index.terms[1])
    guard within.coefficient == 1, part.coefficient == nest.axes[within.axis].extent,
      part.axis < nest.outputRank, within.axis >= nest.outputRank
    else { return nil }
    return BatchAxes(axis: within.axis, part: part.axis)
  }

  /// What the members hand to each other, alive from the first member that has to do with it to the last.
  ///
  /// - Parameters:
  ///   - kernels: the members'.
  ///   - places: of tensors of tiles, see ``Storage/spreadTiles(_:)``.
  func storages(_ graph: Graph, _ kernels: [Kernel], places: [NodeID: Int]) -> [Storage] {
    var lives: [NodeID: ClosedRange<Int>] = [:]
    for (position, kernel) in kernels.enumerated() {
      for access in kernel.reads + kernel.writes where inner[access.tensor] != nil {
        lives[access.tensor] = (lives[access.tensor]?.lowerBound ?? position)...position
      }
    }
    return inner.sorted { $0.key < $1.key }.map { tensor, dimension in
      let whole = graph[tensor].type
      var extents = whole.shape.extents
      extents[dimension] = size
      var storage = Storage(
        tiles: tensor, TensorType(whole.element, Shape(extents)), places: places[tensor] ?? 2,
        isPrivate: isPrivate)
      storage.lifetime = lives[tensor] ?? storage.lifetime
      return storage
    }
  }

  /// The member kernels with their examples counted from the present chunk's first.
  func cut(_ kernel: Kernel, _ member: Int) -> Kernel {
    guard let found = axes[member] else { return kernel }
    var result = kernel
    result.nests = kernel.nests.map { cut($0, found) }
    return result
  }

  /// The chunk becomes axis 0 of the nest, in place of the part if there is one.
  private func cut(_ nest: TensorNest, _ found: BatchAxes) -> TensorNest {
    var nest = nest
    let axis = found.axis
    var moved: [Int: AffineExpression] = [:]
    for number in nest.axes.indices {
      moved[number] = .axis(found.part.map { $0 < number ? number : number + 1 } ?? number + 1)
    }
    let chunksPerPart = chunks / parts
    if let part = found.part {
      moved[part] = AffineExpression([(0, 1)], divisor: chunksPerPart)
    }
    var spread = moved
    let within = moved[axis] ?? .axis(axis + 1)
    spread[axis] = AffineExpression([(0, size)] + within.terms.map { ($0.axis, $0.coefficient) })
    func access(_ access: TensorAccess) -> TensorAccess {
      var result = access
      if let dimension = inner[access.tensor] {
        result.map = access.map.map { $0.substituting(moved) }
        result.map[dimension] = within
        var extents = access.view.extents
        extents[dimension] = size
        result.view = Shape(extents)
      } else {
        result.map = access.map.map { $0.substituting(spread) }
      }
      return result
    }
    if axis >= nest.outputRank, chunksPerPart > 1 { nest.chunksPerSum = chunksPerPart }
    nest.axes[axis].extent = size
    if let part = found.part { nest.axes.remove(at: part) }
    nest.axes.insert(LoopAxis("chunk", chunks, .region), at: 0)
    nest.accesses = nest.accesses.map(access)
    nest.indices = nest.indices.map { $0.substituting(spread) }
    nest.position = nest.position.substituting(spread)
    return nest
  }
}
