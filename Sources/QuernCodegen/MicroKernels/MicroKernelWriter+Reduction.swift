import QuernVectors

// A tile's reduction: loops around steps, each of which adds to all accumulators.

extension MicroKernelWriter {
  /// The reduction axes from the outermost; lanes that run over one come last.
  private var loopAxes: [Int] {
    if case .reduction(let lane) = schedule.lanes {
      return nest.reductionAxes.filter { $0 != lane } + [lane]
    }
    return nest.reductionAxes
  }

  /// The maximum over a small window for the row that the pointers point to, and what is made of it.
  mutating func window() {
    let vectors = context.isScalar ? 1 : context.shape.vectors
    accumulators = [(0..<vectors).map { _ in context.builder.newRegister() }]
    if nest.wantsPosition {
      positions = [(0..<vectors).map { _ in context.builder.newRegister() }]
    }
    for (number, place) in places(loopAxes).enumerated() {
      step(offset: place, axis: nil, count: nil, rows: [[:]], isFirst: number == 0)
    }
    for vector in 0..<vectors {
      finish(
        row: [:], vector: vector, accumulator: accumulators[0][vector],
        position: positions.first?[vector])
    }
  }

  mutating func reduce(_ body: inout CText, level: Int) throws {
    let axes = loopAxes
    guard level < axes.count else {
      step(offset: [:], axis: nil, count: nil)
      try context.takeBlock(into: &body)
      return
    }
    if level == axes.count - 1 - schedule.writtenOut {
      try innermost(&body, axis: axes[level], within: places(axes[(level + 1)...]))
      return
    }
    let axis = axes[level]
    let name = nest.axes[axis].name
    let outer = (context.pointers, context.indexText)
    let extent = schedule.extent(of: axis, nest, mode)
    guard extent > 1 else { return try reduce(&body, level: level + 1) }
    try body.braces("for (long \(name) = 0; \(name) < \(extent); \(name)++)") { body in
      for (index, access) in accesses.enumerated()
      where isFactor(index) && access.strides[axis] != 0 {
        let inner = context.ownPointer(index, in: name)
        let step = affineText([(name, access.elements(along: axis))])
        body.line(
          "const \(access.cType) *\(inner) = \(outer.0[index]) + \(step);")
        context.pointers[index] = inner
      }
      advanceIndices(axis, name)
      try reduce(&body, level: level + 1)
    }
    (context.pointers, context.indexText) = outer
  }

  /// All positions of some axes, the last moving fastest.
  private func places(_ axes: some Sequence<Int>) -> [AxisSteps] {
    var result: [AxisSteps] = [[:]]
    for axis in axes {
      result = result.flatMap { place in
        (0..<nest.axes[axis].extent).map { place.with($0, along: axis) }
      }
    }
    return result
  }

  private func isFactor(_ index: Int) -> Bool { nest.factors.contains { $0.access == index } }

  /// Gives accesses pointers of their own that a loop along an axis moves on.
  ///
  /// - Parameters:
  ///   - steps: along the axis each time.
  ///   - loop: the name of the loop's variable.
  mutating func advancePointers(
    _ body: inout CText, _ indices: [Int], axis: Int, steps: Int, loop: String
  ) -> [BlockLoop.Advance] {
    indices.filter { accesses[$0].strides[axis] != 0 }.map { index in
      let access = accesses[index]
      let own = context.ownPointer(index, in: loop)
      body.pointer(access.cPointer, own, from: context.pointers[index])
      context.pointers[index] = own
      return BlockLoop.Advance(
        own, elements: access.elements(along: axis) * steps, byteCount: access.size)
    }
  }

  mutating func advanceIndices(_ axis: Int, _ variable: String) {
    for (index, stride) in indicesMoving(along: axis) {
      context.indexText[index.number(nest)] += " + \(variable) * \(stride)"
    }
  }

  /// The indices that depend on an axis, and how far one step leads.
  private func indicesMoving(along axis: Int) -> [(index: NestIndex, stride: Int)] {
    NestIndex.all(nest).compactMap { index in
      let stride = index.expression(nest).coefficient(of: axis)
      return stride == 0 ? nil : (index, stride)
    }
  }

  /// The innermost loop.
  ///
  /// - Parameter within: positions along axes further inside, all of which a step goes through.
  private mutating func innermost(
    _ body: inout CText, axis: Int, within: [AxisSteps]
  ) throws {
    let byLanes = schedule.lanes == .reduction(axis)
    let extent = schedule.extent(of: axis, nest, mode)
    let stepSize = byLanes ? context.lanes : 1
    let steps = extent / stepSize
    let unroll = max(1, min(schedule.unroll, steps))
    let rounds = steps / unroll
    let name = nest.axes[axis].name
    let outer = (context.pointers, context.indexText)
    func place(_ number: Int) -> AxisSteps {
      within[number % within.count].with(number / within.count * stepSize, along: axis)
    }
    if rounds > 1 {
      let stride = unroll * stepSize
      let advances = advancePointers(
        &body, accesses.indices.filter(isFactor), axis: axis, steps: stride, loop: name)
      advanceIndices(axis, name)
      for number in 0..<unroll * within.count {
        prefetchLines(step: number)
        fetchStream(at: place(number))
        if schedule.writtenOut == 0 {
          fetchNextRows(axis, step: number)
          fetchFollowingPanel(axis, step: number)
        }
        step(offset: place(number), axis: axis, count: nil)
      }
      let ahead = prefetch.map { [BlockLoop.Advance(Self.pointer, elements: $0.step)] } ?? []
      try context.takeLoop(
        BlockLoop(name, rounds: rounds, step: stride, advances: ahead + advances), into: &body)
      context.indexText = outer.1
      for (index, distance) in indicesMoving(along: axis) {
        context.indexText[index.number(nest)] += " + \(rounds * stride * distance)"
      }
    }
    // What rounds have left, from where the pointers are now; all of it where there is one round.
    let behind = rounds > 1 ? rounds * unroll : 0
    for number in 0..<(steps - behind) * within.count {
      step(offset: place(number), axis: axis, count: nil)
    }
    if extent % stepSize != 0 {
      step(
        offset: place((steps - behind) * within.count), axis: axis, count: extent % stepSize)
    }
    try context.takeBlock(into: &body)
    (context.pointers, context.indexText) = outer
  }

  /// One reduction step for all accumulators.
  ///
  /// - Parameter isFirst: whether these are the first values of maxima, which nothing precedes.
  private mutating func step(
    offset: AxisSteps, axis: Int?, count: Int?, rows: [AxisSteps]? = nil, isFirst: Bool = false
  ) {
    let laneAxis: Int? = if case .reduction(let lane) = schedule.lanes { lane } else { nil }
    let place = TileContext.Step(offset: offset, laneAxis: laneAxis, count: count)
    let rows = rows ?? context.rowPositions
    let vectors = context.isScalar ? 1 : context.shape.vectors
    let keepsRows = Schedule.keepsRowValues(rows.count, vectors, nest, machine.target)
    for outer in 0..<(keepsRows ? vectors : rows.count) {
      for inner in 0..<(keepsRows ? rows.count : vectors) {
        let (row, vector) = keepsRows ? (inner, outer) : (outer, inner)
        add(row, rows[row], vector, place, laneAxis: laneAxis, count: count, isFirst: isFirst)
      }
    }
  }

  /// One reduction step for one accumulator.
  private mutating func add(
    _ number: Int, _ row: AxisSteps, _ vector: Int, _ place: TileContext.Step, laneAxis: Int?,
    count: Int?, isFirst: Bool
  ) {
    let accumulator = accumulators[number][vector]
    if nest.reduction == .maximum {
      var value = context.factor(0, row: row, vector: vector, place)
      if let count {
        let least = context.builder.constant(-Float.infinity)
        let blended = context.builder.newRegister()
        context.builder.append(.blend(blended, count: count, first: value, rest: least))
        value = blended
      }
      takeMaximum(
        value, number, vector, row, step: place.further(nest.strides(of: nest.position)),
        laneStride: laneAxis.map { nest.position.coefficient(of: $0) }, isFirst: isFirst)
    } else if nest.isProduct {
      let b = context.factor(1, row: row, vector: vector, place)
      let a = context.factor(0, row: row, vector: vector, place)
      context.builder.append(
        .accumulate(
          accumulator, a, .register(b), count: laneAxis == nil ? context.halfCount(vector) : nil))
    } else {
      let value = context.product(row: row, vector: vector, place)
      context.builder.append(.binary(.add, accumulator, accumulator, .register(value)))
    }
  }

  private mutating func takeMaximum(
    _ value: VectorRegister, _ number: Int, _ vector: Int, _ row: AxisSteps, step: Int,
    laneStride: Int?, isFirst: Bool
  ) {
    let best = accumulators[number][vector]
    if nest.wantsPosition {
      let place = context.index(
        .position, row: [:], vector: 0, step: step, laneStride: laneStride ?? 0)
      let known = positions[number][vector]
      if isFirst {
        context.builder.append(.move(known, place))
        return context.builder.append(.move(best, value))
      }
      // Later values win where they are larger, or NaN while the best so far is not.
      let kept = context.builder.select(
        value, .lessOrEqual, best, ifTrue: known, ifFalse: place)
      context.builder.append(
        .compareSelect(known, .notEqual, .f32, best, best, ifTrue: known, ifFalse: kept))
    }
    if isFirst { return context.builder.append(.move(best, value)) }
    let larger = context.builder.maximum(best, value)
    context.builder.append(
      .compareSelect(best, .notEqual, .f32, best, best, ifTrue: best, ifFalse: larger))
  }
}
