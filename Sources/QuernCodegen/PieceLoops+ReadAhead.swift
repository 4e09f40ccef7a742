extension PieceLoops {
  /// How tiles ask for the next panel's elements while they compute with this one's.
  ///
  /// A panel that few rows share is packed about as often as it is used: left to itself, packing
  /// would wait for memory each time. Each round of a tile's reduction loop asks for one cache line;
  /// several tiles together ask for the whole panel, and later ones again for what was lost.
  struct ReadAhead {
    /// Elements that one round leads on.
    var step: Int
    /// The row axis whose tiles take turns.
    var axis: Int
    /// Cache lines side by side, each a tile's, and elements from one to the next.
    var lines: Int
    var lineDistance: Int
    /// Parts of the reduction, each a tile's, and elements from one to the next.
    var parts: Int
    var partDistance: Int
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
    let rowAxes = plan.rowAxes.filter { (plan.rows[$0]?.count ?? 1) > 1 }
    let reference = nest.references[nest.factors[packed].reference]
    guard rowAxes.count == 1, let row = rowAxes.first, isEven(reference) else { return nil }
    let line = 64 / reference.element.byteCount
    let lines = (width + line - 1) / line
    var result = ReadAhead(
      step: reference.strides[reduction], axis: row, lines: lines + 1, lineDistance: line,
      parts: plan.unroll, partDistance: 0)
    if reference.strides[lane] != 1 {
      // The panel is made by transposing: its rows lie side by side, one for each lane.
      guard reference.strides[reduction] == 1, nest.reductionAxes.count == 1 else { return nil }
      result.step = line
      result.lines = lines
      result.lineDistance = line * reference.strides[lane]
    }
    result.partDistance = nest.reductionCount / plan.unroll * result.step
    let tiles = plan.rows[row]?.count ?? 1
    return tiles >= result.lines && tiles <= Self.mostRowTiles ? result : nil
  }

  /// Whether each reduction step leads as far as every other.
  private func isEven(_ reference: Nest.Reference) -> Bool {
    zip(nest.reductionAxes, nest.reductionAxes.dropFirst()).allSatisfy { outer, inner in
      reference.strides[outer] == reference.strides[inner] * nest.axes[inner].extent
    }
  }

  /// C for where a tile starts to read ahead.
  func argument(_ ahead: ReadAhead, width: Int) -> String {
    guard let packed = plan.packed, let lane = plan.laneAxis else { return "0" }
    let reference = nest.references[nest.factors[packed].reference]
    let tile = loops.first { $0.kind == .row && $0.axis == ahead.axis }?.tile ?? "0"
    let next = affineText(
      [(nest.axes[lane].name, reference.strides[lane])], offset: width * reference.strides[lane])
    var text = "\(reference.name) + \(next) + \(tile) % \(ahead.lines) * \(ahead.lineDistance)"
    if ahead.parts > 1 {
      text += " + \(tile) / \(ahead.lines) % \(ahead.parts) * \(ahead.partDistance)"
    }
    return text
  }
}
