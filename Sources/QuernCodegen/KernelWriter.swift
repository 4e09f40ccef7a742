import QuernGraph
import QuernPasses
import QuernVectors

/// Writes a kernel: its tile functions, and the function that walks the tiles.
struct KernelWriter {
  let program: Program
  let kernel: Kernel
  /// In the program.
  let position: Int
  let machine: MachineFacts
  /// Among which the tiles are shared out.
  let threads: Int
  /// That run the program.
  let team: Int
  let reader: KernelRenderer.Reader
  /// Where the threads' private memory starts in the arena: tensors of their own, then panels.
  let privateOffset: Int
  /// Bytes of private memory a thread needs.
  private(set) var scratchBytes = 0
  let section: SectionAhead?
  /// Panels that must be packed before the first step.
  private(set) var preparations: [PreparedPanels] = []
  var functions: [CText] = []
  var written: Set<String> = []

  init(
    _ position: Int, _ program: Program, machine: MachineFacts, threads: Int,
    reader: KernelRenderer.Reader, privateOffset: Int
  ) {
    self.reader = reader
    self.position = position
    kernel = program.kernels[position]
    section = SectionAhead(position, program)
    self.program = program
    self.machine = machine
    team = threads
    self.threads = program.section(of: position)?.isPrivate == true ? 1 : threads
    self.privateOffset = privateOffset
  }

  /// All functions of the kernel; the last is `kernel.name(arena, thread, chunk)`.
  mutating func text() throws -> CText {
    var body = CText()
    for (number, piece) in kernel.pieces.enumerated() {
      var nest = Nest(piece, program, position: position)
      nest.cutLanes((nest.isOneVector ? 1 : 4) * machine.target.lanes)
      if nest.stores.contains(where: { nest.references[$0.reference].element == .uint8 }) {
        throw LoweringError(
          kernel.label, "bytes are moved", mend: "convert the uint8 tensor with toFloat or toInt")
      }
      let plan = TilePlan(nest, machine, threads: threads)
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
    if let panels = try writePreparation(piece) { preparations.append(panels) }
    if plan.block != nil {
      try writeBlocks(piece, split, &tiles)
      try writeLoops(piece, split, mode: .finish, &finish)
    } else {
      try writeLoops(piece, split, mode: .whole, &tiles)
    }
    body.braces("") { body in
      let prepared = plan.isPrepared ? plan.packed.map { nest.factors[$0].reference } : nil
      for (index, reference) in nest.references.enumerated() where index != prepared {
        let type = reference.cType
        let constness = reference.isWritten ? "" : "const "
        let place =
          reference.isPrivate
          ? "(arena + \(privateOffset + reference.byteOffset)) + thread * PRIVATE"
          : "(arena + \(reference.byteOffset))"
        body.line(
          "\(constness)\(type) *const \(reference.name) = (\(constness)\(type) *)\(place);")
      }
      if piece.plan.isPrepared {
        let name = PreparedPanels.offset(of: piece.name)
        body.line("const float *const panels = (const float *)(arena + \(name));")
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
    let hasPanels = piece.plan.panels != nil && mode != .finish
    let order = piece.order(hasPanels: hasPanels)
    guard hasPanels, piece.plan.panels?.place == .packed else {
      return try walk(order, split, piece, mode, &text)
    }
    let fits = piece.fitsAllPanels
    let outer = Array(order.prefix { $0.kind == .panel || (!fits && $0.kind == .column) })
    try Self.nest(outer, split, &text) { text in
      if fits {
        try packAll(order.filter { $0.kind == .column }, split, piece, &text)
      } else {
        try pack(piece, nil, &text)
      }
      try walk(Array(order[outer.count...]), split, piece, mode, &text)
    }
  }

  /// Loops over tiles.
  private mutating func walk(
    _ loops: [PieceLoops.Loop], _ split: PieceLoops.Split?, _ piece: PieceLoops, _ mode: TileMode,
    _ text: inout CText
  ) throws {
    guard let last = piece.runLoop(loops, split) else {
      try Self.nest(loops, split, &text) { text in try call(piece, mode, run: nil, &text) }
      return
    }
    let loop = loops[last]
    try Self.nest(Array(loops[..<last]), split, &text) { text in
      guard loop.isShared(by: split) else { return try call(piece, mode, run: loop, &text) }
      let share = ThreadShare(of: loop.chunks.count, among: loop.share)
      try text.braces("") { text in
        text.line("const long from = \(share.from);")
        text.line("const long to = \(share.to);")
        try call(piece, mode, run: loop, isShared: true, &text)
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
