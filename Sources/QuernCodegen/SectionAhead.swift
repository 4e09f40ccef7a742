import QuernPasses

/// What the products of a section ask for while they compute: the pictures that the next chunk will
/// transform, and the places where this chunk's results will go.
///
/// A transform does little with each number it reads, so it would wait for memory; a product does
/// much, and its loads are idle meanwhile.
struct SectionAhead: Hashable {
  /// A tensor's part that belongs to one chunk.
  struct Region: Hashable {
    /// Bytes from the arena's start for chunk 0.
    var offset: Int
    /// Bytes from one chunk to the next, and so of each.
    var bytes: Int
    /// Which chunk is asked for while chunk c is computed: c + `lead`.
    var lead: Int

    var lines: Int { (bytes + 63) / 64 }
  }

  var regions: [Region]
  /// What the C calls where a region starts for chunk 0.
  static func name(_ region: Int) -> String { "region\(region)" }
  /// Whether what is asked for belongs to this thread alone and will be written in part: it then comes
  /// to be written, without a second message to the core that wrote there last.
  var forWriting = false

  /// - Returns: nil for kernels that are not the products of a section.
  init?(_ position: Int, _ program: Program) {
    let kernel = program.kernels[position]
    guard let section = program.section(of: position),
      kernel.multiplyAddsPerOutput > 1
    else { return nil }
    regions = []
    for other in section.kernels where other != position {
      for piece in program.kernels[other].pieces {
        let accesses =
          piece.stores.map { ($0.access, isWritten: true) }
          + piece.reads.map { ($0, isWritten: false) }
        for (access, isWritten) in accesses {
          guard let storage = program.storages[access.tensor], !storage.isPrivate else { continue }
          let stride = storage.address(access, rank: piece.axes.count).strides[0]
          guard stride > 0 else { continue }
          let region = Region(
            offset: storage.offset, bytes: stride * access.element.byteCount,
            lead: other < position ? 1 : 0)
          if !regions.contains(region) { regions.append(region) }
          if isWritten, section.isPrivate { forWriting = true }
        }
      }
    }
    if regions.isEmpty { return nil }
  }

  /// The same for any place of its regions.
  var anywhere: SectionAhead {
    var result = self
    for index in regions.indices { result.regions[index].offset = 0 }
    return result
  }

  /// How calls share out the asking.
  struct Plan {
    /// Cache lines a round of the reduction loop asks for.
    var linesPerRound: Int
    /// Cache lines a call asks for.
    var linesPerTurn: Int
    /// For each region, the first call that asks for it, and the one after the last.
    var turns: [Range<Int>]
  }

  /// - Parameters:
  ///   - turnCount: calls of all threads together.
  ///   - rounds: of the reduction loops of a call's tiles.
  ///   - mostLines: that a round may ask for.
  func plan(turnCount: Int, rounds: Int, mostLines: Int) -> Plan {
    let lines = regions.reduce(0) { $0 + $1.lines }
    let capacity = max(1, turnCount * rounds)
    let perRound = max(1, min(mostLines, (lines + capacity - 1) / capacity))
    let perTurn = perRound * rounds
    var start = 0
    let turns = regions.map { region in
      defer { start += (region.lines + perTurn - 1) / perTurn }
      return start..<start + (region.lines + perTurn - 1) / perTurn
    }
    return Plan(linesPerRound: perRound, linesPerTurn: perTurn, turns: turns)
  }
}

extension Kernel {
  /// Terms of the sum of the first piece, where it is one of products.
  fileprivate var multiplyAddsPerOutput: Int {
    guard let piece = pieces.first, piece.reduction == .sum, piece.factors.count == 2 else {
      return 0
    }
    return piece.axes[piece.outputRank...].reduce(1) { $0 * $1.extent }
  }
}
