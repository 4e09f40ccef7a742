import QuernPasses
import QuernVectors

// The calls of tile functions; each function is written when it is first called.

extension PieceWriter {
  /// Calls the functions for the present tile, or for all tiles of a loop.
  mutating func call(
    _ mode: TileMode, run loop: PieceLoops.Loop?, isShared: Bool = false, _ text: inout CText
  ) throws {
    // The same for all shapes of tiles.
    let sectionAhead = mode == .whole ? section.flatMap { piece.readAhead($0, run: loop) } : nil
    if sectionAhead != nil { asksAhead = true }
    for line in sectionAhead?.preparation ?? [] { text.line(line) }
    guard let loop else {
      choose(try branches(mode, nil, sectionAhead, loop: nil), &text)
      return
    }
    for var run in piece.runs(loop) {
      run.isShared = isShared
      choose(try branches(mode, run, sectionAhead, loop: loop), &text)
    }
  }

  /// The calls of which one is made, by the shape of the tile.
  private mutating func branches(
    _ mode: TileMode, _ run: TileRun?,
    _ sectionAhead: PieceLoops.ReadAhead?, loop: PieceLoops.Loop?
  ) throws -> [(condition: String?, call: String)] {
    var branches: [(condition: String?, call: String)] = []
    let indices = piece.usedIndices(mode)
    for column in piece.columnShapes(run) {
      let width = column.vectors * machine.target.lanes
      let references = piece.references(width: width)
      let used = piece.usedReferences(mode, references)
      let ahead = piece.readAhead(mode, width: width, run: loop) ?? sectionAhead
      var arguments = used.map { piece.argument($0, references, mode, run) }
      if let ahead {
        let before = (run?.tiles.lowerBound ?? 0) * ahead.tileElements
        arguments.append(before == 0 ? ahead.start : "\(ahead.start) + \(before)")
      }
      arguments += indices.map { piece.indexArgument($0, mode, run) }
      if mode == .accumulate { arguments.append("first") }
      if addsUp(mode), let count = piece.nest.chunksPerSum {
        arguments.append("chunk % \(count) == 0")
      }
      arguments += run?.bounds ?? []
      let list = arguments.joined(separator: ", ")
      for rows in piece.rowShapes(run) {
        let shape = TileShape(rows: rows.rows, vectors: column.vectors, tail: column.tail)
        let kind = mode == .whole ? "tile" : mode.rawValue
        let name = "\(piece.name)_\(kind)_\(shape.suffix(piece.plan.rowAxes))"
        if defined.insert(name).inserted {
          var writer = TileWriter(
            nest: piece.nest, plan: piece.plan, machine: machine, shape: shape, mode: mode,
            references: references, partial: piece.partialIndex, readAhead: ahead, reader: reader)
          functions.append(
            try writer.function(
              named: name, parameters: parameters(mode, run, references, used, ahead),
              indices: indices.map(Self.indexName), advances: advances(mode, run, references, used))
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
  private func addsUp(_ mode: TileMode) -> Bool { piece.nest.addsUp && mode != .accumulate }

  /// What a tile's function takes, in C.
  private func parameters(
    _ mode: TileMode, _ run: TileRun?, _ references: [Nest.Reference], _ used: [Int],
    _ ahead: PieceLoops.ReadAhead?
  ) -> [String] {
    var parameters = used.map { index in
      let reference = references[index]
      let written = reference.isWritten || index == piece.partialIndex
      return "\(written ? "" : "const ")\(reference.cType) *\(reference.name)"
    }
    if let ahead { parameters.append("const float *\(ahead.parameter)") }
    parameters += piece.usedIndices(mode).map { "long \(Self.indexName($0))" }
    if mode == .accumulate || addsUp(mode) { parameters.append("int first") }
    if run != nil { parameters += ["long tile", "long end"] }
    return parameters
  }

  /// How far what it takes moves from one tile to the next; nil for one tile.
  private func advances(
    _ mode: TileMode, _ run: TileRun?, _ references: [Nest.Reference], _ used: [Int]
  ) -> [TileWriter.Advance]? {
    guard let run else { return nil }
    let pointers = used.map {
      TileWriter.Advance(name: references[$0].name, step: piece.advance($0, references, run))
    }
    let indices = piece.usedIndices(mode).map { number in
      let index = number < 0 ? piece.nest.position : piece.nest.indices[number]
      return TileWriter.Advance(
        name: Self.indexName(number), step: run.step * index.strides[run.axis])
    }
    return pointers + indices
  }

  private static func indexName(_ number: Int) -> String {
    number < 0 ? "position" : "index\(number)"
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
