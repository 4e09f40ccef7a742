import QuernMachine
import QuernPasses
import QuernVectors

/// Writes the function that copies a factor into a panel: for each reduction step the lanes of one
/// tile's vectors side by side, so that the tile reads memory in order.
///
/// Where lanes are far apart and a reduction axis is contiguous instead, squares of
/// lanes × lanes elements are transposed in registers.
struct PackWriter {
  let nest: MemoryNest
  let schedule: Schedule
  let machine: MachineFacts
  let access: MemoryAccess
  let laneAxis: Int
  /// Elements of the panel's rows.
  let vectors: Int
  let tail: Int?
  /// Whose panel it is: of a block of the reduction, or of all of it.
  let mode: TileMode
  let packing: Tuning.Packing
  let reader: KernelRenderer.Reader

  private var lanes: Int { machine.target.lanes }
  private var vectorBytes: Int { lanes * access.size }
  var width: Int { vectors * lanes }

  /// Reduction axes the factor depends on, outermost first.
  static func axes(_ nest: MemoryNest, _ access: MemoryAccess) -> [Int] {
    nest.reductionAxes.filter { access.strides[$0] != 0 }
  }

  /// Elements of the panel between neighbours along each axis.
  static func panelElements(
    _ nest: MemoryNest, _ access: MemoryAccess, lane: Int, width: Int
  ) -> [Int] {
    var strides = [Int](repeating: 0, count: nest.axes.count)
    var step = width
    for axis in axes(nest, access).reversed() {
      strides[axis] = step
      step *= nest.axes[axis].extent
    }
    strides[lane] = 1
    return strides
  }

  func function(named name: String) throws -> CText {
    let axes = Self.axes(nest, access)
    let target = Self.panelElements(nest, access, lane: laneAxis, width: width)
    var renderer = KernelRenderer(target: machine.target, reader: reader)
    renderer.name = name
    var builder = VectorBuilder(target: machine.target)
    var body = CText()
    let inner = axes.last { access.isContiguous(along: $0) }
    if access.isContiguous(along: laneAxis) {
      try loops(&body, axes.dropLast(), target) { body in
        for vector in 0..<vectors {
          let count = vector == vectors - 1 ? tail : nil
          let value = builder.load(Address("from", offset: vector * vectorBytes), count: count)
          builder.store(value, to: Address("to", offset: vector * vectorBytes))
        }
        let block = builder.takeBlock()
        body.pointer("float *", "to", from: "panel")
        body.pointer("const float *", "from", from: "source")
        guard let axis = axes.last else { return body.fragment(try renderer.fragment(block)) }
        let loop = BlockLoop(
          nest.axes[axis].name, rounds: extent(axis),
          advances: [
            BlockLoop.Advance("to", elements: target[axis], byteCount: access.size),
            BlockLoop.Advance(
              "from", elements: access.elements(along: axis), byteCount: access.size),
          ])
        body.fragment(try renderer.fragment(block, in: loop))
      }
    } else if let inner {
      try transpose(&body, axes, inner, target, &builder, &renderer)
    } else {
      try loops(&body, axes[...], target) { body in
        let count = (vectors - 1) * lanes + (tail ?? lanes)
        let stride = access.elements(along: laneAxis)
        body.line("quern_word *to = (quern_word *)panel;")
        body.line("const quern_word *from = (const quern_word *)source;")
        body.line("for (long l = 0; l < \(count); l++) to[l] = from[l * \(stride)];")
        if count < width {
          body.line("for (long l = \(count); l < \(width); l++) to[l] = 0;")
        }
      }
    }
    builder.append(.end)
    body.fragment(try renderer.fragment(builder.takeBlock()))
    body.resolve(&renderer)
    var text = CText()
    text.line("static \(Prelude.functionAttribute) void \(name)(")
    text.line("    float *panel, const float *source)")
    text.braces("") { text in
      for line in renderer.declarations { text.line(line) }
      text.append(body, indented: true)
    }
    return text
  }

  private func extent(_ axis: Int) -> Int { schedule.extent(of: axis, nest, mode) }

  /// Loops over reduction axes in which `panel` and `source` point to the present step.
  private func loops(
    _ body: inout CText, _ axes: ArraySlice<Int>, _ target: [Int],
    _ inside: (inout CText) throws -> Void
  ) throws {
    guard let axis = axes.first else {
      try inside(&body)
      return
    }
    guard extent(axis) > 1 else { return try loops(&body, axes.dropFirst(), target, inside) }
    let name = nest.axes[axis].name
    let (start, end) = ("\(name)_panel", "\(name)_source")
    body.line("float *\(start) = panel;")
    body.line("const float *\(end) = source;")
    try body.braces("for (long \(name) = 0; \(name) < \(extent(axis)); \(name)++)") { body in
      body.line("float *panel = \(start) + \(name) * \(target[axis]);")
      body.line("const float *source = \(end) + \(name) * \(access.elements(along: axis));")
      try loops(&body, axes.dropFirst(), target, inside)
    }
  }

  /// Transposes squares of lanes × lanes elements, along all reduction steps of some vectors before those of
  /// the next.
  private func transpose(
    _ body: inout CText, _ axes: [Int], _ inner: Int, _ target: [Int],
    _ builder: inout VectorBuilder, _ renderer: inout KernelRenderer
  ) throws {
    let others = axes.filter { $0 != inner }
    let together = max(1, packing.maxStreams / lanes)
    let groups = (tail == nil ? vectors : vectors - 1) / together
    let rest = vectors - groups * together
    var group = CText()
    var last = CText()
    let presence = (0..<rest).map { $0 == rest - 1 ? tail ?? lanes : lanes }
    if groups > 0 {
      let whole = [Int](repeating: lanes, count: together)
      try squares(&group, inner, whole, target[inner], &builder, &renderer)
    }
    if rest > 0 { try squares(&last, inner, presence, target[inner], &builder, &renderer) }
    try loops(&body, others[...], target) { body in
      if groups > 0 {
        body.braces(groups == 1 ? "" : "for (long group = 0; group < \(groups); group++)") {
          pointers(&$0, groups == 1 ? [] : [("group", together)], offset: 0)
          $0.append(group, indented: true)
        }
      }
      if rest > 0 {
        body.braces("") {
          pointers(&$0, [], offset: groups * together)
          $0.append(last, indented: true)
        }
      }
    }
  }

  /// Where a vector starts in the panel and in memory.
  ///
  /// - Parameters:
  ///   - vector: its number, from `offset` on.
  private func pointers(
    _ body: inout CText, _ vector: [(variable: String, coefficient: Int)], offset: Int
  ) {
    for (type, name, whole, distance) in [
      ("float", "to", "panel", lanes),
      ("const float", "from", "source", lanes * access.elements(along: laneAxis)),
    ] {
      let terms = [(whole, 1)] + vector.map { ($0.variable, $0.coefficient * distance) }
      body.line("\(type) *\(name) = \(affineText(terms, offset: offset * distance));")
    }
  }

  /// All reduction steps of some vectors, square after square.
  ///
  /// - Parameter presence: how many lanes of each vector there are.
  private func squares(
    _ body: inout CText, _ inner: Int, _ presence: [Int], _ targetStride: Int,
    _ builder: inout VectorBuilder, _ renderer: inout KernelRenderer
  ) throws {
    let (whole, rest) = extent(inner).quotientAndRemainder(dividingBy: lanes)
    func block(_ steps: Int) -> [VectorInstruction] {
      for (vector, present) in presence.enumerated() {
        square(steps, vector, present, targetStride, &builder)
      }
      return builder.takeBlock()
    }
    if whole > 0 {
      let loop = BlockLoop(
        nest.axes[inner].name, rounds: whole, step: lanes,
        advances: [
          BlockLoop.Advance("from", elements: lanes, byteCount: access.size),
          BlockLoop.Advance("to", elements: targetStride * lanes, byteCount: access.size),
        ])
      body.fragment(try renderer.fragment(block(lanes), in: loop))
    }
    if rest > 0 { body.fragment(try renderer.fragment(block(rest))) }
  }

  /// `steps` reduction steps of one vector: each lane's steps are read together, then transposed.
  private func square(
    _ steps: Int, _ vector: Int, _ present: Int, _ targetStride: Int,
    _ builder: inout VectorBuilder
  ) {
    let stride = access.elements(along: laneAxis)
    let columns = builder.loadTransposed(
      Address("from", offset: vector * stride * vectorBytes), stride: stride, rows: present,
      columns: steps)
    for (step, column) in columns.enumerated() {
      let offset = step * targetStride * access.size + vector * vectorBytes
      builder.store(column, to: Address("to", offset: offset))
    }
  }
}
