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
    for column in piece.columnShapes(run) {
      for rows in piece.rowShapes(run) {
        let shape = TileShape(rows: rows.rows, vectors: column.vectors, tail: column.tail)
        let width = column.vectors * machine.target.lanes
        let references = piece.references(width: width)
        let ahead = piece.readAhead(mode, width: width, run: loop) ?? sectionAhead
        let used = piece.usedReferences(mode, references)
        var writer = TileWriter(
          nest: piece.nest, plan: piece.plan, machine: machine, shape: shape, mode: mode,
          references: references, partial: piece.partialIndex, readAhead: ahead, reader: reader)
        let base =
          "\(piece.name)_\(mode == .whole ? "tile" : mode.rawValue)_\(shape.suffix(piece.plan.rowAxes))"
        var parameters = used.map { index in
          let reference = references[index]
          let written = reference.isWritten || index == piece.partialIndex
          return "\(written ? "" : "const ")\(reference.cType) *\(reference.name)"
        }
        if let ahead { parameters.append("const float *\(ahead.parameter)") }
        let indices = piece.usedIndices(mode)
        parameters += indices.map { "long \(Self.indexName($0))" }
        let addsUp = piece.nest.addsUp && mode != .accumulate
        if mode == .accumulate { parameters.append("int first") }
        if addsUp { parameters.append("int first") }
        if run != nil { parameters += ["long tile", "long end"] }
        let advances = run.map { run in
          used.map {
            TileWriter.Advance(
              name: references[$0].name, step: piece.advance($0, references, run))
          }
            + indices.map { number in
              let index = number < 0 ? piece.nest.position : piece.nest.indices[number]
              return .init(name: Self.indexName(number), step: run.step * index.strides[run.axis])
            }
        }
        let name = try define(base) {
          try writer.function(named: $0, parameters: parameters, advances: advances)
        }
        var arguments = used.map { piece.argument($0, references, mode, run) }
        if let ahead {
          let before = (run?.tiles.lowerBound ?? 0) * ahead.tileElements
          arguments.append(before == 0 ? ahead.start : "\(ahead.start) + \(before)")
        }
        arguments += indices.map { piece.indexArgument($0, mode, run) }
        if mode == .accumulate { arguments.append("first") }
        if addsUp, let count = piece.nest.chunksPerSum {
          arguments.append("chunk % \(count) == 0")
        }
        arguments += run?.bounds ?? []
        let conditions = [rows.condition, column.condition].compactMap { $0 }.filter { $0 != "1" }
        branches.append(
          (
            conditions.isEmpty ? nil : conditions.joined(separator: " && "),
            "\(name)(\(arguments.joined(separator: ", ")));"
          ))
      }
    }
    return branches
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

  /// Writes a function unless one of that name is there.
  mutating func define(_ name: String, _ make: (String) throws -> CText) throws -> String {
    if !defined.contains(name) {
      functions.append(try make(name))
      defined.insert(name)
    }
    return name
  }
}
