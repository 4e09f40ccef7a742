import QuernMachine
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

    var lines: Int { (bytes + MachineFacts.cacheLine - 1) / MachineFacts.cacheLine }
  }

  var ranges: [MemoryRange]
  /// What the C calls where a region starts for chunk 0.
  static func name(_ range: Int) -> String { "region\(range)" }
  /// Whether what is asked for belongs to this thread alone and will be written in part: it then comes
  /// to be written, without a second message to the core that wrote there last.
  var forWriting = false

  /// - Returns: nil for kernels that are not the products of a region.
  init?(_ position: Int, _ addressed: AddressedProgram) {
    let program = addressed.program
    guard let region = program.region(of: position),
      let nest = addressed.nests[position].first, nest.reduction == .sum, nest.factors.count == 2,
      nest.reductionCount > 1
    else { return nil }
    ranges = []
    for other in region.kernels where other != position {
      for nest in addressed.nests[other] {
        guard let chunk = nest.chunkAxis else { continue }
        let accesses = nest.accesses.filter(\.isWritten) + nest.accesses.filter { !$0.isWritten }
        for access in accesses where !access.isPrivate && access.strides[chunk] > 0 {
          guard let storage = program.storages[access.tensor] else { continue }
          let range = MemoryRange(
            offset: storage.offset, bytes: access.strides[chunk],
            lead: other < position ? 1 : 0)
          if !ranges.contains(range) { ranges.append(range) }
          if access.isWritten, region.isPrivate { forWriting = true }
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
  ///   - callCount: calls of all threads together.
  ///   - rounds: of the reduction loops of a call's tiles.
  ///   - maxLines: that a round may ask for.
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
