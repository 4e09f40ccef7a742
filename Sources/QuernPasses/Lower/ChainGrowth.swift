import QuernGraph

/// Lets kernels before and after chains join them, where they take pictures one by one too: a pooling
/// then reads what a convolution has just written, and a transform what the gradient of a pooling has.
/// They find it in the cache, and what nobody else reads never goes to memory.
///
/// Products do not join: on a few pictures at a time they would read all weights again for little work.
struct ChainGrowth {
  private let graph: Graph
  private let kernels: [Kernel]
  /// For each kernel, those that read its results, and those whose results it reads.
  private var after: [[Int]]
  private var before: [[Int]]
  private(set) var chains: [Chain]
  /// The chain each kernel belongs to.
  private var chainOf: [Int?]

  init(_ chains: [Chain], _ graph: Graph, kernels: [Kernel]) {
    self.graph = graph
    self.kernels = kernels
    self.chains = chains
    var writer: [NodeID: Int] = [:]
    for (index, kernel) in kernels.enumerated() {
      for store in kernel.writes { writer[store.tensor] = index }
    }
    before = kernels.enumerated().map { index, kernel in
      Set(kernel.reads.compactMap { writer[$0.tensor] }).subtracting([index]).sorted()
    }
    after = Array(repeating: [], count: kernels.count)
    for (index, sources) in before.enumerated() {
      for source in sources { after[source].append(index) }
    }
    chainOf = Array(repeating: nil, count: kernels.count)
    for (number, chain) in chains.enumerated() {
      for member in chain.members { chainOf[member] = number }
    }
  }

  /// A kernel that could join a chain.
  private struct Candidate {
    var kernel: Int
    var chain: Int
    /// Of the kernel, over pictures.
    var axis: Int
    /// Whether the chain reads what it writes, or else the other way round.
    var comesFirst: Bool
    /// What they hand to each other.
    var bytes: Int
  }

  /// Lets kernels join as long as one can, those first that hand over most.
  ///
  /// - Parameter kept: tensors that must lie in memory as a whole.
  mutating func grow(keeping kept: Set<NodeID>) {
    var candidates = chains.indices.flatMap { self.candidates(chain: $0) }
    while let next = candidates.max(by: { ($0.bytes, $1.kernel) < ($1.bytes, $0.kernel) }) {
      let (kernel, chain) = (next.kernel, next.chain)
      guard !isLinkedByOthers(kernel, chain) else {
        candidates.removeAll { ($0.kernel, $0.chain) == (kernel, chain) }
        continue
      }
      chainOf[kernel] = chain
      chains[chain].members.insert(
        kernel, at: next.comesFirst ? 0 : chains[chain].members.count)
      chains[chain].axes[kernel] = PictureAxes(axis: next.axis)
      candidates.removeAll { $0.kernel == kernel || $0.chain == chain }
      candidates += self.candidates(chain: chain)
    }
    for number in chains.indices { keepInside(number, except: kept) }
  }

  private func candidates(chain number: Int) -> [Candidate] {
    let chain = chains[number]
    guard chain.isPrivate, chain.parts == 1 else { return [] }
    let earlier = Set(chain.members.flatMap { before[$0] })
    let later = Set(chain.members.flatMap { after[$0] })
    return earlier.symmetricDifference(later).subtracting(chain.members).sorted().compactMap {
      guard chainOf[$0] == nil, kernels[$0].multiplyAdds == 0 else { return nil }
      return candidate($0, number, comesFirst: earlier.contains($0))
    }
  }

  /// nil where the kernel does not take pictures as the chain does.
  private func candidate(_ index: Int, _ number: Int, comesFirst: Bool) -> Candidate? {
    let chain = chains[number]
    let kernel = kernels[index]
    let (writers, readers) = comesFirst ? ([index], chain.members) : (chain.members, [index])
    let handed = Set(writers.flatMap { kernels[$0].writes.map(\.tensor) })
      .intersection(readers.flatMap { kernels[$0].reads.map(\.tensor) })
    var axes: Set<Int> = []
    var bytes = 0
    for tensor in handed {
      guard let dimension = dimension(ofPicturesIn: tensor, chain) else { return nil }
      bytes += graph[tensor].type.byteCount
      for piece in kernel.pieces {
        for access in piece.reads + piece.stores.map(\.access) where access.tensor == tensor {
          guard hasPictures(access, dimension, chain.pictures),
            let axis = access.map[dimension].soleAxis
          else { return nil }
          axes.insert(axis)
        }
      }
    }
    guard axes.count == 1, let axis = axes.first,
      kernel.pieces.allSatisfy({ piece in
        axis < piece.outputRank && piece.axes[axis].extent == chain.pictures
          && piece.stores.allSatisfy { $0.access.map.contains { $0.soleAxis == axis } }
      })
    else { return nil }
    return Candidate(
      kernel: index, chain: number, axis: axis, comesFirst: comesFirst, bytes: bytes)
  }

  /// Where the members of a chain find the pictures of a tensor; nil where they do not take it picture
  /// by picture.
  private func dimension(ofPicturesIn tensor: NodeID, _ chain: Chain) -> Int? {
    var found: Set<Int?> = []
    for member in chain.members {
      let accesses = kernels[member].reads + kernels[member].writes
      for access in accesses where access.tensor == tensor {
        found.insert(
          access.map.indices.first { dimension in
            access.map[dimension].soleAxis == chain.axes[member]?.axis
              && hasPictures(access, dimension, chain.pictures)
          })
      }
    }
    return found.count == 1 ? found.first ?? nil : nil
  }

  /// Whether a dimension counts pictures, whatever shape the tensor is read in.
  private func hasPictures(_ access: TensorAccess, _ dimension: Int, _ pictures: Int) -> Bool {
    dimension < access.map.count && access.view[dimension] == pictures
      && graph[access.tensor].shape[dimension] == pictures
      && (dimension == 0 || access.view == graph[access.tensor].shape)
  }

  /// Whether a way leads from the kernel to the chain, or back, by way of others: these would have to
  /// run in the middle of the chain.
  private func isLinkedByOthers(_ kernel: Int, _ chain: Int) -> Bool {
    var visited = [Bool](repeating: false, count: kernels.count)
    /// A kernel stands for all of its chain.
    func together(_ kernel: Int) -> [Int] { chainOf[kernel].map { chains[$0].members } ?? [kernel] }
    func reaches(_ goal: [Int], from start: [Int], besides known: [Int]) -> Bool {
      visited = Array(repeating: false, count: kernels.count)
      var pending = start.flatMap { after[$0] }.filter { !known.contains($0) }
      while let next = pending.popLast() {
        if goal.contains(next) { return true }
        for other in together(next) where !visited[other] {
          visited[other] = true
          pending += after[other]
        }
      }
      return false
    }
    let members = chains[chain].members
    return reaches(members, from: [kernel], besides: members)
      || reaches([kernel], from: members, besides: members + [kernel])
  }

  /// Tensors that only the chain's members read become their own.
  private mutating func keepInside(_ number: Int, except kept: Set<NodeID>) {
    let chain = chains[number]
    guard chain.isPrivate, chain.parts == 1 else { return }
    for member in chain.members where after[member].allSatisfy({ chainOf[$0] == number }) {
      for tensor in Set(kernels[member].writes.map(\.tensor)).subtracting(kept)
      where chain.inner[tensor] == nil {
        chains[number].inner[tensor] = dimension(ofPicturesIn: tensor, chain)
      }
    }
  }
}
