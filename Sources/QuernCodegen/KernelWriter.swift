import QuernGraph
import QuernPasses
import QuernVectors

/// Writes a kernel: its tile functions, and the function that walks the tiles.
struct KernelWriter {
  let program: Program
  let kernel: Kernel
  let machine: MachineFacts
  /// Among which the tiles are shared out.
  let threads: Int
  let reader: KernelRenderer.Reader
  /// Where the threads' private memory starts in the arena: tensors of their own, then panels.
  let privateOffset: Int
  /// Bytes of private memory a thread needs.
  private(set) var scratchBytes = 0
  let section: SectionAhead?
  var functions: [CText] = []
  var written: Set<String> = []

  init(
    _ position: Int, _ program: Program, machine: MachineFacts, threads: Int,
    reader: KernelRenderer.Reader, privateOffset: Int
  ) {
    self.reader = reader
    kernel = program.kernels[position]
    section = SectionAhead(position, program)
    self.program = program
    self.machine = machine
    self.threads = program.section(of: position)?.isPrivate == true ? 1 : threads
    self.privateOffset = privateOffset
  }

  /// All functions of the kernel; the last is `kernel.name(arena, thread, chunk)`.
  mutating func text() throws -> CText {
    var body = CText()
    for (number, piece) in kernel.pieces.enumerated() {
      var nest = Nest(piece, program)
      nest.cutLanes((nest.isOneVector ? 1 : 4) * machine.target.lanes)
      if nest.stores.contains(where: { nest.references[$0.reference].element == .uint8 }) {
        throw LoweringError(
          kernel.label, "bytes are moved", mend: "convert the uint8 tensor with toFloat or toInt")
      }
      let plan = TilePlan(nest, machine)
      let name = kernel.pieces.count == 1 ? kernel.name : "\(kernel.name)_part\(number)"
      try write(
        PieceLoops(
          nest: nest, plan: plan, name: name, lanes: machine.target.lanes, threads: threads),
        &body)
    }
    var text = CText()
    for function in functions {
      text.append(function)
      text.line("")
    }
    for id in reader == .everyone ? kernel.inlined + kernel.nodes : [] {
      let node = program.graph[id]
      let names = node.operands.map(operandName)
      text.comment("t\(id.index)\(node.shape) = \(node.formula(names))")
    }
    text.braces("void \(kernel.name)(\(GeneratedCode.kernelParameters))") { text in
      text.line("(void)arena, (void)thread, (void)chunk;")
      text.append(body, indented: true)
    }
    return text
  }

  private func operandName(_ id: NodeID) -> String {
    switch program.graph[id].op {
    case .input(let input): input.name
    case .constant(let value): "\(value)"
    default: "t\(id.index)"
    }
  }

  // MARK: One piece

  private mutating func write(_ piece: PieceLoops, _ body: inout CText) throws {
    let nest = piece.nest
    let plan = piece.plan
    var tiles = CText()
    var finish = CText()
    // References as the tiles see them; widths change the panel's strides.
    let panelElements = piece.panelElements
    let partialElements = piece.partialElements
    scratchBytes = max(scratchBytes, (panelElements + partialElements) * 4)
    let split = piece.split
    if plan.block != nil {
      try writeBlocks(piece, split, &tiles)
      try writeLoops(piece, split, mode: .finish, &finish)
    } else {
      try writeLoops(piece, split, mode: .whole, &tiles)
    }
    body.braces("") { body in
      for reference in nest.references {
        let type = reference.cType
        let constness = reference.isWritten ? "" : "const "
        let place =
          reference.isPrivate
          ? "(arena + \(privateOffset + reference.byteOffset)) + thread * PRIVATE"
          : "(arena + \(reference.byteOffset))"
        body.line(
          "\(constness)\(type) *const \(reference.name) = (\(constness)\(type) *)\(place);")
      }
      if panelElements + partialElements > 0 {
        let offset = privateOffset + program.privateBytes
        body.line("float *const scratch = (float *)(arena + \(offset)) + thread * PRIVATE;")
      }
      if partialElements > 0 {
        body.line("float *const partial = scratch + \(panelElements);")
      }
      if threads > 1, split == nil {
        // One tile, which the first thread computes: two would both update it in place.
        body.braces("if (thread == 0)") { text in
          text.append(tiles, indented: true)
          text.append(finish, indented: true)
        }
      } else {
        body.append(tiles, indented: true)
        body.append(finish, indented: true)
      }
    }
  }

  /// The outermost reduction axis in blocks; partial sums wait in memory from block to block.
  private mutating func writeBlocks(
    _ piece: PieceLoops, _ split: PieceLoops.Split?, _ text: inout CText
  ) throws {
    guard let block = piece.plan.block else { return }
    let axis = piece.nest.axes[block.axis]
    var inner = CText()
    try writeLoops(piece, split, mode: .accumulate, &inner)
    text.braces(
      "for (long \(axis.name) = 0; \(axis.name) < \(axis.extent); \(axis.name) += \(block.size))"
    ) { text in
      let left = "\(axis.extent) - \(axis.name)"
      text.line("const long count = \(left) < \(block.size) ? \(left) : \(block.size);")
      text.line("const int first = \(axis.name) == 0;")
      text.append(inner, indented: true)
    }
  }

  private mutating func writeLoops(
    _ piece: PieceLoops, _ split: PieceLoops.Split?, mode: TileMode, _ text: inout CText
  ) throws {
    var loops = piece.loops
    let packs = piece.plan.packed != nil && mode != .finish
    if packs, piece.packsAllFirst {
      // All panels fit in the cache: pack them, then go through the rows once.
      let panels = loops.filter { $0.kind == .panel }
      let columns = loops.filter { $0.kind == .column }
      let rows = loops.filter { $0.kind == .row }
      try Self.nest(panels, split, &text) { text in
        try packAll(columns, split, piece, &text)
        try walk(rows + columns, split, piece, mode, &text)
      }
      return
    }
    if piece.plan.packed == nil {
      // Without panels, go through memory in order.
      loops = loops.filter { $0.kind != .column } + loops.filter { $0.kind == .column }
    }
    let outer = loops.filter { $0.kind == .panel || (packs && $0.kind == .column) }
    let inner = loops.filter { loop in !outer.contains { $0.axis == loop.axis } }
    try Self.nest(outer, split, &text) { text in
      if packs { try pack(piece, nil, &text) }
      try walk(inner, split, piece, mode, &text)
    }
  }

  /// Loops over tiles; the innermost is the tile functions' own, unless threads share out tiles of
  /// several sizes.
  private mutating func walk(
    _ loops: [PieceLoops.Loop], _ split: PieceLoops.Split?, _ piece: PieceLoops, _ mode: TileMode,
    _ text: inout CText
  ) throws {
    let last = loops.lastIndex { $0.chunks.count > 1 }
    let isShared = last.map { loops[$0].isShared(by: split) }
    guard let last, let isShared, !isShared || piece.isEven(loops[last]) else {
      try Self.nest(loops, split, &text) { text in try call(piece, mode, run: nil, &text) }
      return
    }
    try Self.nest(Array(loops[..<last]), split, &text) { text in
      guard isShared else { return try call(piece, mode, run: loops[last], &text) }
      let share = ThreadShare(of: loops[last].chunks.count, among: loops[last].share)
      try text.braces("") { text in
        text.line("const long from = \(share.from);")
        text.line("const long to = \(share.to);")
        try call(piece, mode, run: loops[last], isShared: true, &text)
      }
    }
  }

  /// A thread packs the columns it will use, in the order it will: all of them, unless the work is split
  /// over columns.
  private mutating func packAll(
    _ columns: [PieceLoops.Loop], _ split: PieceLoops.Split?, _ piece: PieceLoops,
    _ text: inout CText
  ) throws {
    guard split?.kind != .column, let loop = columns.first, loop.chunks.count > 1 else {
      try Self.nest(columns, split, &text) { text in try pack(piece, nil, &text) }
      return
    }
    for run in piece.runs(loop) {
      let end = run.start + run.tiles.count * run.step
      try text.braces(
        "for (long \(loop.name) = \(run.start); \(loop.name) < \(end); "
          + "\(loop.name) += \(run.step))"
      ) { text in try pack(piece, run, &text) }
    }
  }

  private static func nest(
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
    let share = ThreadShare(of: count, among: isSplit ? loop.share : 1)
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
