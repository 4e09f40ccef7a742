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

extension TileWriter {
  /// Mixes what is kept, and finishes it.
  mutating func mix(_ body: inout CText, _ pairs: PairMixing) throws {
    let (p, stride) = (tileAxes.written[0], pairs.halfwayStride)
    let others = epilogueReferences.filter { $0 != nest.factors.first?.reference }
    let singles = 0..<PairMixing.singles
    comment(&body, "Single rows, with single columns and with pairs.")
    for u in singles {
      for v in singles {
        let value = kept("halfway", u * stride + v)
        finish(
          row: [p: u * singles.count + v], vector: 0, accumulator: value, position: nil)
      }
      for pair in 0..<pairs.pairs {
        let first = u * stride + pairs.first(pair)
        mix(
          "halfway", [first, first + 1], mixings.edge,
          to: pairs.rowEdges + (u * pairs.pairs + pair) * pairs.edge.count)
      }
    }
    try context.takeBlock(into: &body)
    guard pairs.pairs > 0 else { return }
    // The first pair of rows; the loops go on to the next.
    let row = pairs.first(0) * stride
    comment(&body, "Pairs of rows, with single columns.")
    try pairLoop(
      &body, pairs, "edge", p, steps: singles.count * pairs.edge.count, others
    ) { writer, halfway in
      for v in singles {
        writer.mix(
          halfway, [row + v, row + stride + v], writer.mixings.edge,
          to: pairs.columnEdges + v * pairs.edge.count)
      }
    }
    comment(&body, "Pairs of rows, with pairs of columns.")
    try pairLoop(
      &body, pairs, "pair", p, steps: pairs.pairs * pairs.inner.count, others
    ) { writer, halfway in
      for pair in 0..<pairs.pairs {
        let first = row + pairs.first(pair)
        writer.mix(
          halfway, [first, first + 1, first + stride, first + stride + 1],
          writer.mixings.inner, to: pairs.innerResults + pair * pairs.inner.count)
      }
    }
  }

  /// Mixes what is kept at some places, and finishes what that gives from the index `p` on.
  private mutating func mix(
    _ pointer: Name, _ places: [Int], _ program: LinearProgram, to first: Int
  ) {
    let p = tileAxes.written[0]
    apply(program) { writer, input in
      writer.kept(pointer, places[input])
    } take: { writer, number, result in
      writer.finish(row: [p: first + number], vector: 0, accumulator: result, position: nil)
    }
  }

  /// Takes what is read apart, and keeps it.
  mutating func takeApart(_ body: inout CText, _ pairs: PairMixing, _ operand: Int) throws {
    let (p, stride) = (tileAxes.read[0], pairs.halfwayStride)
    let singles = 0..<PairMixing.singles
    comment(&body, "Single rows, with single columns and with pairs.")
    for u in singles {
      for v in singles {
        let value = context.load(operand, row: [p: u * singles.count + v], vector: 0)
        keep(value, at: "halfway", u * stride + v)
      }
      for pair in 0..<pairs.pairs {
        let first = u * stride + pairs.first(pair)
        takeApart(
          operand, pairs.rowEdges + (u * pairs.pairs + pair) * pairs.edge.count, mixings.edge,
          to: "halfway", [first, first + 1])
      }
    }
    try context.takeBlock(into: &body)
    guard pairs.pairs > 0 else { return }
    let row = pairs.first(0) * stride
    comment(&body, "Pairs of rows, with single columns.")
    try pairLoop(
      &body, pairs, "edge", p, steps: singles.count * pairs.edge.count, [operand]
    ) { writer, halfway in
      for v in singles {
        writer.takeApart(
          operand, pairs.columnEdges + v * pairs.edge.count, writer.mixings.edge,
          to: halfway, [row + v, row + stride + v])
      }
    }
    comment(&body, "Pairs of rows, with pairs of columns.")
    try pairLoop(
      &body, pairs, "pair", p, steps: pairs.pairs * pairs.inner.count, [operand]
    ) { writer, halfway in
      for pair in 0..<pairs.pairs {
        let first = row + pairs.first(pair)
        writer.takeApart(
          operand, pairs.innerResults + pair * pairs.inner.count, writer.mixings.inner,
          to: halfway, [first, first + 1, first + stride, first + stride + 1])
      }
    }
  }

  /// Takes apart what is read from the index `first` on, and keeps it at some places.
  private mutating func takeApart(
    _ operand: Int, _ first: Int, _ program: LinearProgram, to pointer: Name, _ places: [Int]
  ) {
    let p = tileAxes.read[0]
    apply(program) { writer, input in
      writer.context.load(operand, row: [p: first + input], vector: 0)
    } take: { writer, number, result in
      writer.keep(result, at: pointer, places[number])
    }
  }

  /// A loop over the pairs of rows.
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
