import QuernPasses
import QuernVectors

// Tiles that are transformed: R · tile · Cᵀ, column by column and then row by row.

extension TileWriter {
  /// The axes of a tile's sides: rows and columns of the result, then of what is read.
  private struct Sides {
    var row: Int
    var column: Int
    var readRow: Int
    var readColumn: Int
  }

  private var sides: Sides? {
    let axes = nest.axes.indices.filter { nest.axes[$0].isSide }
    guard axes.count == 4 else { return nil }
    return Sides(row: axes[0], column: axes[1], readRow: axes[2], readColumn: axes[3])
  }

  /// Registers that a pass over one column or row takes beside its operands.
  private static let passRegisters = 4

  /// What both passes multiply by: in registers as far as there are any, the others in memory.
  mutating func placeFactors(_ body: inout CText) throws {
    guard case .transform(let rows, let columns) = nest.reduction else { return }
    let down = LinearProgram(rows)
    passes = (down, columns == rows ? down : LinearProgram(columns))
    var uses: [(factor: Float, count: Int)] = []
    for program in [passes.down, passes.along] {
      for terms in program.steps + program.results.map({ $0.map { [$0] } ?? [] }) {
        for (number, term) in terms.enumerated() {
          guard let factor = term.factor(isFirst: number == 0) else { continue }
          if let known = uses.firstIndex(where: { $0.factor == factor }) {
            uses[known].count += 1
          } else {
            uses.append((factor, 1))
          }
        }
      }
    }
    let held =
      rows[0].count + Self.passRegisters + (staysInRegisters ? rows.count * rows[0].count : 0)
    let room = max(0, machine.target.registerCount - held)
    let ranked = uses.sorted { ($1.count, $0.factor) < ($0.count, $1.factor) }.map(\.factor)
    for (number, factor) in ranked.enumerated() {
      let register = context.builder.newRegister()
      context.builder.append(.constant(register, factor))
      if number < room, context.renderer.freeRegisterCount > 0 {
        try context.renderer.pin(register)
        context.factors.append((factor, .register(register)))
      } else {
        let address = Address("factors", offset: factorCount * 4)
        factorCount += context.lanes
        context.builder.store(register, to: address)
        context.factors.append((factor, .memory(address)))
      }
    }
    try context.takeBlock(into: &body)
  }

  /// Whether what lies between the passes fits into registers beside their operands.
  private var staysInRegisters: Bool {
    guard case .transform(let rows, _) = nest.reduction, let side = rows.first?.count else {
      return false
    }
    return (rows.count + 1) * side + Self.passRegisters <= machine.target.registerCount
  }

  /// Transforms the tile that the pointers point to, and stores what is made of it.
  mutating func transformTile(_ body: inout CText) throws {
    guard case .transform(let rows, _) = nest.reduction, let sides,
      let operand = nest.factors.first?.reference
    else { return }
    let (down, along) = passes
    let side = down.inputCount
    if staysInRegisters {
      let halfway = (0..<side).map { b in
        apply(
          down,
          (0..<side).map {
            context.load(operand, row: [sides.readRow: $0, sides.readColumn: b], vector: 0)
          })
      }
      for u in rows.indices {
        for (v, result) in apply(along, halfway.map { $0[u] }).enumerated() {
          finish(
            row: [sides.row: u, sides.column: v], vector: 0, accumulator: result, position: nil)
        }
      }
      try context.takeBlock(into: &body)
      return
    }
    halfwayCount = rows.count * side * context.lanes
    let writing = Name("halfway_" + nest.axes[sides.readColumn].name)
    let reading = Name("halfway_" + nest.axes[sides.row].name)
    body.pointer("float *", writing, from: "halfway")
    try sideLoop(
      &body, sides.readColumn, [operand],
      BlockLoop.Advance(writing, elements: context.lanes)
    ) { writer in
      let column = (0..<side).map {
        writer.context.load(operand, row: [sides.readRow: $0], vector: 0)
      }
      for (u, result) in writer.apply(down, column).enumerated() {
        let place = u * side * writer.context.lanes
        writer.context.builder.store(result, to: Address(writing, offset: place * 4))
      }
    }
    body.pointer("const float *", reading, from: "halfway")
    let others = epilogueReferences.filter { $0 != operand }
    try sideLoop(
      &body, sides.row, others,
      BlockLoop.Advance(reading, elements: side * context.lanes)
    ) { writer in
      let row = (0..<side).map { b in
        writer.context.builder.load(
          Address(reading, offset: b * writer.context.lanes * 4))
      }
      for (v, result) in writer.apply(along, row).enumerated() {
        writer.finish(
          row: [sides.column: v], vector: 0, accumulator: result, position: nil)
      }
    }
  }

  /// A loop over one side of the tile; the references' pointers go along, and the one between the
  /// passes.
  private mutating func sideLoop(
    _ body: inout CText, _ axis: Int, _ moving: [Int], _ halfway: BlockLoop.Advance,
    _ inside: (inout TileWriter) -> Void
  ) throws {
    let outer = (context.pointers, context.indexText)
    let name = nest.axes[axis].name
    let advances =
      [halfway] + advancePointers(&body, moving, axis: axis, steps: 1, loop: name)
    advanceIndices(axis, name)
    inside(&self)
    try context.takeLoop(
      BlockLoop(name, rounds: nest.axes[axis].extent, advances: advances), into: &body)
    (context.pointers, context.indexText) = outer
  }

  /// The program's results for a column or row; zero where the matrix has nothing.
  private mutating func apply(
    _ program: LinearProgram, _ inputs: [VectorRegister]
  ) -> [VectorRegister] {
    var known = inputs
    for step in program.steps { known.append(sum(step, known)) }
    return program.results.map { result in
      guard let result else { return context.builder.zero() }
      return sum([result], known)
    }
  }

  /// Multiplications and additions in one go, from the first term on.
  private mutating func sum(
    _ terms: [LinearProgram.Term], _ known: [VectorRegister]
  ) -> VectorRegister {
    var sum: VectorRegister?
    for term in terms {
      let x = known[term.source]
      let isNegative = term.coefficient < 0
      let value = term.factor(isFirst: sum == nil)
      let factor = value.flatMap { value in context.factors.first { $0.value == value }?.place }
      switch (sum, factor) {
      case (nil, nil): sum = isNegative ? context.builder.unary(.negate, x) : x
      case (nil, let factor?): sum = context.builder.binary(.multiply, x, factor)
      case (let before?, nil):
        sum = context.builder.binary(isNegative ? .subtract : .add, before, x)
      case (let before?, let factor?):
        let result = context.builder.newRegister()
        context.builder.append(
          .multiplyAdd(result, a: x, b: factor, c: before, negated: isNegative))
        sum = result
      }
    }
    return sum ?? context.builder.zero()
  }
}

extension LinearProgram.Term {
  /// What it multiplies by, where that is not ±1: only the size, where a sum takes care of the sign.
  fileprivate func factor(isFirst: Bool) -> Float? {
    if abs(coefficient) == 1 { return nil }
    return Float(isFirst ? coefficient : abs(coefficient))
  }
}
