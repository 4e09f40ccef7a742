extension PieceLoops {
  /// How tiles ask for the next panel's elements while they compute with this one's.
  ///
  /// A panel that few rows share is packed about as often as it is used: left to itself, packing
  /// would wait for memory each time. Each round of a tile's reduction loop asks for one cache line;
  /// several tiles together ask for the whole panel, and later ones again for what was lost.
  struct ReadAhead {
    /// Elements that one round leads on.
    var step: Int
    /// Cache lines side by side that a round asks for.
    var lines = 1
    /// C that must stand before the call.
    var preparation: [String] = []
    /// C for where a tile starts.
    var start: String
  }

  /// With more tiles of rows than this, packing does not matter.
  private static let mostRowTiles = 64

  /// - Parameter width: elements of the panel's rows.
  /// - Returns: nil where panels are packed at once, or shared by so many rows or so few that reading
  ///   ahead would not help.
  func readAhead(width: Int) -> ReadAhead? {
    guard let packed = plan.packed, let lane = plan.laneAxis, plan.block == nil, !packsAllFirst,
      plan.columns.count > 1, let reduction = nest.reductionAxes.last
    else { return nil }
    let reference = nest.references[nest.factors[packed].reference]
    // Tiles along one axis take turns.
    let turns = loops.filter { $0.kind == .row && $0.chunks.count > 1 }
    guard turns.count == 1, let tile = turns.first?.tile, isEven(reference) else { return nil }
    let line = 64 / reference.element.byteCount
    var step = reference.strides[reduction]
    // Cache lines side by side, each a tile's, and elements from one to the next.
    var lines = (width + line - 1) / line
    var lineDistance = line
    if reference.strides[lane] == 1 {
      // Rows start anywhere in a line.
      lines += 1
    } else {
      // The panel is made by transposing: its rows lie side by side, one for each lane.
      guard step == 1, nest.reductionAxes.count == 1 else { return nil }
      step = line
      lineDistance = line * reference.strides[lane]
    }
    guard plan.rowTileCount >= lines, plan.rowTileCount <= Self.mostRowTiles else { return nil }
    let chunk = nest.chunkAxis.map { [(nest.axes[$0].name, reference.strides[$0])] } ?? []
    let next = affineText(
      chunk + [(nest.axes[lane].name, reference.strides[lane])],
      offset: width * reference.strides[lane])
    var start = "\(reference.name) + \(next) + \(tile) % \(lines) * \(lineDistance)"
    if plan.unroll > 1 {
      // A round is several steps: as many parts of the reduction, each a tile's.
      let part = nest.reductionCount / plan.unroll * step
      start += " + \(tile) / \(lines) % \(plan.unroll) * \(part)"
    }
    return ReadAhead(step: step, start: start)
  }

  /// How tiles ask for what a section will need next.
  func readAhead(_ section: SectionAhead) -> ReadAhead? {
    guard nest.reduction == .sum, plan.block == nil, let axis = nest.reductionAxes.last,
      case .output = plan.lanes
    else { return nil }
    let unroll = max(1, min(plan.unroll, nest.axes[axis].extent))
    let rounds = nest.reductionCount / nest.axes[axis].extent * (nest.axes[axis].extent / unroll)
    guard rounds > 1 else { return nil }
    // Tiles are numbered as their loops are nested.
    let walked = loops.filter { $0.chunks.count > 1 }
    guard let first = walked.first else { return nil }
    var number = first.tile
    for loop in walked.dropFirst() {
      let outer = number.contains(" ") ? "(\(number))" : number
      number = "\(outer) * \(loop.chunks.count) + \(loop.tile)"
    }
    let count = walked.reduce(1) { $0 * $1.chunks.count }
    let shares = section.plan(tileCount: count, rounds: rounds, mostLines: min(unroll, 3))
    let elements = shares.linesPerTile * 16
    var lines = [
      "// Meanwhile, what is transformed next, and the places of what comes of it.",
      "const long turn = \(number);",
    ]
    for (region, tiles) in zip(section.regions, shares.tiles) {
      let chunk = region.lead == 0 ? "chunk" : "(chunk + \(region.lead))"
      let turn = tiles.lowerBound == 0 ? "turn" : "(turn - \(tiles.lowerBound))"
      let head =
        tiles.lowerBound == 0 ? "const float *ahead" : "if (turn >= \(tiles.lowerBound)) ahead"
      lines.append(
        "\(head) = (const float *)(arena + \(region.offset) + \(chunk) * \(region.bytes)) + "
          + "\(turn) * \(elements);")
    }
    return ReadAhead(
      step: shares.linesPerRound * 16, lines: shares.linesPerRound, preparation: lines,
      start: "ahead")
  }

  /// Whether each reduction step leads as far as every other.
  private func isEven(_ reference: Nest.Reference) -> Bool {
    zip(nest.reductionAxes, nest.reductionAxes.dropFirst()).allSatisfy { outer, inner in
      reference.strides[outer] == reference.strides[inner] * nest.axes[inner].extent
    }
  }
}
