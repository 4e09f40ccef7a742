import QuernPasses

// Schedules as text.

extension Schedule {
  /// A line for each choice, in a nest's names.
  package func lines(_ nest: MemoryNest) -> [String] {
    func name(_ axis: Int) -> String { nest.axes[axis].name }
    var lines = [lanesText(nest)]
    if !nest.isDirect {
      lines.append(reductionText(nest))
    }
    if let panels {
      let factor = nest.accesses[nest.factors[panels.factor].access].name
      let place =
        switch panels.place {
        case .inPlace: "where it lies"
        case .packed: "packed in each step"
        case .prepared: "packed before the first step"
        }
      lines.append(
        "panels of \(factor), \(place)"
          + (keepsAllPanels ? ", all at once" : ", one after the other"))
    }
    if let blocks { lines.append(blocks.text(name)) }
    let loops = order.filter { $0.split.count > 1 }.map { loop in
      "\(loop.name) in \(loop.split.count)"
    }
    if !loops.isEmpty { lines.append("tiles: " + loops.joined(separator: ", ")) }
    if let workSplit {
      lines.append("threads share \(name(workSplit.axis)) in \(workSplit.shares) shares")
    }
    if !prefetches.isEmpty {
      lines.append("asks ahead for: " + prefetches.names.joined(separator: ", "))
    }
    return lines
  }

  private func lanesText(_ nest: MemoryNest) -> String {
    let vectors = columns.sizes.map(String.init).joined(separator: " or ")
    let rowText = rowAxes.compactMap { axis -> String? in
      guard let split = rows[axis], split.largest > 1 else { return nil }
      let sizes = split.sizes.map(String.init).joined(separator: " or ")
      return "\(sizes) of \(nest.axes[axis].name)"
    }
    let tile = rowText.isEmpty ? "1 row" : rowText.joined(separator: " × ")
    switch lanes {
    case .output(nil): return "\(target): one element, \(tile)"
    case .output(let axis?):
      let vector = columns.largest == 1 ? "vector" : "vectors"
      return "\(target): tiles of \(tile) × \(vectors) \(vector) of \(nest.axes[axis].name)"
        + (squareAxis.map { ", squares with \(nest.axes[$0].name) transposed" } ?? "")
    case .reduction(let axis):
      return "\(target): tiles of \(tile), lanes along the sum over \(nest.axes[axis].name)"
    }
  }

  private func reductionText(_ nest: MemoryNest) -> String {
    if unrollsWindow { return "the window is written out" }
    let axes = nest.reductionAxes
    let written = axes.suffix(writtenOut).map { nest.axes[$0].name }
    let looped = axes.dropLast(writtenOut).map { "\(nest.axes[$0].name)<\(nest.axes[$0].extent)" }
    return "reduction over \(looped.joined(separator: ", ")), \(unroll) steps a round"
      + (written.isEmpty ? "" : ", with \(written.joined(separator: " and ")) written out")
  }

  /// Checks that tiles cover the nest, and that its registers suffice.
  ///
  /// - Returns: what is wrong; nil where nothing is.
  package func fault(_ nest: MemoryNest) -> String? {
    let axes = panelAxes + rowAxes + [laneAxis].compactMap { $0 }
    guard axes.sorted() == nest.outputAxes.sorted() else {
      return "loops over axes \(axes), and the outputs' are \(nest.outputAxes)"
    }
    for axis in rowAxes {
      let extent = rows[axis]?.extent ?? nest.axes[axis].extent
      guard extent == nest.axes[axis].extent else {
        return
          "tiles of \(extent) of \(nest.axes[axis].extent) positions of \(nest.axes[axis].name)"
      }
    }
    if let laneAxis {
      let vectors = (nest.axes[laneAxis].extent + target.lanes - 1) / target.lanes
      guard columns.extent == max(vectors, 1) else {
        return "\(columns.extent) of \(vectors) vectors"
      }
    }
    let accumulators = rowAxes.reduce(columns.largest) { $0 * (rows[$1]?.largest ?? 1) }
    guard nest.isDirect || unrollsWindow || accumulators < target.registerCount else {
      return "\(accumulators) accumulators in \(target.registerCount) registers"
    }
    guard writtenOut < max(1, nest.reductionAxes.count), unroll >= 1 else {
      return "\(writtenOut) of \(nest.reductionAxes.count) reduction axes written out"
    }
    return blocks?.fault(nest)
  }
}

extension ReductionBlocks {
  /// What is wrong with how the blocks cover the reduction; nil where nothing is.
  fileprivate func fault(_ nest: MemoryNest) -> String? {
    let name = nest.axes[axis].name
    guard let cut = nest.reductionAxes.firstIndex(of: axis),
      outer.map(\.axis) == Array(nest.reductionAxes[..<cut])
    else { return "blocks of \(name) at each position of axes \(outer.map(\.axis))" }
    for part in outer where part.extent != nest.axes[part.axis].extent {
      return "blocks at \(part.extent) positions of \(nest.axes[part.axis].name)"
    }
    // Without outer axes the last block may be a smaller one.
    let covered = (count - 1) * size + (outer.isEmpty ? lastSize : size)
    guard size >= 1, 1...size ~= lastSize, covered == nest.axes[axis].extent,
      outer.isEmpty || lastSize == size
    else { return "blocks of \(size) cover \(covered) positions of \(name)" }
    return nil
  }

  /// `blocks of 64 of k, all rows before the next`.
  fileprivate func text(_ name: (Int) -> String) -> String {
    let outside = outer.map { name($0.axis) }
    return "blocks of \(size) of \(name(axis))"
      + (outside.isEmpty ? "" : " at each \(outside.joined(separator: ", "))")
      + (keepsRows ? ", each for all panels" : ", all for one panel after the other")
  }
}
