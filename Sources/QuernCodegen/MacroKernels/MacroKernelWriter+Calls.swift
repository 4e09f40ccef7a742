import QuernPasses
import QuernVectors

// The calls of tile functions; each function is written when it is first called.

extension MacroKernelWriter {
  /// Calls the functions for the present tile, or for all tiles of a loop.
  mutating func call(
    _ mode: TileMode, run loop: TileLoop?, isShared: Bool = false, _ text: inout CText
  ) throws {
    // The same for all shapes of tiles.
    let regionPrefetch =
      mode == .whole
      ? region.flatMap {
        tileLoops.prefetch($0, run: loop, maxRegionLines: tuning.prefetch.maxRegionLines)
      } : nil
    if regionPrefetch != nil { prefetches = true }
    for line in regionPrefetch?.preparation ?? [] { text.line(line) }
    guard let loop else {
      choose(try branches(mode, nil, regionPrefetch, loop: nil), &text)
      return
    }
    for var run in tileLoops.runs(loop) {
      run.isShared = isShared
      choose(try branches(mode, run, regionPrefetch, loop: loop), &text)
    }
  }

  /// The calls of which one is made, by the shape of the tile.
  private mutating func branches(
    _ mode: TileMode, _ run: TileRun?,
    _ regionPrefetch: ScheduledNest.Prefetch?, loop: TileLoop?
  ) throws -> [(condition: String?, call: String)] {
    var branches: [(condition: String?, call: String)] = []
    let indices = tileLoops.usedIndices(mode)
    for column in tileLoops.columnShapes(run) {
      let width = column.vectors * machine.target.lanes
      let accesses = tileLoops.accesses(width: width)
      let used = tileLoops.usedAccesses(mode)
      let ahead = tileLoops.prefetch(mode, width: width, run: loop) ?? regionPrefetch
      var arguments = used.map { tileLoops.argument($0, accesses, mode, run) }
      if let ahead {
        let before = (run?.tiles.lowerBound ?? 0) * ahead.tileElements
        arguments.append(before == 0 ? ahead.start : "\(ahead.start) + \(before)")
      }
      arguments += indices.map { tileLoops.indexArgument($0, mode, run) }
      if mode == .accumulate { arguments.append("first") }
      if addsUp(mode), let count = tileLoops.nest.chunksPerSum {
        arguments.append("chunk % \(count) == 0")
      }
      arguments += run?.bounds ?? []
      let list = arguments.joined(separator: ", ")
      for rows in tileLoops.rowShapes(run) {
        let shape = TileShape(rows: rows.rows, vectors: column.vectors, tail: column.tail)
        let kind = mode == .whole ? "tile" : mode.rawValue
        let name = "\(tileLoops.name)_\(kind)_\(shape.suffix(tileLoops.schedule.rowAxes))"
        if defined.insert(name).inserted {
          var writer = MicroKernelWriter(
            nest: tileLoops.nest, schedule: tileLoops.schedule, machine: machine, tuning: tuning,
            shape: shape,
            mode: mode,
            accesses: accesses, partial: tileLoops.partialIndex, prefetch: ahead, reader: reader
          )
          functions.append(
            try writer.function(
              named: name, parameters: parameters(mode, run, accesses, used, ahead),
              indices: indices.map(\.name), advances: advances(mode, run, accesses, used))
          )
        }
        let conditions = [rows.condition, column.condition].compactMap { $0 }.filter { $0 != "1" }
        branches.append(
          (
            conditions.isEmpty ? nil : conditions.joined(separator: " && "), "\(name)(\(list));"
          ))
      }
    }
    return branches
  }

  /// Whether a tile adds to what earlier chunks have stored.
  private func addsUp(_ mode: TileMode) -> Bool { tileLoops.nest.addsUp && mode != .accumulate }

  /// What a tile's function takes, in C.
  private func parameters(
    _ mode: TileMode, _ run: TileRun?, _ accesses: [MemoryAccess], _ used: [Int],
    _ ahead: ScheduledNest.Prefetch?
  ) -> [String] {
    var parameters = used.map { accesses[$0].cPointer + accesses[$0].name }
    if let ahead { parameters.append("const float *\(ahead.parameter)") }
    parameters += tileLoops.usedIndices(mode).map { "long \($0.name)" }
    if mode == .accumulate || addsUp(mode) { parameters.append("int first") }
    if run != nil { parameters += ["long tile", "long end"] }
    return parameters
  }

  /// How far what it takes moves from one tile to the next; nil for one tile.
  private func advances(
    _ mode: TileMode, _ run: TileRun?, _ accesses: [MemoryAccess], _ used: [Int]
  ) -> [MicroKernelWriter.Advance]? {
    guard let run else { return nil }
    let pointers = used.map {
      MicroKernelWriter.Advance(
        name: accesses[$0].name, step: tileLoops.advance($0, accesses, run))
    }
    let indices = tileLoops.usedIndices(mode).map { index in
      MicroKernelWriter.Advance(
        name: index.name,
        step: run.step * index.expression(tileLoops.nest).coefficient(of: run.axis))
    }
    return pointers + indices
  }

  func choose(_ branches: [(condition: String?, call: String)], _ text: inout CText) {
    for (number, branch) in branches.enumerated() {
      if branches.count == 1 {
        text.line(branch.call)
      } else if number == branches.count - 1 {
        text.line("else " + branch.call)
      } else {
        text.line("\(number == 0 ? "if" : "else if") (\(branch.condition ?? "1")) \(branch.call)")
      }
    }
  }
}
