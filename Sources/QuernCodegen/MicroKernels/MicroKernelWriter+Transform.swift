import QuernGraph
import QuernPasses
import QuernVectors

// Tiles that are transformed: R · tile · Cᵀ, column by column and then row by row; before or after that,
// values may be mixed.

extension MicroKernelWriter {
  /// The axes of what is written, u and v or p, and of what is read, a and b or p.
  struct TileAxes {
    var written: [Int]
    var read: [Int]
  }

  var tileAxes: TileAxes {
    TileAxes(
      written: nest.axes.indices.filter { nest.axes[$0].kind == .tileOutput },
      read: nest.axes.indices.filter { nest.axes[$0].kind == .tileInput })
  }

  /// What the passes multiply by: in registers as far as there are any, the others in memory.
  mutating func placeFactors(_ body: inout CText) throws {
    guard case .transform(let rows, let columns, let mixing) = nest.reduction else { return }
    let down = StraightLineProgram(rows)
    passes = (down, columns == rows ? down : StraightLineProgram(columns))
    switch mixing {
    case .none: break
    case .after(let pairs):
      mixings = (StraightLineProgram(pairs.edge), StraightLineProgram(pairs.inner))
    case .before(let pairs):
      mixings = (
        StraightLineProgram(pairs.edge.transposed), StraightLineProgram(pairs.inner.transposed)
      )
    }
    var uses: [(factor: Float, count: Int)] = []
    for program in [passes.down, passes.along, mixings.edge, mixings.inner] {
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
      rows[0].count + tuning.transforms.passRegisters
      + (staysInRegisters ? rows.count * rows[0].count : 0)
    let room = max(0, machine.target.registerCount - held)
    let ranked = uses.sorted { ($1.count, $0.factor) < ($0.count, $1.factor) }.map(\.factor)
    for (number, factor) in ranked.enumerated() {
      let register = context.builder.newRegister()
      context.builder.append(.constant(register, factor))
      if number < room, context.renderer.freeRegisterCount > 0 {
        try context.renderer.pin(register)
        context.factors.append((factor, .register(register)))
      } else {
        let address = Address("factors", offset: factorCount * ElementType.accumulator.byteCount)
        factorCount += context.lanes
        context.builder.store(register, to: address)
        context.factors.append((factor, .memory(address)))
      }
    }
    try context.takeBlock(into: &body)
  }

  /// Whether what lies between the passes fits into registers beside their operands.
  private var staysInRegisters: Bool {
    guard case .transform(let rows, _, .none) = nest.reduction, let side = rows.first?.count else {
      return false
    }
    return (rows.count + 1) * side + tuning.transforms.passRegisters <= machine.target.registerCount
  }

  /// Transforms the tile that the pointers point to, and stores what is made of it.
  mutating func transformTile(_ body: inout CText) throws {
    guard case .transform(let rows, _, let mixing) = nest.reduction,
      let operand = nest.factors.first?.access
    else { return }
    let (down, along) = passes
    let side = down.inputCount
    switch mixing {
    case .none where staysInRegisters:
      try transformInRegisters(&body, operand)
    case .none:
      halfwayCount = rows.count * side * context.lanes
      try columns(&body, of: operand, stride: side)
      comment(&body, "Rows.")
      try finishLines(
        &body, along, line: tileAxes.written[0], place: tileAxes.written[1], next: side, step: 1)
    case .after(let pairs):
      let stride = Self.spread(side)
      halfwayCount = pairs.side * stride * context.lanes
      try columns(&body, of: operand, stride: stride)
      try mixRows(&body, along, pairs, stride: stride)
    case .before(let pairs):
      let stride = Self.spread(along.results.count)
      halfwayCount = pairs.side * stride * context.lanes
      try takeRowsApart(&body, along, pairs, stride: stride, operand)
      comment(&body, "Columns.")
      try finishLines(
        &body, down, line: tileAxes.written[1], place: tileAxes.written[0], next: 1, step: stride)
    }
  }

  /// Vectors from one kept row to the next: odd, since a power of two would have a column's numbers meet in
  /// few sets of the cache.
  private static func spread(_ vectors: Int) -> Int { vectors | 1 }

  private mutating func transformInRegisters(_ body: inout CText, _ operand: Int) throws {
    let (down, along) = passes
    let axes = tileAxes
    let (side, rows) = (down.inputCount, down.results.count)
    var halfway = (0..<side).map { _ in [VectorRegister?](repeating: nil, count: rows) }
    for b in 0..<side {
      apply(down) { writer, a in
        writer.context.load(operand, row: [axes.read[0]: a, axes.read[1]: b], vector: 0)
      } take: { _, u, result in
        halfway[b][u] = result
      }
    }
    for u in 0..<rows {
      apply(along) { writer, b in
        halfway[b][u] ?? writer.context.builder.zero()
      } take: { writer, v, result in
        writer.finish(
          row: [axes.written[0]: u, axes.written[1]: v], vector: 0, accumulator: result,
          position: nil)
      }
    }
    try context.takeBlock(into: &body)
  }

  // MARK: Passes

  /// Multiplies the columns of what is read, and keeps them.
  ///
  /// - Parameter stride: vectors from one kept row to the next.
  private mutating func columns(_ body: inout CText, of operand: Int, stride: Int) throws {
    let axes = tileAxes
    let (row, column) = (axes.read[0], axes.read[1])
    comment(&body, "Columns.")
    let halfway = Name("halfway_" + nest.axes[column].name)
    body.pointer("float *", halfway, from: "halfway")
    try tileLoop(
      &body, nest.axes[column].name, rounds: nest.axes[column].extent, column, [operand],
      BlockLoop.Advance(halfway, elements: context.lanes)
    ) { writer in
      writer.apply(writer.passes.down) { writer, a in
        writer.context.load(operand, row: [row: a], vector: 0)
      } take: { writer, u, result in
        writer.keep(result, at: halfway, u * stride)
      }
    }
  }

  /// Multiplies the rows or columns of what was kept, and finishes what that gives.
  ///
  /// - Parameters:
  ///   - line: the written axis from one row or column to the next, and `place` that within one.
  ///   - next: vectors from one kept row or column to the next, and `step` within one.
  private mutating func finishLines(
    _ body: inout CText, _ program: StraightLineProgram, line: Int, place: Int, next: Int, step: Int
  ) throws {
    let halfway = Name("halfway_" + nest.axes[line].name)
    body.pointer("const float *", halfway, from: "halfway")
    try tileLoop(
      &body, nest.axes[line].name, rounds: nest.axes[line].extent, line, finishedAccesses,
      BlockLoop.Advance(halfway, elements: next * context.lanes)
    ) { writer in
      writer.apply(program) { writer, input in
        writer.kept(halfway, input * step)
      } take: { writer, number, result in
        writer.finish(row: [place: number], vector: 0, accumulator: result, position: nil)
      }
    }
  }

  /// What is read and written to finish a tile, beside the tile itself.
  var finishedAccesses: [Int] {
    epilogueAccesses.filter { $0 != nest.factors.first?.access }
  }

  /// A line for readers; for TinyCC it would part what is one block of machine code.
  func comment(_ body: inout CText, _ text: String) {
    if context.renderer.reader == .everyone { body.line("// " + text) }
  }

  /// What was kept so many vectors from a pointer.
  mutating func kept(_ pointer: Name, _ vectors: Int) -> VectorRegister {
    context.builder.load(Address(pointer, offset: vectors * context.vectorBytes))
  }

  mutating func keep(_ register: VectorRegister, at pointer: Name, _ vectors: Int) {
    context.builder.store(
      register, to: Address(pointer, offset: vectors * context.vectorBytes))
  }

  /// A loop over a part of the tile; the accesses' pointers go along, and the one to what is kept.
  ///
  /// - Parameters:
  ///   - axis: what the accesses' pointers go along, so many `steps` a round.
  mutating func tileLoop(
    _ body: inout CText, _ name: String, rounds: Int, _ axis: Int, steps: Int = 1,
    _ moving: [Int], _ halfway: BlockLoop.Advance, _ inside: (inout MicroKernelWriter) -> Void
  ) throws {
    let outer = (context.pointers, context.indexText)
    let advances =
      [halfway] + advancePointers(&body, moving, axis: axis, steps: steps, loop: name)
    advanceIndices(axis, name)
    inside(&self)
    try context.takeLoop(BlockLoop(name, rounds: rounds, advances: advances), into: &body)
    (context.pointers, context.indexText) = outer
  }

  /// Runs the program on a column or row: reads an input where it is first needed, and hands on each
  /// result as soon as it is known, zero where the matrix has nothing.
  mutating func apply(
    _ program: StraightLineProgram, read: (inout MicroKernelWriter, Int) -> VectorRegister,
    take: (inout MicroKernelWriter, Int, VectorRegister) -> Void
  ) {
    var known = [VectorRegister?](
      repeating: nil, count: program.inputCount + program.steps.count)
    func value(_ terms: [StraightLineProgram.Term], _ writer: inout MicroKernelWriter)
      -> VectorRegister
    {
      let values = terms.map { term in
        let value = known[term.source] ?? read(&writer, term.source)
        known[term.source] = value
        return value
      }
      return writer.sum(terms, values)
    }
    for event in program.events {
      switch event {
      case .step(let step):
        known[program.inputCount + step] = value(program.steps[step], &self)
      case .result(let number):
        let result = program.results[number]
        take(&self, number, result.map { value([$0], &self) } ?? context.builder.zero())
      }
    }
  }

  /// Multiplications and additions in one go, from the first term on.
  private mutating func sum(
    _ terms: [StraightLineProgram.Term], _ values: [VectorRegister]
  ) -> VectorRegister {
    if terms.count == 1, terms[0].coefficient == 1 { return values[0] }
    var sum: VectorRegister?
    for (term, x) in zip(terms, values) {
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

extension StraightLineProgram.Term {
  /// What it multiplies by, where that is not ±1: only the size, where a sum takes care of the sign.
  fileprivate func factor(isFirst: Bool) -> Float? {
    if abs(coefficient) == 1 { return nil }
    return Float(isFirst ? coefficient : abs(coefficient))
  }
}
