import QuernGraph
import QuernMachine

/// Finds out which kernels can take examples one after the other through all of them, and makes candidates of
/// those that hand much to each other: a pooling then reads what a convolution has just written, and a
/// transform what the gradient of a pooling has. They find it in the cache, and what nobody else reads
/// never goes to memory.
///
/// Every kernel that takes examples one by one begins as a candidate of its own, and products with their
/// transforms as one; then two at a time become one, those first that hand over most.
struct RegionMerger {
  private let graph: Graph
  private let limits: RegionLimits
  private let threads: Int
  /// For each kernel, what it reads and writes.
  private let tensors: [KernelTensors]
  private let dependences: Dependences
  private var candidates: [RegionCandidate]
  /// The candidate each kernel belongs to.
  private var candidateOf: [Int?]

  /// - Parameters:
  ///   - products: the candidates around transformed products.
  ///   - others: kernels that belong to no candidate.
  init(
    _ products: [RegionCandidate], _ graph: Graph, kernels: [Kernel], _ dependences: Dependences,
    except others: Set<Int>, _ limits: RegionLimits, threads: Int
  ) {
    (self.graph, self.dependences, self.limits, self.threads) = (
      graph, dependences, limits, threads
    )
    var candidates = products
    var candidateOf = [Int?](repeating: nil, count: kernels.count)
    for (number, candidate) in candidates.enumerated() {
      for member in candidate.members { candidateOf[member] = number }
    }
    for (index, kernel) in kernels.enumerated()
    where candidateOf[index] == nil && !others.contains(index) {
      guard let candidate = RegionCandidate(of: kernel, index, graph, limits, threads) else {
        continue
      }
      candidateOf[index] = candidates.count
      candidates.append(candidate)
    }
    tensors = kernels.enumerated().map { index, kernel in
      KernelTensors(kernel, candidateOf[index].map { candidates[$0] }, index, graph)
    }
    (self.candidates, self.candidateOf) = (candidates, candidateOf)
  }

  /// The candidates of more than one kernel, when no two can become one any more.
  ///
  /// - Parameter kept: tensors that must lie in memory as a whole.
  mutating func merge(keeping kept: Set<NodeID>) -> [RegionCandidate] {
    var links = candidates.indices.flatMap { first in
      neighbours(first, dependences.after).compactMap { link(from: first, to: $0) }
    }
    while let next = links.indices.max(by: { links[$0].isWorthLess(than: links[$1]) }) {
      let link = links.remove(at: next)
      guard !isLinkedByOthers(link), let together = merged(link) else { continue }
      for member in candidates[link.second].members { candidateOf[member] = link.first }
      candidates[link.first] = together
      candidates[link.second].members = []
      links.removeAll { $0.touches(link.first) || $0.touches(link.second) }
      links += neighbours(link.first, dependences.after)
        .compactMap { self.link(from: link.first, to: $0) }
      links += neighbours(link.first, dependences.before)
        .compactMap { self.link(from: $0, to: link.first) }
    }
    for number in candidates.indices { keepInside(number, except: kept) }
    return candidates.filter { $0.members.count > 1 }
  }

  // MARK: Links

  /// What one candidate writes and another reads, example by example.
  private struct Link {
    var first: Int
    var second: Int
    var bytes: Int

    func touches(_ candidate: Int) -> Bool { first == candidate || second == candidate }
    func isWorthLess(than other: Link) -> Bool {
      (bytes, other.first, other.second) < (other.bytes, first, second)
    }
  }

  /// The candidates that ways from one's members lead to.
  private func neighbours(_ candidate: Int, _ ways: [Set<Int>]) -> [Int] {
    guard candidates[candidate].canMerge else { return [] }
    let others = Set(
      candidates[candidate].members.flatMap { ways[$0] }.compactMap { candidateOf[$0] })
    return others.subtracting([candidate]).sorted()
  }

  /// nil where the second candidate reads examples otherwise than the first writes them, or few of them.
  private func link(from first: Int, to second: Int) -> Link? {
    let (writer, reader) = (candidates[first], candidates[second])
    guard writer.canMerge, reader.canMerge, writer.examples == reader.examples else { return nil }
    let read = reader.members.reduce(into: Set<NodeID>()) { $0.formUnion(tensors[$1].read) }
    var bytes = 0
    for member in writer.members {
      for tensor in tensors[member].written where read.contains(tensor) {
        guard let dimension = dimension(ofExamplesIn: tensor, writer),
          dimension == self.dimension(ofExamplesIn: tensor, reader)
        else { return nil }
        bytes += graph[tensor].type.byteCount
      }
    }
    return bytes < limits.tuning.minHanded ? nil : Link(first: first, second: second, bytes: bytes)
  }

  /// Where the members of a candidate find the examples of a tensor; nil where they do not take it example
  /// by example.
  private func dimension(ofExamplesIn tensor: NodeID, _ candidate: RegionCandidate) -> Int? {
    var found: Int?
    for member in candidate.members {
      guard let dimension = tensors[member].examples[tensor] else { continue }
      guard let dimension, found == nil || found == dimension else { return nil }
      found = dimension
    }
    return found
  }

  /// Whether a way leads from one candidate to the other by way of kernels of neither: these would have to
  /// run in the middle of what becomes one.
  private func isLinkedByOthers(_ link: Link) -> Bool {
    let (start, goal) = (candidates[link.first].members, Set(candidates[link.second].members))
    let after = dependences.after
    var visited = [Bool](repeating: false, count: tensors.count)
    var pending = start.flatMap { after[$0] }.filter { !goal.contains($0) && !start.contains($0) }
    while let next = pending.popLast() {
      // A kernel stands for all of its candidate.
      for other in candidateOf[next].map({ candidates[$0].members }) ?? [next] where !visited[other]
      {
        if goal.contains(other) { return true }
        visited[other] = true
        pending += after[other]
      }
    }
    return false
  }

  // MARK: Merging

  /// nil where examples of the one are too many at a time for the other, or their weights do not fit into
  /// the cache together.
  private func merged(_ link: Link) -> RegionCandidate? {
    let (first, second) = (candidates[link.first], candidates[link.second])
    let size = max(first.size, second.size)
    guard limits.hasEnough(first.examples / size, threads) else { return nil }
    for candidate in [first, second] where candidate.size < size {
      guard bytesWritten(candidate) / candidate.examples * size <= limits.coreCache else {
        return nil
      }
    }
    let weights = [first, second].map(weightBytes)
    let handed = link.bytes / first.examples * size
    guard
      weights[0] + weights[1] <= limits.coreCache / 2
        || min(weights[0], weights[1]) * limits.tuning.handedPerWeight <= handed
    else { return nil }
    var result = first
    result.members += second.members
    result.inner.merge(second.inner) { own, _ in own }
    result.axes.merge(second.axes) { own, _ in own }
    result.size = size
    return result
  }

  private func bytesWritten(_ candidate: RegionCandidate) -> Int {
    bytes(candidate.members.reduce(into: Set()) { $0.formUnion(tensors[$1].written) })
  }

  private func weightBytes(_ candidate: RegionCandidate) -> Int {
    bytes(candidate.members.reduce(into: Set()) { $0.formUnion(tensors[$1].weights) })
  }

  private func bytes(_ tensors: Set<NodeID>) -> Int {
    tensors.reduce(0) { $0 + graph[$1].type.byteCount }
  }

  /// Tensors that only the candidate's members read become their own.
  private mutating func keepInside(_ number: Int, except kept: Set<NodeID>) {
    let candidate = candidates[number]
    guard candidate.canMerge, candidate.members.count > 1 else { return }
    for member in candidate.members
    where dependences.after[member].allSatisfy({ candidateOf[$0] == number }) {
      for tensor in tensors[member].written.subtracting(kept) where candidate.inner[tensor] == nil {
        candidates[number].inner[tensor] = dimension(ofExamplesIn: tensor, candidate)
      }
    }
  }
}

/// What a kernel reads and writes.
private struct KernelTensors {
  var read: Set<NodeID>
  var written: Set<NodeID>
  /// Where it finds the examples of each, if it takes it example by example.
  var examples: [NodeID: Int?] = [:]
  /// What it reads that is the same for all examples.
  var weights: Set<NodeID> = []

  init(_ kernel: Kernel, _ candidate: RegionCandidate?, _ index: Int, _ graph: Graph) {
    let (reads, writes) = (kernel.reads, kernel.writes)
    read = Set(reads.map(\.tensor))
    written = Set(writes.map(\.tensor))
    guard let candidate, let axis = candidate.axes[index]?.axis else { return }
    for access in reads + writes {
      let dimension = access.dimension(
        spannedBy: axis, extent: candidate.examples, of: graph[access.tensor].shape)
      if let known = examples[access.tensor], known != dimension {
        examples[access.tensor] = .some(nil)
      } else {
        examples[access.tensor] = .some(dimension)
      }
    }
    weights = Set(
      reads.filter { $0.isSame(along: axis) }.map(\.tensor))
  }
}

extension RegionCandidate {
  /// Each thread takes its examples through all members, and no sum goes over examples.
  fileprivate var canMerge: Bool { isPrivate && parts == 1 && !members.isEmpty }

  /// How many times smaller sums of an example are than the example: those that ``splitReductions(_:_:)`` keeps
  /// in a part for each example.
  private static let timesSmaller = Numerics.SplitReductions().elementsPerSum

  /// A kernel that takes examples one by one; nil for others, and where there is little to take.
  ///
  /// Its axis of examples is the one along the first dimension of what it stores: regions cut tensors where
  /// parts lie one behind the other in memory.
  fileprivate init?(
    of kernel: Kernel, _ index: Int, _ graph: Graph, _ limits: RegionLimits, _ threads: Int
  ) {
    guard let nest = kernel.nests.first,
      let axis = nest.stores.first.flatMap({ nest.access($0).map.first?.soleAxis })
    else { return nil }
    let examples = nest.axes[axis].extent
    guard kernel.nests.allSatisfy({ $0.takes(examples, axis) }) else { return nil }
    func sizes(_ accesses: [TensorAccess]) -> [Int] {
      Set(accesses.filter { $0.map.first?.soleAxis == axis }.map(\.tensor)).map {
        graph[$0].type.byteCount
      }
    }
    let (read, written) = (sizes(kernel.reads), sizes(kernel.writes))
    let bytes = (read + written).max() ?? 0
    // A sum that reads two such tensors would find one of them in the cache, and leave neither in that of
    // all cores, where kernels that come after the sum look for both: a normalisation's gradient.
    if written.reduce(0, +) * Self.timesSmaller <= bytes, read.reduce(0, +) * 2 > bytes * 3 {
      return nil
    }
    let rows = kernel.nests.reduce(0) { $0 + $1.rows } / examples
    let readsWeights =
      kernel.multiplyAdds > 0
      && kernel.reads.contains { $0.isSame(along: axis) }
    guard
      let size = limits.choose(
        examples: examples, bytesEach: bytes / examples,
        rowsEach: readsWeights ? rows : nil, threads: threads)
    else { return nil }
    self.init(
      members: [index], inner: [:], axes: [index: BatchAxes(axis: axis)], examples: examples,
      parts: 1, size: size, isPrivate: true)
  }
}

extension LoopNest<TensorAccess> {
  /// Whether an axis runs over examples, each is written by itself, and sums are made in the same order
  /// for one example as for all: those whose lanes run over the last output axis, which they cannot
  /// where it has one position.
  fileprivate func takes(_ examples: Int, _ axis: Int) -> Bool {
    guard axis < outputRank, axes[axis].extent == examples,
      writes.allSatisfy({ $0.map.first?.soleAxis == axis })
    else { return false }
    guard reduction != .none else { return true }
    let last = outputRank - 1
    return last != axis && axes[last].extent > 1
      && accesses.allSatisfy { access in
        access.map.dropLast().allSatisfy { $0.coefficient(of: last) == 0 }
          && 0...1 ~= (access.map.last?.coefficient(of: last) ?? 0)
      }
  }

  /// Outputs along all axes but the last.
  fileprivate var rows: Int { axes[..<(outputRank - 1)].reduce(1) { $0 * $1.extent } }
}

extension TensorAccess {
  /// The dimension of the tensor whose positions an axis goes through from the first to the last: the one
  /// by which a region can hand the tensor over part by part. nil where the axis steps otherwise.
  ///
  /// A tensor that is read in another shape has the same first dimension if the extents agree: what lies
  /// behind it is as large then.
  ///
  /// - Parameters:
  ///   - extent: of the axis.
  ///   - shape: the tensor's own.
  fileprivate func dimension(spannedBy axis: Int, extent: Int, of shape: Shape) -> Int? {
    map.indices.first { dimension in
      map[dimension].soleAxis == axis && view[dimension] == extent && dimension < shape.rank
        && shape[dimension] == extent && (dimension == 0 || view == shape)
    }
  }
}
