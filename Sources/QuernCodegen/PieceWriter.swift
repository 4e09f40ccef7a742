import QuernPasses
import QuernVectors

/// A piece of a kernel as C that leaves open where its tensors lie: kernels of one shape share it.
struct WrittenPiece: Sendable {
  /// Something the loops find under a name of their own.
  enum Operand: Hashable {
    /// A tensor, by its number in the nest.
    case reference(Int)
    /// Panels that were packed before the first step.
    case panels
    /// The thread's own memory behind its tensors.
    case scratch
    /// What a ``SectionAhead`` asks for.
    case region(Int)
  }

  /// Functions of tiles and of panels.
  var functions: CText
  var operands: [Operand]
  /// The loops over the tiles of a share; beside the operands they know `share` and `chunk`.
  var loops: CText
}

/// Writes a piece of a kernel: its tile functions, and the loops that call them.
struct PieceWriter: Sendable {
  let piece: PieceLoops
  let machine: MachineFacts
  /// Threads that run the program; the tiles of a piece may be one thread's alone.
  let team: Int
  let reader: KernelRenderer.Reader
  let section: SectionAhead?
  /// Whether the loops ask for what the section needs next.
  var asksAhead = false
  var functions: [CText] = []
  var defined: Set<String> = []

  init(_ use: PieceUse, machine: MachineFacts, team: Int, reader: KernelRenderer.Reader) {
    let machine = machine.suited(to: use.nest)
    let plan = TilePlan(use.nest, machine, threads: use.threads)
    piece = PieceLoops(
      nest: use.nest, plan: plan, name: use.name, lanes: machine.target.lanes,
      threads: use.threads, turnLimits: use.turns)
    section = use.section
    self.machine = machine
    self.team = team
    self.reader = reader
  }

  /// In how many shares the tiles are taken.
  var shares: Int { piece.split?.shares ?? piece.threads }

  /// Bytes of scratch memory a thread needs.
  var scratchBytes: Int { (piece.panelElements + piece.partialElements) * 4 }

  mutating func write() throws -> WrittenPiece {
    let plan = piece.plan
    let split = piece.split
    try writePreparation()
    var tiles = CText()
    try writeLoops(split, &tiles)
    var loops = CText()
    // References as the tiles see them; widths change the panel's strides.
    let (panelElements, partialElements) = (piece.panelElements, piece.partialElements)
    if partialElements > 0 { loops.line("float *const partial = scratch + \(panelElements);") }
    if piece.threads > 1, split == nil {
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
    let panels = prepared?.reference
    var operands = piece.nest.references.indices.filter { $0 != panels }.map {
      WrittenPiece.Operand.reference($0)
    }
    if plan.isPrepared { operands.append(.panels) }
    if panelElements + partialElements > 0 { operands.append(.scratch) }
    if asksAhead, let section { operands += section.regions.indices.map { .region($0) } }
    return WrittenPiece(functions: text, operands: operands, loops: loops)
  }

  private mutating func writeLoops(_ split: PieceLoops.Split?, _ text: inout CText) throws {
    let order = piece.order
    let isPacked = piece.plan.panels?.place == .packed
    let around = piece.aroundBlocks
    // Those inside blocks in which panels are packed.
    let packing = isPacked && around.isEmpty ? piece.outer : []
    let inner = Array(order[(around.count + packing.count)...])
    try Self.nest(around, split, &text) { text in
      try eachBlock(&text) { mode, text in
        try Self.nest(packing, split, &text) { text in
          if isPacked, piece.fitsAllPanels {
            try packAll(inner.filter { $0.kind == .column }, split, mode, &text)
          } else if isPacked {
            try pack(nil, mode, &text)
          }
          try walk(inner, split, mode, &text)
        }
      }
    }
  }

  /// The blocks of the reduction one after the other, or all of it.
  private func eachBlock(
    _ text: inout CText, _ work: (TileMode, inout CText) throws -> Void
  ) throws {
    guard let blocks = piece.plan.blocks else { return try work(.whole, &text) }
    let loop = blocks.loop { piece.nest.axes[$0].name }
    try text.braces(loop.head) { text in
      for start in loop.starts { text.line(start) }
      try work(.accumulate, &text)
    }
    try work(.finish, &text)
  }

  /// Loops over tiles.
  private mutating func walk(
    _ loops: [PieceLoops.Loop], _ split: PieceLoops.Split?, _ mode: TileMode,
    _ text: inout CText
  ) throws {
    guard let last = piece.runLoop(loops, split) else {
      try Self.nest(loops, split, &text) { text in try call(mode, run: nil, &text) }
      return
    }
    let loop = loops[last]
    try Self.nest(Array(loops[..<last]), split, &text) { text in
      guard loop.isShared(by: split) else { return try call(mode, run: loop, &text) }
      let share = Share(of: loop.chunks.count, among: loop.shares(by: split))
      try text.braces("") { text in
        text.line("const long from = \(share.from);")
        text.line("const long to = \(share.to);")
        try call(mode, run: loop, isShared: true, &text)
      }
    }
  }

  static func nest(
    _ loops: [PieceLoops.Loop], _ split: PieceLoops.Split?, _ text: inout CText,
    _ inside: (inout CText) throws -> Void
  ) throws {
    guard let loop = loops.first else {
      try inside(&text)
      return
    }
    let isSplit = loop.isShared(by: split)
    if loop.chunks.count == 1 {
      try Self.nest(Array(loops.dropFirst()), split, &text, inside)
      return
    }
    let count = loop.chunks.count
    let share = Share(of: count, among: loop.shares(by: split))
    let (from, to) = (share.from, share.to)
    let chunks = loop.chunks
    let head = "for (long \(loop.tile) = \(from); \(loop.tile) < \(to); \(loop.tile)++)"
    if chunks.bigCount > 0 {
      // Big tiles are spread among small ones.
      let (rest, scale) = (loop.tile + "_rest", loop.scale)
      let start = chunks.start("(\(from))")
      try text.braces("") { text in
        if isSplit {
          text.line("long \(rest) = \(chunks.remainder("(\(from))"));")
          text.line("long \(loop.name) = \(scale == 1 ? start : "(\(start)) * \(scale)");")
        } else {
          text.line("long \(rest) = \(count - 1), \(loop.name) = 0;")
        }
        try text.braces(head) { text in
          try Self.nest(Array(loops.dropFirst()), split, &text, inside)
          text.line("\(loop.name) += \(chunks.small * scale);")
          text.line("if (\(chunks.isBig(rest))) \(loop.name) += \(scale);")
          text.line(chunks.advance(rest))
        }
      }
      return
    }
    try text.braces(head) { text in
      if loop.name != loop.tile {
        let start = chunks.start(loop.tile)
        let value = loop.scale == 1 ? start : "(\(start)) * \(loop.scale)"
        text.line("const long \(loop.name) = \(value);")
      }
      try Self.nest(Array(loops.dropFirst()), split, &text, inside)
    }
  }
}
