import QuernPasses
import QuernVectors

/// Panels of a factor that is the same in every step: they are packed once, and keep their place.
struct PreparedPanels: Sendable {
  /// What the C calls the function that packs them: `name(factor, panels, thread)`.
  var function: String
  /// The number of the factor's access in the nest.
  var access: Int
  var byteCount: Int
}

// Where a factor's panels are packed: in the step, as tiles need them, or before the first.

extension MacroKernelWriter {
  /// A thread packs the columns it will use, in the order it will: all of them, unless the work is split
  /// over columns.
  mutating func packAll(
    _ columns: [TileLoop], _ workSplit: WorkSplit?, _ mode: TileMode,
    _ text: inout CText
  ) throws {
    guard workSplit?.kind != .column, let loop = columns.first, loop.split.count > 1 else {
      try Self.nest(columns, workSplit, &text) { text in try pack(nil, mode, &text) }
      return
    }
    try packRuns(loop, among: 1, mode, &text)
  }

  /// Packs the columns in the order in which runs walk them, big ones first.
  private mutating func packRuns(
    _ loop: TileLoop, among threads: Int, _ mode: TileMode, _ text: inout CText
  ) throws {
    for run in tileLoops.runs(loop) {
      func position(_ tile: String) -> String {
        (run.start == 0 ? "" : "\(run.start) + ") + "(\(tile)) * \(run.step)"
      }
      let share = Share(of: run.tiles.count, among: threads)
      let end = run.start + run.tiles.count * run.step
      let (from, to) =
        threads == 1
        ? ("\(run.start)", "\(end)") : (position(share.from), position(share.to))
      try text.braces(
        "for (long \(loop.name) = \(from); \(loop.name) < \(to); \(loop.name) += \(run.step))"
      ) { text in try pack(run, mode, &text) }
    }
  }

  mutating func pack(
    _ run: TileRun?, _ mode: TileMode, _ text: inout CText
  ) throws {
    guard let packed = tileLoops.schedule.packed, let lane = tileLoops.schedule.laneAxis else {
      return
    }
    let nest = tileLoops.nest
    let access = nest.access(of: packed)
    let axes = (tileLoops.schedule.panelAxes + [lane]).filter(tileLoops.varying.contains)
    var terms = ((nest.chunkAxis.map { [$0] } ?? []) + axes).map {
      (nest.axes[$0].name, access.elements(along: $0))
    }
    let block = tileLoops.blockStart(access.elementStrides, mode)
    terms += block?.terms ?? []
    let source = "\(access.name) + \(affineText(terms, offset: block?.offset ?? 0))"
    // Blocks are of one size but for the last.
    let isLast =
      mode == .finish && tileLoops.schedule.blocks.map { $0.lastSize != $0.size } ?? false
    var branches: [(condition: String?, call: String)] = []
    for column in tileLoops.columnShapes(run) {
      let writer = PackWriter(
        nest: nest, schedule: tileLoops.schedule, machine: machine, access: access,
        laneAxis: lane, vectors: column.vectors, tail: column.tail, mode: mode,
        packing: tuning.packing,
        reader: reader)
      let suffix = "\(column.vectors)" + (column.tail.map { "t\($0)" } ?? "")
      let name = "\(tileLoops.name)_pack_\(isLast ? "last_" : "")\(suffix)"
      if defined.insert(name).inserted { functions.append(try writer.function(named: name)) }
      branches.append(
        (column.condition, "\(name)(\(tileLoops.panelAddress()), \(source));"))
    }
    choose(branches, &text)
  }

  /// Panels that must be packed before the first step.
  var prepared: PreparedPanels? {
    guard tileLoops.schedule.isPrepared, let packed = tileLoops.schedule.packed else { return nil }
    return PreparedPanels(
      function: "\(tileLoops.name)_prepare", access: tileLoops.nest.factors[packed].access,
      byteCount: tileLoops.preparedElements * tileLoops.nest.access(of: packed).size)
  }

  /// Writes the function that packs the panels before the first step, if there are such.
  mutating func writePreparation() throws {
    guard let prepared else { return }
    let access = tileLoops.nest.accesses[prepared.access]
    var body = CText()
    let panels = tileLoops.loops.filter { $0.kind == .panel }
    let columns = tileLoops.loops.filter { $0.kind == .column }
    let order = tileLoops.order
    let run = tileLoops.runLoop(order, tileLoops.workSplit).map { order[$0] }
    try Self.nest(panels, nil, &body) { text in
      // Panels are as wide as the tiles that are walked, which in runs come sorted by their size.
      guard let run, run.kind == .column else {
        // All threads pack, also for a kernel whose chunks each thread works off by itself.
        let workSplit = WorkSplit(
          kind: .column, axis: columns.first?.axis ?? 0, shares: team)
        return try Self.nest(columns, team > 1 ? workSplit : nil, &text) { text in
          try pack(nil, .whole, &text)
        }
      }
      try packRuns(run, among: team, .whole, &text)
    }
    var text = CText()
    text.line("static void \(prepared.function)(")
    text.line("    \(access.cPointer)\(access.name), float *panels, long share)")
    text.braces("") { text in
      text.line("(void)share;")
      if team > 1, columns.allSatisfy({ $0.split.count == 1 }) {
        text.braces("if (share == 0)") { $0.append(body, indented: true) }
      } else {
        text.append(body, indented: true)
      }
    }
    functions.append(text)
  }
}
