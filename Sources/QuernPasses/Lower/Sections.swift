import QuernGraph

/// Kernels that run one after the other on a few pictures at a time, again and again until all are
/// done, so that what they hand to each other stays in the cache.
///
/// The transformed tiles of a whole batch are several times as large as its pictures. Writing them
/// to memory and reading them back would take longer than the products between.
public struct Section: Hashable, Sendable {
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

/// What a section is made from, before kernels have their order.
struct Chain {
  /// Indices of kernels, in the order of their dependences.
  var members: [Int]
  /// Tensors that no one else reads, and their dimension of pictures.
  var inner: [NodeID: Int]
  /// By member, the axis of its pieces that runs over pictures.
  var axes: [Int: Int]
  /// Pictures in all.
  var pictures: Int
  /// Pictures at a time.
  var size: Int
  /// See ``Section/isPrivate``.
  var isPrivate: Bool

  var chunks: Int { pictures / size }
}

/// How many pictures the kernels of a section work on at a time: as few as keep the products' registers
/// busy, since what they hand to each other then stays closest.
struct ChunkSize {
  /// Bytes of the cache that all cores share: no more is handed on than it holds.
  var sharedCache: Int
  /// Multiply-adds of a chunk below which meeting between kernels would take threads too long.
  var fewestProducts: Int
  /// Among which chunks are shared out.
  var threads: Int

  /// Rows of products below which a tile of registers would be too small for the loads it takes.
  static let fewestRows = 16
  /// Chunks for each thread with which one that has a chunk more than others is not waited for long.
  static let fewestChunks = 8
  /// Terms of sums below which reading and writing them again with each chunk would take too long.
  static let fewestTerms = 64

  /// - Parameters:
  ///   - bytesEach: what kernels hand to each other for one picture.
  ///   - tilesEach: tiles of a picture, which are rows or terms.
  ///   - fewest: of those in a chunk.
  ///   - productsEach: multiply-adds of a picture.
  ///   - canBePrivate: whether threads may take chunks of their own.
  /// - Returns: a divisor of `pictures`.
  func choose(
    pictures: Int, bytesEach: Int, tilesEach: Int, fewest: Int, productsEach: Int,
    canBePrivate: Bool
  ) -> (size: Int, isPrivate: Bool) {
    func whole(_ fewestProducts: Int) -> Int {
      size(
        pictures: pictures, bytesEach: bytesEach, tilesEach: tilesEach, fewest: fewest,
        productsEach: productsEach, fewestProducts: fewestProducts)
    }
    let own = whole(0)
    if canBePrivate, pictures / own >= Self.fewestChunks * threads { return (own, true) }
    return (whole(fewestProducts), false)
  }

  private func size(
    pictures: Int, bytesEach: Int, tilesEach: Int, fewest: Int, productsEach: Int,
    fewestProducts: Int
  ) -> Int {
    var best = 1
    for size in 1...pictures where pictures % size == 0 {
      if size > 1, size * bytesEach > sharedCache { break }
      best = size
      if size * tilesEach >= fewest, size * productsEach >= fewestProducts { break }
    }
    return best
  }
}

extension Chain {
  /// The chains around products of transformed tiles: transform, multiply, transform back; or, for a
  /// filter's gradient, transform twice and add up products.
  static func find(
    _ graph: Graph, kernels: [Kernel], groupOf: [NodeID: Int], size: ChunkSize
  ) -> [Chain] {
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
          let dimension = pictures(transform)
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
        transform.outputShape[0] == graph[product].shape[2],
        let dimension = transform.input.firstIndex(where: { $0.soleAxis == axis }),
        let last = groupOf[user]
      {
        inner[product] = dimension
        members.append(last)
      }
      return Chain(
        graph, kernels, product: product, members: members, inner: inner, size: size)
    }
  }

  /// The dimension of pictures of transformed tiles: where the operand's first index goes to.
  private static func pictures(_ transform: TileTransform) -> Int? {
    guard transform.input.count == 4, let axis = transform.input[0].soleAxis,
      transform.input[1].terms.count == 2, transform.input[2].terms.count == 2
    else { return nil }
    return transform.output.firstIndex { $0.soleAxis == axis }
  }

  /// nil where pictures cannot be told apart, or all are done at once anyway.
  private init?(
    _ graph: Graph, _ kernels: [Kernel], product: NodeID, members: [Int], inner: [NodeID: Int],
    size: ChunkSize
  ) {
    guard let (tensor, dimension) = inner.first,
      case .contraction(let contraction) = graph[product].op
    else { return nil }
    let pictures = graph[tensor].shape[dimension]
    self.members = members
    self.inner = inner
    self.pictures = pictures
    axes = [:]
    for member in members {
      guard let axis = Self.axis(kernels[member], inner, pictures) else { return nil }
      axes[member] = axis
    }
    let bytes = inner.keys.reduce(0) { $0 + graph[$1].type.byteCount }
    let rows = graph[tensor].shape[dimension + 1] * graph[tensor].shape[dimension + 2]
    let addsUp = inner[product] == nil
    (self.size, isPrivate) = size.choose(
      pictures: pictures, bytesEach: bytes / pictures, tilesEach: rows,
      fewest: addsUp ? ChunkSize.fewestTerms : ChunkSize.fewestRows,
      productsEach: contraction.multiplyAdds / pictures, canBePrivate: !addsUp)
    guard chunks > 1 else { return nil }
  }

  /// The one axis by which a kernel goes over the pictures of the inner tensors.
  private static func axis(_ kernel: Kernel, _ inner: [NodeID: Int], _ pictures: Int) -> Int? {
    var found: Set<Int?> = []
    for piece in kernel.pieces {
      for access in piece.reads + piece.stores.map(\.access) {
        guard let dimension = inner[access.tensor] else { continue }
        guard access.map.count > dimension else { return nil }
        found.insert(access.map[dimension].soleAxis)
      }
    }
    guard found.count == 1, let first = found.first, let axis = first else { return nil }
    for piece in kernel.pieces {
      guard piece.axes[axis].extent == pictures else { return nil }
      // Sums over chunks are added up in memory: nothing else may be made of them on the way.
      guard axis < piece.outputRank || piece.values == [.accumulator] else { return nil }
    }
    return axis
  }

  /// The member kernels with their pictures counted from the present chunk's first.
  func cut(_ kernel: Kernel, _ member: Int) -> Kernel {
    guard let axis = axes[member] else { return kernel }
    var result = kernel
    result.pieces = kernel.pieces.map { cut($0, axis) }
    return result
  }

  /// The chunk becomes axis 0 of the piece.
  private func cut(_ piece: Piece, _ axis: Int) -> Piece {
    var piece = piece
    var moved: [Int: AffineExpression] = [:]
    for number in piece.axes.indices { moved[number] = .axis(number + 1) }
    var spread = moved
    spread[axis] = AffineExpression([(0, size), (axis + 1, 1)])
    func access(_ access: TensorAccess) -> TensorAccess {
      var result = access
      if let dimension = inner[access.tensor] {
        result.map = access.map.map { $0.substituting(moved) }
        var extents = access.view.extents
        extents[dimension] = size
        result.view = Shape(extents)
      } else {
        result.map = access.map.map { $0.substituting(spread) }
      }
      return result
    }
    piece.addsUp = axis >= piece.outputRank
    piece.axes[axis].extent = size
    piece.axes.insert(Axis("chunk", chunks), at: 0)
    piece.outputRank += 1
    piece.hasChunks = true
    for index in piece.factors.indices {
      piece.factors[index].read = access(piece.factors[index].read)
      piece.factors[index].match = piece.factors[index].match?.substituting(spread)
    }
    piece.position = piece.position.substituting(spread)
    piece.values = piece.values.map { value in
      switch value {
      case .read(let read): .read(access(read))
      case .index(let index): .index(index.substituting(spread))
      default: value
      }
    }
    piece.stores = piece.stores.map { .init(value: $0.value, access: access($0.access)) }
    return piece
  }
}
