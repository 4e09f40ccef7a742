import QuernGraph
import QuernMachine
import QuernPasses
import QuernVectors

/// A nest of a kernel as C that leaves open where its tensors lie: kernels of one shape share it.
struct WrittenNest: Sendable {
  /// Something the loops find under a name of their own.
  enum Operand: Hashable {
    /// A tensor, by its number in the nest.
    case access(Int)
    /// Panels that were packed before the first step.
    case panels
    /// The thread's own memory behind its tensors.
    case scratch
    /// What a ``RegionPrefetch`` asks for.
    case region(Int)
  }

  /// Functions of tiles and of panels.
  var functions: CText
  var operands: [Operand]
  /// The loops over the tiles of a share; beside the operands they know `share` and `chunk`.
  var loops: CText
}

/// Writes a nest of a kernel: its tile functions, and the loops that call them.
struct MacroKernelWriter: Sendable {
  let tileLoops: ScheduledNest
  let machine: MachineFacts
  let tuning: Tuning
  /// Threads that run the program; the tiles of a nest may be one thread's alone.
  let team: Int
  let reader: KernelRenderer.Reader
  let region: RegionPrefetch?
  /// Whether the loops ask for what the region needs next.
  var prefetches = false
  var functions: [CText] = []
  var defined: Set<String> = []

  /// Chooses the schedule.
  init(_ use: NestInstance, _ options: CodegenOptions) {
    let schedule = Scheduler.schedule(
      use.nest, options.machine, threads: use.threads, tuning: options.tuning,
      numerics: options.numerics, workShares: use.workShares)
    tileLoops = ScheduledNest(
      nest: use.nest, schedule: schedule, name: use.name, threads: use.threads)
    region = use.region
    machine =
      schedule.target == options.machine.target ? options.machine : options.machine.narrowed
    team = options.threads
    tuning = options.tuning
    reader = options.reader
  }

  /// In how many shares the tiles are taken.
  var shares: Int { tileLoops.schedule.shares }

  /// Bytes of scratch memory a thread needs.
  var scratchBytes: Int {
    (tileLoops.panelElements + tileLoops.partialElements) * ElementType.accumulator.byteCount
  }

  mutating func write() throws -> WrittenNest {
    let schedule = tileLoops.schedule
    let workSplit = tileLoops.workSplit
    try writePreparation()
    var tiles = CText()
    try writeLoops(workSplit, &tiles)
    var loops = CText()
    // Accesses as the tiles see them; widths change the panel's strides.
    let (panelElements, partialElements) = (tileLoops.panelElements, tileLoops.partialElements)
    if partialElements > 0 { loops.line("float *const partial = scratch + \(panelElements);") }
    if tileLoops.threads > 1, workSplit == nil {
      // One tile, which the first thread computes: two would both update it in place.
      loops.braces("if (share == 0)") { $0.append(tiles, indented: true) }
    } else {
      loops.append(tiles)
    }
    var text = CText()
    for function in functions {
      text.append(function)
      text.line("")
    }
    let panels = prepared?.access
    var operands = tileLoops.nest.accesses.indices.filter { $0 != panels }.map {
      WrittenNest.Operand.access($0)
    }
    if schedule.isPrepared { operands.append(.panels) }
    if panelElements + partialElements > 0 { operands.append(.scratch) }
    if prefetches, let region { operands += region.ranges.indices.map { .region($0) } }
    return WrittenNest(functions: text, operands: operands, loops: loops)
  }

  private mutating func writeLoops(_ workSplit: WorkSplit?, _ text: inout CText) throws {
    let order = tileLoops.order
    let isPacked = tileLoops.schedule.panels?.place == .packed
    let around = tileLoops.aroundBlocks
    // Those inside blocks in which panels are packed.
    let packing = isPacked && around.isEmpty ? tileLoops.outer : []
    let inner = Array(order[(around.count + packing.count)...])
    try Self.nest(around, workSplit, &text) { text in
      try eachBlock(&text) { mode, text in
        try Self.nest(packing, workSplit, &text) { text in
          if isPacked, tileLoops.fitsAllPanels {
            try packAll(inner.filter { $0.kind == .column }, workSplit, mode, &text)
          } else if isPacked {
            try pack(nil, mode, &text)
          }
          try walk(inner, workSplit, mode, &text)
        }
      }
    }
  }

  /// The blocks of the reduction one after the other, or all of it.
  private func eachBlock(
    _ text: inout CText, _ work: (TileMode, inout CText) throws -> Void
  ) throws {
    guard let blocks = tileLoops.schedule.blocks else { return try work(.whole, &text) }
    let loop = blocks.loop { tileLoops.nest.axes[$0].name }
    try text.braces(loop.head) { text in
      for start in loop.starts { text.line(start) }
      try work(.accumulate, &text)
    }
    try work(.finish, &text)
  }

  /// Loops over tiles.
  private mutating func walk(
    _ loops: [TileLoop], _ workSplit: WorkSplit?, _ mode: TileMode,
    _ text: inout CText
  ) throws {
    guard let last = tileLoops.runLoop(loops, workSplit) else {
      try Self.nest(loops, workSplit, &text) { text in try call(mode, run: nil, &text) }
      return
    }
    let loop = loops[last]
    try Self.nest(Array(loops[..<last]), workSplit, &text) { text in
      guard loop.isShared(by: workSplit) else { return try call(mode, run: loop, &text) }
      let share = Share(of: loop.split.count, among: loop.shares(by: workSplit))
      try text.braces("") { text in
        text.line("const long from = \(share.from);")
        text.line("const long to = \(share.to);")
        try call(mode, run: loop, isShared: true, &text)
      }
    }
  }

  static func nest(
    _ loops: [TileLoop], _ workSplit: WorkSplit?, _ text: inout CText,
    _ inside: (inout CText) throws -> Void
  ) throws {
    guard let loop = loops.first else {
      try inside(&text)
      return
    }
    let isSplit = loop.isShared(by: workSplit)
    if loop.split.count == 1 {
      try Self.nest(Array(loops.dropFirst()), workSplit, &text, inside)
      return
    }
    let count = loop.split.count
    let share = Share(of: count, among: loop.shares(by: workSplit))
    let (from, to) = (share.from, share.to)
    let split = loop.split
    let head = "for (long \(loop.tile) = \(from); \(loop.tile) < \(to); \(loop.tile)++)"
    if split.bigCount > 0 {
      // Big tiles are spread among small ones.
      let (rest, scale) = (loop.tile + "_rest", loop.scale)
      let start = split.start("(\(from))")
      try text.braces("") { text in
        if isSplit {
          text.line("long \(rest) = \(split.remainder("(\(from))"));")
          text.line("long \(loop.name) = \(scale == 1 ? start : "(\(start)) * \(scale)");")
        } else {
          text.line("long \(rest) = \(count - 1), \(loop.name) = 0;")
        }
        try text.braces(head) { text in
          try Self.nest(Array(loops.dropFirst()), workSplit, &text, inside)
          text.line("\(loop.name) += \(split.small * scale);")
          text.line("if (\(split.isBig(rest))) \(loop.name) += \(scale);")
          text.line(split.advance(rest))
        }
      }
      return
    }
    try text.braces(head) { text in
      if loop.name != loop.tile {
        let start = split.start(loop.tile)
        let value = loop.scale == 1 ? start : "(\(start)) * \(loop.scale)"
        text.line("const long \(loop.name) = \(value);")
      }
      try Self.nest(Array(loops.dropFirst()), workSplit, &text, inside)
    }
  }
}
