import QuernMachine
import QuernPasses
import QuernVectors

/// Writes the function that copies a factor into a panel: for each reduction step the lanes of one
/// tile's vectors side by side, so that the tile reads memory in order.
///
/// Where lanes are far apart and a reduction axis is contiguous instead, squares of
/// lanes × lanes elements are transposed in registers.
struct PackWriter {
  let nest: PlacedNest
  let schedule: Schedule
  let machine: MachineFacts
  let reference: PlacedNest.Reference
  let laneAxis: Int
  /// Elements of the panel's rows.
  let vectors: Int
  let tail: Int?
  /// Whose panel it is: of a block of the reduction, or of all of it.
  let mode: TileMode
  let reader: KernelRenderer.Reader

  private var lanes: Int { machine.target.lanes }
  var width: Int { vectors * lanes }

  /// Reduction axes the factor depends on, outermost first.
  static func axes(_ nest: PlacedNest, _ reference: PlacedNest.Reference) -> [Int] {
    nest.reductionAxes.filter { reference.strides[$0] != 0 }
  }

  /// Elements of the panel between neighbours along each axis.
  static func strides(
    _ nest: PlacedNest, _ reference: PlacedNest.Reference, lane: Int, width: Int
  ) -> [Int] {
    var strides = [Int](repeating: 0, count: nest.axes.count)
    var step = width
    for axis in axes(nest, reference).reversed() {
      strides[axis] = step
      step *= nest.axes[axis].extent
    }
    strides[lane] = 1
    return strides
  }

  func function(named name: String) throws -> CText {
    let axes = Self.axes(nest, reference)
    let target = Self.strides(nest, reference, lane: laneAxis, width: width)
    var renderer = KernelRenderer(target: machine.target, reader: reader)
    renderer.name = name
    var builder = VectorBuilder(target: machine.target)
    var body = CText()
    let inner = axes.last { reference.strides[$0] == 1 }
    if reference.strides[laneAxis] == 1 {
      try loops(&body, axes.dropLast(), target) { body in
        for vector in 0..<vectors {
          let count = vector == vectors - 1 ? tail : nil
          let value = builder.load(Address("from", offset: vector * lanes * 4), count: count)
          builder.store(value, to: Address("to", offset: vector * lanes * 4))
        }
        let block = builder.takeBlock()
        body.pointer("float *", "to", from: "panel")
        body.pointer("const float *", "from", from: "source")
        guard let axis = axes.last else { return body.fragment(try renderer.fragment(block)) }
        let loop = BlockLoop(
          nest.axes[axis].name, rounds: extent(axis),
          advances: [
            BlockLoop.Advance("to", elements: target[axis]),
            BlockLoop.Advance("from", elements: reference.strides[axis]),
          ])
        body.fragment(try renderer.fragment(block, in: loop))
      }
    } else if let inner {
      try transpose(&body, axes, inner, target, &builder, &renderer)
    } else {
      try loops(&body, axes[...], target) { body in
        let count = (vectors - 1) * lanes + (tail ?? lanes)
        let stride = reference.strides[laneAxis]
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
      body.line("const float *source = \(end) + \(name) * \(reference.strides[axis]);")
      try loops(&body, axes.dropFirst(), target, inside)
    }
  }

  /// Lanes that are read at a time, each a stream of its own, of which the processor foresees only so many.
  private static let maxStreams = 24

  /// Transposes squares of lanes × lanes elements, along all reduction steps of some vectors before those of
  /// the next.
  private func transpose(
    _ body: inout CText, _ axes: [Int], _ inner: Int, _ target: [Int],
    _ builder: inout VectorBuilder, _ renderer: inout KernelRenderer
  ) throws {
    let others = axes.filter { $0 != inner }
    let together = max(1, Self.maxStreams / lanes)
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
      ("const float", "from", "source", lanes * reference.strides[laneAxis]),
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
          BlockLoop.Advance("from", elements: lanes),
          BlockLoop.Advance("to", elements: targetStride * lanes),
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
    let stride = reference.strides[laneAxis]
    let columns = builder.loadTransposed(
      Address("from", offset: vector * lanes * stride * 4), stride: stride, rows: present,
      columns: steps)
    for (step, column) in columns.enumerated() {
      let offset = (step * targetStride + vector * lanes) * 4
      builder.store(column, to: Address("to", offset: offset))
    }
  }
}
