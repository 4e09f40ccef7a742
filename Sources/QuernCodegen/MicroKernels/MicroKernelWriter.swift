import QuernMachine
import QuernPasses
import QuernVectors

/// Writes one tile function: accumulators in registers, reduction loops around vector statements,
/// the epilogue, the stores.
struct MicroKernelWriter {
  let nest: MemoryNest
  let schedule: Schedule
  let machine: MachineFacts
  let tuning: Tuning
  let mode: TileMode
  /// With the packed factor in its panel; the partial sums, where there are any, come last.
  let accesses: [MemoryAccess]
  let partial: Int?
  /// How to read ahead what others need next, from the parameter `ahead`.
  let prefetch: ScheduledNest.Prefetch?
  var context: TileContext
  var accumulators: [[VectorRegister]] = []
  var positions: [[VectorRegister]] = []
  /// Floats of the tile, where its epilogue is a loop.
  var sumCount = 0
  /// Of a transform: what each column is multiplied by, then what each row of the result is.
  var passes = (down: StraightLineProgram([]), along: StraightLineProgram([]))
  /// Of values that are mixed: for a pair that meets a single value, and for two that meet.
  var mixings = (edge: StraightLineProgram([]), inner: StraightLineProgram([]))
  /// Floats of a tile between the two passes of its transform, and of what these multiply by.
  var halfwayCount = 0
  var factorCount = 0

  init(
    nest: MemoryNest, schedule: Schedule, machine: MachineFacts, tuning: Tuning, shape: TileShape,
    mode: TileMode, accesses: [MemoryAccess], partial: Int?, prefetch: ScheduledNest.Prefetch?,
    reader: KernelRenderer.Reader
  ) {
    self.nest = nest
    self.schedule = schedule
    self.machine = machine
    self.tuning = tuning
    self.mode = mode
    self.accesses = accesses
    self.partial = partial
    self.prefetch = prefetch
    context = TileContext(
      nest: nest, schedule: schedule, shape: shape, accesses: accesses, machine: machine,
      reader: reader)
  }

  /// There are no accumulators but those of one row at a time.
  var isPlain: Bool { nest.isDirect || schedule.unrollsWindow }

  /// How far a parameter moves from one tile to the next.
  struct Advance {
    var name: String
    var step: Int
  }

  /// The function's text.
  ///
  /// - Parameters:
  ///   - indices: those of the parameters that are integers.
  ///   - advances: for a function that works off the tiles `tile` … `end`; nil for one tile.
  mutating func function(
    named name: String, parameters: [String], indices: [String], advances: [Advance]?
  ) throws -> CText {
    context.renderer.name = name
    var before = CText()
    try placeFactors(&before)
    var body = CText()
    if !isPlain {
      try fetchForEpilogue(&body, advances)
      try start(&body)
      try reduce(&body, level: 0)
    }
    if mode == .accumulate { try storePartialSums(&body) } else { try epilogue(&body) }
    context.builder.append(.end)
    var after = CText()
    try context.takeBlock(into: &after)
    before.resolve(&context.renderer)
    after.resolve(&context.renderer)
    // An index with which no lane of this tile is compared.
    let unused = indices.filter { !body.mentions($0) }
    let tile = oneTile(body, advances ?? [], unused, isOneOfMany: advances != nil)
    var text = CText()
    let list = parameters.isEmpty ? "void" : parameters.joined(separator: ", ")
    text.line("static \(Prelude.functionAttribute) void \(name)(")
    text.line("    \(list))")
    text.braces("") { text in
      for line in context.declarations { text.line(line) }
      let arrays = [("sums", sumCount), ("factors", factorCount), ("halfway", halfwayCount)]
      for (name, count) in arrays where count > 0 {
        for line in KernelRenderer.vectors(name, floats: count) { text.line(line) }
      }
      for name in unused { text.line("(void)\(name);") }
      text.block(before)
      if advances == nil {
        text.block(tile)
      } else {
        text.braces("for (; tile < end; tile++)") { $0.block(tile) }
      }
      text.block(after)
    }
    return text
  }

  /// A tile's text: with what goes on to the next, where there are several.
  private mutating func oneTile(
    _ body: CText, _ advances: [Advance], _ unused: [String], isOneOfMany: Bool
  ) -> CText {
    var tile = CText()
    if isOneOfMany, let prefetch, let own = prefetch.perTile {
      tile.line("const float *prefetch = \(prefetch.parameter) + \(own);")
    }
    tile.append(body)
    for advance in advances where advance.step != 0 {
      if let access = accesses.first(where: { $0.name == advance.name }) {
        tile.fragment(
          .advance(
            BlockLoop.Advance(
              Name(advance.name), elements: advance.step, byteCount: access.size)))
      } else if !unused.contains(advance.name) {
        tile.line("\(advance.name) += \(advance.step);")
      }
    }
    tile.resolve(&context.renderer)
    return tile
  }

  // MARK: Accumulators

  private mutating func start(_ body: inout CText) throws {
    let vectors = context.isScalar ? 1 : context.shape.vectors
    for _ in context.rowPositions {
      accumulators.append((0..<vectors).map { _ in context.builder.newRegister() })
      if nest.wantsPosition {
        positions.append((0..<vectors).map { _ in context.builder.newRegister() })
      }
    }
    for register in accumulators.joined() { try context.renderer.pin(register) }
    for register in positions.joined() { try context.renderer.pin(register) }
    switch mode {
    case .whole: try clear(&body)
    case .finish: try loadPartialSums(&body)
    case .accumulate:
      try body.braces("if (first)") { try clear(&$0) }
      try body.braces("else") { try loadPartialSums(&$0) }
    }
  }

  private mutating func clear(_ body: inout CText) throws {
    let initial: Float = nest.reduction == .maximum ? -.infinity : 0
    for register in accumulators.joined() {
      context.builder.append(.constant(register, initial))
    }
    for register in positions.joined() { context.builder.append(.zero(register)) }
    try context.takeBlock(into: &body)
  }

  private mutating func loadPartialSums(_ body: inout CText) throws {
    for (row, registers) in zip(context.rowPositions, accumulators) {
      for (vector, register) in registers.enumerated() {
        let loaded = context.load(partial ?? 0, row: row, vector: vector)
        context.builder.append(.move(register, loaded))
      }
    }
    try context.takeBlock(into: &body)
  }

  private mutating func storePartialSums(_ body: inout CText) throws {
    for (row, registers) in zip(context.rowPositions, accumulators) {
      for (vector, register) in registers.enumerated() {
        let index = partial ?? 0
        let offset = row.distance(accesses[index].strides) + vector * context.vectorBytes
        context.builder.store(register, to: Address(context.pointers[index], offset: offset))
      }
    }
    try context.takeBlock(into: &body)
  }
}
