import QuernGraph
import QuernPasses
import QuernVectors

// Tiles whose values are mixed: a pass over rows, of which pairs go together, mixes its results, or takes
// apart what it reads. Between that and the pass over columns, numbers are kept.

extension MicroKernelWriter {
  /// Multiplies the rows of what is kept, mixes what that gives, and finishes it.
  ///
  /// - Parameter stride: vectors from one kept row to the next.
  mutating func mixRows(
    _ body: inout CText, _ along: StraightLineProgram, _ pairs: PairMixing, stride: Int
  ) throws {
    let p = tileAxes.written[0]
    try forEachRow(
      &body, pairs, stride: stride, axis: p, moving: finishedAccesses
    ) { writer, rows in
      let values = rows.places.map { place in
        var values = [VectorRegister?](repeating: nil, count: along.results.count)
        writer.apply(along) { writer, b in
          writer.kept(rows.pointer, place + b)
        } take: { _, v, result in
          values[v] = result
        }
        return values
      }
      for meeting in rows.meetings(pairs, writer.mixings) {
        writer.apply(meeting.program) { writer, input in
          let (row, column) = meeting.places[input]
          return values[row][column] ?? writer.context.builder.zero()
        } take: { writer, number, result in
          writer.finish(
            row: [p: meeting.first + number], vector: 0, accumulator: result, position: nil)
        }
      }
    }
  }

  /// Takes what is read apart into rows, multiplies them and keeps what that gives.
  mutating func takeRowsApart(
    _ body: inout CText, _ along: StraightLineProgram, _ pairs: PairMixing, stride: Int,
    _ operand: Int
  ) throws {
    let p = tileAxes.read[0]
    try forEachRow(&body, pairs, stride: stride, axis: p, moving: [operand]) { writer, rows in
      var values = rows.places.map { _ in
        [VectorRegister?](repeating: nil, count: pairs.side)
      }
      for meeting in rows.meetings(pairs, writer.mixings) {
        writer.apply(meeting.program) { writer, input in
          writer.context.load(operand, row: [p: meeting.first + input], vector: 0)
        } take: { _, number, result in
          values[meeting.places[number].row][meeting.places[number].column] = result
        }
      }
      for (place, row) in zip(rows.places, values) {
        writer.apply(along) { writer, b in
          row[b] ?? writer.context.builder.zero()
        } take: { writer, v, result in
          writer.keep(result, at: rows.pointer, place + v)
        }
      }
    }
  }

  /// Single rows are written out, pairs of rows are a loop.
  ///
  /// - Parameters:
  ///   - axis: that of the mixed values.
  ///   - moving: the accesses that have it.
  private mutating func forEachRow(
    _ body: inout CText, _ pairs: PairMixing, stride: Int, axis: Int, moving: [Int],
    _ work: (inout MicroKernelWriter, Rows) -> Void
  ) throws {
    comment(&body, "Single rows.")
    for u in 0..<PairMixing.singles {
      work(
        &self, Rows(pointer: "halfway", places: [u * stride], first: u * pairs.singleRowCount))
      try context.takeBlock(into: &body)
    }
    guard pairs.pairs > 0 else { return }
    comment(&body, "Pairs of rows.")
    let halfway = Name("halfway_pair")
    body.pointer("float *", halfway, from: "halfway")
    let place = PairMixing.singles * stride
    try tileLoop(
      &body, "pair", rounds: pairs.pairs, axis, steps: pairs.pairRowCount, moving,
      BlockLoop.Advance(halfway, elements: 2 * stride * context.lanes)
    ) { writer in
      // The first pair's; the loop goes on to the others.
      work(
        &writer,
        Rows(
          pointer: halfway, places: [place, place + stride],
          first: PairMixing.singles * pairs.singleRowCount))
    }
  }
}

/// A single row, or a pair of rows.
private struct Rows {
  /// Where their numbers are kept, in vectors from a pointer.
  var pointer: Name
  var places: [Int]
  /// The first index p of their mixed values.
  var first: Int

  /// Where these rows and a single column or a pair of columns meet.
  struct Meeting {
    var places: [(row: Int, column: Int)]
    /// The first index p of what becomes of these places, and how.
    var first: Int
    var program: StraightLineProgram
  }

  /// What stays as it is.
  private static let single = StraightLineProgram([[1]])

  func meetings(
    _ pairs: PairMixing, _ mixings: (edge: StraightLineProgram, inner: StraightLineProgram)
  ) -> [Meeting] {
    let rows = places.indices
    let isPair = rows.count == 2
    var next = first
    func meeting(_ columns: Range<Int>, _ program: StraightLineProgram, _ count: Int) -> Meeting {
      defer { next += count }
      return Meeting(
        places: rows.flatMap { row in columns.map { (row, $0) } }, first: next, program: program)
    }
    return (0..<PairMixing.singles).map {
      meeting($0..<$0 + 1, isPair ? mixings.edge : Self.single, isPair ? pairs.edge.count : 1)
    }
      + (0..<pairs.pairs).map {
        let column = PairMixing.singles + 2 * $0
        return meeting(
          column..<column + 2, isPair ? mixings.inner : mixings.edge,
          isPair ? pairs.inner.count : pairs.edge.count)
      }
  }
}
