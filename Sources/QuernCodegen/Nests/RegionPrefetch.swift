import QuernPasses

/// What the products of a region ask for while they compute: the examples that the next chunk will
/// transform, and the places where this chunk's results will go.
///
/// A transform does little with each number it reads, so it would wait for memory; a product does
/// much, and its loads are idle meanwhile.
struct RegionPrefetch: Hashable {
  /// A tensor's part that belongs to one chunk.
  struct MemoryRange: Hashable {
    /// Bytes from the arena's start for chunk 0.
    var offset: Int
    /// Bytes from one chunk to the next, and so of each.
    var bytes: Int
    /// Which chunk is asked for while chunk c is computed: c + `lead`.
    var lead: Int

    var lines: Int { (bytes + 63) / 64 }
  }

  var ranges: [MemoryRange]
  /// What the C calls where a region starts for chunk 0.
  static func name(_ range: Int) -> String { "region\(range)" }
  /// Whether what is asked for belongs to this thread alone and will be written in part: it then comes
  /// to be written, without a second message to the core that wrote there last.
  var forWriting = false

  /// - Returns: nil for kernels that are not the products of a region.
  init?(_ position: Int, _ program: Program) {
    let kernel = program.kernels[position]
    guard let region = program.region(of: position),
      kernel.multiplyAddsPerOutput > 1
    else { return nil }
    ranges = []
    for other in region.kernels where other != position {
      for nest in program.kernels[other].nests {
        let accesses =
          nest.stores.map { ($0.access, isWritten: true) }
          + nest.reads.map { ($0, isWritten: false) }
        for (access, isWritten) in accesses {
          guard let storage = program.storages[access.tensor], !storage.isPrivate else { continue }
          let stride = storage.address(access, rank: nest.axes.count).strides[0]
          guard stride > 0 else { continue }
          let range = MemoryRange(
            offset: storage.offset, bytes: stride * access.element.byteCount,
            lead: other < position ? 1 : 0)
          if !ranges.contains(range) { ranges.append(range) }
          if isWritten, region.isPrivate { forWriting = true }
        }
      }
    }
    if ranges.isEmpty { return nil }
  }

  /// The same for any place of its regions.
  var anywhere: RegionPrefetch {
    var result = self
    for index in ranges.indices { result.ranges[index].offset = 0 }
    return result
  }

  /// How calls share out the asking.
  struct Plan {
    /// Cache lines a round of the reduction loop asks for.
    var linesPerRound: Int
    /// Cache lines a call asks for.
    var linesPerCall: Int
    /// For each region, the first call that asks for it, and the one after the last.
    var calls: [Range<Int>]
  }

  /// - Parameters:
  ///   - turnCount: calls of all threads together.
  ///   - rounds: of the reduction loops of a call's tiles.
  ///   - mostLines: that a round may ask for.
  func plan(callCount: Int, rounds: Int, maxLines: Int) -> Plan {
    let lines = ranges.reduce(0) { $0 + $1.lines }
    let capacity = max(1, callCount * rounds)
    let perRound = max(1, min(maxLines, (lines + capacity - 1) / capacity))
    let perCall = perRound * rounds
    var start = 0
    let calls = ranges.map { range in
      defer { start += (range.lines + perCall - 1) / perCall }
      return start..<start + (range.lines + perCall - 1) / perCall
    }
    return Plan(linesPerRound: perRound, linesPerCall: perCall, calls: calls)
  }
}

extension Kernel {
  /// Terms of the sum of the first nest, where it is one of products.
  fileprivate var multiplyAddsPerOutput: Int {
    guard let nest = nests.first, nest.reduction == .sum, nest.factors.count == 2 else {
      return 0
    }
    return nest.axes[nest.outputRank...].reduce(1) { $0 * $1.extent }
  }
}
