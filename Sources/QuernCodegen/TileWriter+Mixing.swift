import QuernGraph
import QuernPasses
import QuernVectors

// What mixes the values of a tile that are kept between passes, or takes what was mixed apart.

extension PairMixing {
  /// Vectors from one kept row to the next: odd, since a power of two would have a column's values meet in
  /// few sets of the cache.
  var halfwayStride: Int { side | 1 }

  /// Where the first of a pair's values is, along a side.
  fileprivate func first(_ pair: Int) -> Int { Self.singles + 2 * pair }
}

/// Where a single row or a pair of rows meets a single column or a pair of columns.
private struct Meeting {
  /// The kept values, in vectors from a pointer.
  var pointer: Name
  var places: [Int]
  /// The mixed values: the first of their indices p.
  var first: Int
  /// From the kept to the mixed ones, or back.
  var program: LinearProgram
}

extension TileWriter {
  /// Mixes what is kept, and finishes it.
  mutating func mix(_ body: inout CText, _ pairs: PairMixing) throws {
    let p = tileAxes.written[0]
    let others = epilogueReferences.filter { $0 != nest.factors.first?.reference }
    try forEachMeeting(&body, pairs, axis: p, moving: others) { writer, meeting in
      writer.apply(meeting.program) { writer, input in
        writer.kept(meeting.pointer, meeting.places[input])
      } take: { writer, number, result in
        writer.finish(
          row: [p: meeting.first + number], vector: 0, accumulator: result, position: nil)
      }
    }
  }

  /// Takes what is read apart, and keeps it.
  mutating func takeApart(_ body: inout CText, _ pairs: PairMixing, _ operand: Int) throws {
    let p = tileAxes.read[0]
    try forEachMeeting(&body, pairs, axis: p, moving: [operand]) { writer, meeting in
      writer.apply(meeting.program) { writer, input in
        writer.context.load(operand, row: [p: meeting.first + input], vector: 0)
      } take: { writer, number, result in
        writer.keep(result, at: meeting.pointer, meeting.places[number])
      }
    }
  }

  /// Single rows are written out, pairs of rows are loops.
  ///
  /// - Parameters:
  ///   - axis: that of the mixed values.
  ///   - moving: the references that have it.
  private mutating func forEachMeeting(
    _ body: inout CText, _ pairs: PairMixing, axis: Int, moving: [Int],
    _ work: (inout TileWriter, Meeting) -> Void
  ) throws {
    let (stride, singles) = (pairs.halfwayStride, 0..<PairMixing.singles)
    comment(&body, "Single rows, with single columns and with pairs.")
    for u in singles {
      for v in singles {
        work(
          &self,
          Meeting(
            pointer: "halfway", places: [u * stride + v], first: u * singles.count + v,
            program: LinearProgram([[1]])))
      }
      for pair in 0..<pairs.pairs {
        let value = u * stride + pairs.first(pair)
        work(
          &self,
          Meeting(
            pointer: "halfway", places: [value, value + 1],
            first: pairs.rowEdges + (u * pairs.pairs + pair) * pairs.edge.count,
            program: mixings.edge))
      }
    }
    try context.takeBlock(into: &body)
    guard pairs.pairs > 0 else { return }
    // In the first pair of rows; the loops go on to the others.
    let row = pairs.first(0) * stride
    comment(&body, "Pairs of rows, with single columns.")
    try pairLoop(
      &body, pairs, "edge", axis, steps: singles.count * pairs.edge.count, moving
    ) { writer, pointer in
      for v in singles {
        work(
          &writer,
          Meeting(
            pointer: pointer, places: [row + v, row + stride + v],
            first: pairs.columnEdges + v * pairs.edge.count, program: writer.mixings.edge))
      }
    }
    comment(&body, "Pairs of rows, with pairs of columns.")
    try pairLoop(
      &body, pairs, "pair", axis, steps: pairs.pairs * pairs.inner.count, moving
    ) { writer, pointer in
      for pair in 0..<pairs.pairs {
        let value = row + pairs.first(pair)
        work(
          &writer,
          Meeting(
            pointer: pointer, places: [value, value + 1, value + stride, value + stride + 1],
            first: pairs.innerResults + pair * pairs.inner.count,
            program: writer.mixings.inner))
      }
    }
  }

  private mutating func pairLoop(
    _ body: inout CText, _ pairs: PairMixing, _ name: String, _ axis: Int, steps: Int,
    _ moving: [Int], _ inside: (inout TileWriter, Name) -> Void
  ) throws {
    let halfway = Name("halfway_" + name)
    body.pointer("float *", halfway, from: "halfway")
    try tileLoop(
      &body, name, rounds: pairs.pairs, axis, steps: steps, moving,
      BlockLoop.Advance(halfway, elements: 2 * pairs.halfwayStride * context.lanes)
    ) { inside(&$0, halfway) }
  }
}
