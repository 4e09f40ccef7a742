import QuernPasses
import QuernVectors

// What happens to a tile's sums before they are stored.

extension MicroKernelWriter {
  /// Instructions of one vector's epilogue, roughly.
  private var epilogueLength: Int {
    nest.values.reduce(nest.stores.count) { sum, value in
      if case .apply(let op, _, _) = value {
        switch op {
        case .exp, .log, .tanh, .sigmoid, .erf, .uniform:
          return sum + tuning.epilogues.functionInstructions
        case .sin, .cos: return sum + tuning.epilogues.trigonometricInstructions
        default: return sum + tuning.epilogues.opInstructions
        }
      }
      return sum + 1
    }
  }

  /// A long epilogue is written once, as a loop over the tile's rows, which then pass through
  /// memory; a short one is written for every row, straight from the accumulators.
  private var loopsOverRows: Bool {
    if isPlain {
      return nest.reduction.isTransform || schedule.unrollsWindow || context.rowPositions.count > 1
    }
    return !context.isScalar && nest.reduction == .sum && accumulators.count > 1
      && epilogueLength * accumulators.count * context.shape.vectors
        > tuning.epilogues.maxWrittenOut
  }

  mutating func epilogue(_ body: inout CText) throws {
    try addEarlierChunks(&body)
    if loopsOverRows {
      try loopedEpilogue(&body)
    } else {
      try unrolledEpilogue(&body)
    }
  }

  /// Adds what earlier chunks have stored to the sums.
  private mutating func addEarlierChunks(_ body: inout CText) throws {
    guard nest.addsUp, let store = nest.stores.first, !accumulators.isEmpty else { return }
    if case .reduction = schedule.lanes {
      for (number, registers) in accumulators.enumerated() {
        for register in registers {
          let (sum, _) = joinLanes(register, nil)
          context.builder.append(.move(accumulators[number][0], sum))
        }
      }
      try context.takeBlock(into: &body)
    }
    for (number, row) in context.rowPositions.enumerated() {
      for (vector, register) in accumulators[number].enumerated() {
        let stored = context.load(
          store.access, row: row, vector: vector, step: store.displacement,
          count: context.isScalar ? nil : context.laneCount(vector))
        context.builder.append(.binary(.add, register, register, .register(stored)))
      }
    }
    try body.braces("if (!first)") { try context.takeBlock(into: &$0) }
  }

  private mutating func loopedEpilogue(_ body: inout CText) throws {
    let width = context.shape.vectors * context.lanes
    let axes = schedule.rowAxes.filter { (context.shape.rows[$0] ?? 1) > 1 }
    if isPlain {
      try rowLoops(&body, axes[...], sums: nil)
      return
    }
    for (number, registers) in accumulators.enumerated() {
      for (vector, register) in registers.enumerated() {
        let offset = (number * context.shape.vectors + vector) * context.vectorBytes
        context.builder.store(register, to: Address("sums", offset: offset))
      }
    }
    try context.takeBlock(into: &body)
    for register in accumulators.joined() { context.renderer.release(register) }
    sumCount = accumulators.count * width
    try rowLoops(&body, axes[...], sums: "sums")
  }

  private mutating func rowLoops(
    _ body: inout CText, _ axes: ArraySlice<Int>, sums: Name?
  ) throws {
    guard let axis = axes.first else {
      if nest.reduction.isTransform { return try transformTile(&body) }
      finishRow(sums)
      try context.takeBlock(into: &body)
      return
    }
    let name = nest.axes[axis].name + "_row"
    let count = context.shape.rows[axis] ?? 1
    let inner = axes.dropFirst().reduce(context.shape.vectors * context.lanes) {
      $0 * (context.shape.rows[$1] ?? 1)
    }
    let outer = (context.pointers, context.indexText)
    let own = sums.map { Name($0.text + "_") }
    if let sums, let own { body.pointer("const float *", own, from: sums) }
    if axis == schedule.squareAxis {
      try squares(&body, axis, count, loop: name)
      (context.pointers, context.indexText) = outer
      return
    }
    let advances =
      (own.map { [BlockLoop.Advance($0, elements: inner)] } ?? [])
      + advancePointers(&body, epilogueAccesses, axis: axis, steps: 1, loop: name)
    advanceIndices(axis, name)
    let loop = BlockLoop(name, rounds: count, advances: advances)
    if axes.count == 1, !nest.reduction.isTransform {
      finishRow(own)
      try context.takeLoop(loop, into: &body)
    } else {
      try body.braces(loop.head) { body in
        try rowLoops(&body, axes.dropFirst(), sums: own)
        for advance in advances { body.fragment(.advance(advance)) }
      }
    }
    (context.pointers, context.indexText) = outer
  }

  /// Computes and stores the rows along an axis of squares, as many as there are lanes at a time.
  private mutating func squares(
    _ body: inout CText, _ axis: Int, _ count: Int, loop name: String
  ) throws {
    func finish(_ rows: Int, _ writer: inout MicroKernelWriter) {
      writer.context.squareRows = rows
      for vector in 0..<writer.context.shape.vectors {
        for row in 0..<rows {
          writer.finish(row: [axis: row], vector: vector, accumulator: nil, position: nil)
        }
      }
    }
    let (whole, rest) = count.quotientAndRemainder(dividingBy: context.lanes)
    if whole > 0 {
      let advances = advancePointers(
        &body, epilogueAccesses, axis: axis, steps: context.lanes, loop: name)
      finish(context.lanes, &self)
      try context.takeLoop(
        BlockLoop(name, rounds: whole, step: context.lanes, advances: advances), into: &body)
    }
    if rest > 0 {
      finish(rest, &self)
      try context.takeBlock(into: &body)
    }
    context.squareRows = nil
  }

  /// Computes and stores the row that the pointers point to.
  private mutating func finishRow(_ sums: Name?) {
    if schedule.unrollsWindow { return window() }
    for vector in 0..<(context.isScalar ? 1 : context.shape.vectors) {
      let sum = sums.map {
        context.builder.load(Address($0, offset: vector * context.vectorBytes))
      }
      finish(row: [:], vector: vector, accumulator: sum, position: nil)
    }
  }

  var epilogueAccesses: [Int] {
    let own = nest.valueAccesses
    return isPlain ? Set(own + nest.factors.map(\.access)).sorted() : own
  }

  /// Computes and stores the values of one vector of outputs.
  mutating func finish(
    row: AxisSteps, vector: Int, accumulator: VectorRegister?, position: VectorRegister?
  ) {
    var writer = ValueWriter(
      row: row, vector: vector, accumulator: accumulator, position: position)
    if nest.keepsOrder {
      for number in nest.values.indices {
        let register = writer.value(number, &context)
        for store in nest.stores where store.value == number {
          context.store(
            register, store.access, row: row, vector: vector, step: store.displacement)
        }
      }
      return
    }
    let results = nest.stores.map { (writer.value($0.value, &context), $0) }
    for (register, store) in results {
      context.store(register, store.access, row: row, vector: vector, step: store.displacement)
    }
  }

  private mutating func unrolledEpilogue(_ body: inout CText) throws {
    let vectors = context.isScalar ? 1 : context.shape.vectors
    for (number, row) in context.rowPositions.enumerated() {
      for vector in 0..<vectors {
        var accumulator = isPlain ? nil : accumulators[number][vector]
        var position = isPlain || !nest.wantsPosition ? nil : positions[number][vector]
        if case .reduction = schedule.lanes, !nest.addsUp, let register = accumulator {
          (accumulator, position) = joinLanes(register, position)
        }
        finish(row: row, vector: vector, accumulator: accumulator, position: position)
      }
      try context.takeBlock(into: &body)
      if !isPlain {
        for register in accumulators[number] { context.renderer.release(register) }
        if nest.wantsPosition {
          for register in positions[number] { context.renderer.release(register) }
        }
      }
    }
  }

  /// The result over all lanes, in every lane.
  private mutating func joinLanes(
    _ register: VectorRegister, _ position: VectorRegister?
  ) -> (VectorRegister, VectorRegister?) {
    guard nest.reduction == .maximum else {
      return (context.builder.reduce(.sum, register), nil)
    }
    let most = context.builder.reduce(.maximum, register)
    // The processor's maximum drops NaN; a sum of those alone does not.
    let zero = context.builder.zero()
    let odd = context.builder.select(register, .notEqual, register, ifTrue: register, ifFalse: zero)
    let sum = context.builder.reduce(.sum, odd)
    let result = context.builder.select(sum, .notEqual, sum, ifTrue: sum, ifFalse: most)
    guard let position else { return (result, nil) }
    // Which lanes hold the result, as all ones.
    let ones = context.builder.constant(bits: .max)
    let isMost = context.builder.select(register, .equal, most, ifTrue: ones, ifFalse: zero)
    let isOdd = context.builder.select(register, .notEqual, register, ifTrue: ones, ifFalse: zero)
    let holds = context.builder.select(sum, .notEqual, sum, ifTrue: isOdd, ifFalse: isMost)
    return (result, firstPlace(position, where: holds))
  }

  /// The smallest place among lanes that are all ones in `holds`, in every lane.
  ///
  /// Places are compared as floats, which are exact below 2²⁴: larger ones by their upper and lower
  /// halves.
  private mutating func firstPlace(
    _ place: VectorRegister, where holds: VectorRegister
  ) -> VectorRegister {
    guard nest.reductionCount > 1 << 24 else { return smallest(place, where: holds) }
    let upper = context.builder.shift(.rightLogical, place, by: 16)
    let first = smallest(upper, where: holds)
    let zero = context.builder.zero()
    let isFirst = context.builder.select(
      upper, .equal, first, type: .i32, ifTrue: holds, ifFalse: zero)
    let mask = context.builder.constant(bits: 0xffff)
    let lower = smallest(context.builder.binary(.and, place, mask), where: isFirst)
    return context.builder.binary(.or, context.builder.shift(.left, first, by: 16), lower)
  }

  /// The smallest of some integers below 2²⁴.
  private mutating func smallest(
    _ value: VectorRegister, where holds: VectorRegister
  ) -> VectorRegister {
    let none = context.builder.constant(Float.greatestFiniteMagnitude)
    let zero = context.builder.zero()
    let number = context.builder.unary(.convertToFloat, value)
    let own = context.builder.select(
      holds, .notEqual, zero, type: .i32, ifTrue: number, ifFalse: none)
    return context.builder.unary(
      .truncateToInteger, context.builder.reduce(.minimum, own))
  }
}
