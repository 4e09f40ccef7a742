import QuernGraph
import QuernMachine
import QuernPasses
import QuernVectors

/// The register tile of one function: how many rows and vectors, and how wide the last vector is.
struct TileShape: Hashable {
  /// Positions along each row axis.
  var rows: AxisSteps
  var vectors: Int
  /// Lanes of the last vector that are outputs; nil where all are.
  var tail: Int?

  /// `14x2`, with a `t` where the last vector is partial.
  func suffix(_ axes: [Int]) -> String {
    let extents = axes.compactMap { rows[$0] }.filter { $0 > 1 }
    let text = extents.isEmpty ? "1" : extents.map(String.init).joined(separator: "_")
    return "\(text)x\(vectors)" + (tail.map { "t\($0)" } ?? "")
  }
}

/// What a tile function does with its accumulators.
enum TileMode: String {
  /// Zero, sum, epilogue.
  case whole
  /// One of the first blocks of a reduction: takes up the partial sum, goes on, puts it back.
  case accumulate
  /// The last block: takes up the partial sum, goes on, computes the epilogue.
  case finish
}

/// Addresses and vector code inside one tile function.
///
/// Loads of the same place within a block are done once; lanes that do not lie side by side are
/// collected by C code before the block, and spread after it.
struct TileContext {
  let nest: MemoryNest
  let schedule: Schedule
  let shape: TileShape
  let lanes: Int
  /// The nest's accesses, with the packed factor read from its panel.
  let accesses: [MemoryAccess]
  var builder: VectorBuilder
  var renderer: KernelRenderer
  /// Positions of the tile along the row axes, the innermost fastest.
  let rowPositions: [AxisSteps]

  /// By access: the C variable that points to it at the present loop level.
  var pointers: [Name]
  /// The pointers that loops have of their own, by the access and the loop that they are for.
  private var ownPointers: [(access: Int, loop: String, name: Name)] = []
  /// By the number of an index, C for the part of it that the loops so far make up; the position's comes last.
  var indexText: [String]
  /// The longest list of lane buffers any block has needed.
  private(set) var bufferCount = 0
  private var buffersInBlock = 0
  private var before: [String] = []
  private var after: [String] = []
  /// What the block has loaded so far. Most that is found is among the last, and hashing a place takes
  /// longer than to look through the others.
  var loaded: [(key: LoadKey, register: VectorRegister)] = []
  /// Rows along the plan's axis of squares that the block is about.
  var squareRows: Int?
  /// Where the factors of a tile's transform are, in every lane.
  var factors: [(value: Float, place: VectorOperand)] = []

  struct LoadKey: BitwiseCopyable, Equatable {
    // Compared first: where offsets are the same, little else differs.
    var offset: Int
    var stride: Int
    var count: Int
    var pointer: Name
  }

  init(
    nest: MemoryNest, schedule: Schedule, shape: TileShape, accesses: [MemoryAccess],
    machine: MachineFacts, reader: KernelRenderer.Reader
  ) {
    self.nest = nest
    self.schedule = schedule
    self.shape = shape
    self.accesses = accesses
    lanes = machine.target.lanes
    builder = VectorBuilder(target: machine.target)
    renderer = KernelRenderer(target: machine.target, reader: reader)
    var positions: [AxisSteps] = [[:]]
    for axis in schedule.rowAxes {
      let count = shape.rows[axis] ?? 1
      positions = positions.flatMap { position in
        (0..<count).map { index in position.with(index, along: axis) }
      }
    }
    rowPositions = positions
    pointers = accesses.map { Name($0.name) }
    indexText = NestIndex.all(nest).map(\.name)
  }

  /// Whether results are the same in all lanes: one output element a row.
  var isScalar: Bool { schedule.laneAxis == nil }

  /// Lanes of a vector that are outputs.
  func laneCount(_ vector: Int) -> Int {
    if isScalar { return 1 }
    return vector == shape.vectors - 1 ? shape.tail ?? lanes : lanes
  }

  /// As ``laneCount(_:)``, where half a vector does for them; else nil.
  func halfCount(_ vector: Int) -> Int? {
    let count = laneCount(vector)
    return builder.target.hasHalves && !isScalar && count <= lanes / 2 ? count : nil
  }

  /// Bytes of a vector of sums.
  var vectorBytes: Int { builder.target.vectorBytes }

  /// A C variable that points to where an access is within a loop.
  mutating func ownPointer(_ access: Int, in loop: String) -> Name {
    if let known = ownPointers.first(where: { $0.access == access && $0.loop == loop }) {
      return known.name
    }
    var text = "\(accesses[access].name)_\(loop)"
    // Tensors may be called so as well.
    while accesses.contains(where: { $0.name == text })
      || ownPointers.contains(where: { $0.name == Name(text) })
    { text += "_" }
    let name = Name(text)
    ownPointers.append((access, loop, name))
    return name
  }

  // MARK: Loads and stores

  /// A vector of what is read at an access.
  ///
  /// - Parameters:
  ///   - step: bytes further on, for unrolled loops.
  ///   - laneStride: bytes between lanes; by default the access's along the lane axis.
  ///   - count: lanes that exist; the others are zero.
  mutating func load(
    _ index: Int, row: AxisSteps, vector: Int, step: Int = 0, laneStride: Int? = nil,
    count: Int? = nil
  ) -> VectorRegister {
    let access = accesses[index]
    let stride = laneStride ?? schedule.laneAxis.map { access.strides[$0] } ?? 0
    let isContiguous = stride == access.size
    let offset = row.distance(access.strides) + step + vector * lanes * stride
    var count = count
    // What lies behind the last lane, in a tensor that is updated, may be another thread's to write.
    if count == nil, laneStride == nil, isContiguous, laneCount(vector) < lanes,
      accesses.contains(where: { $0.isWritten && $0.startsWith(access) })
    {
      count = laneCount(vector)
    }
    // No more is needed of it.
    if count == nil, laneStride == nil, isContiguous, access.element == .float32,
      halfCount(vector) != nil
    {
      count = lanes / 2
    }
    let key = LoadKey(
      offset: offset, stride: stride,
      // A vector of fewer collected lanes is not one of all.
      count: count ?? (stride == 0 || isContiguous ? 0 : laneCount(vector)),
      pointer: pointers[index])
    if let known = loaded.last(where: { $0.key == key }) { return known.register }
    if let result = loadSquare(key, access, row: row) { return result }
    let address = Address(key.pointer, offset: offset, holdsIntegers: access.element == .int32)
    let register: VectorRegister
    switch access.element {
    case .uint8 where isContiguous: register = builder.loadBytes(address, count: count)
    case .uint8:
      let buffer = collect(
        key, access.element, count: stride == 0 ? lanes : count ?? laneCount(vector))
      register = builder.loadBytes(Address(buffer))
    case .float32, .int32:
      if stride == 0 {
        register = builder.broadcast(address)
      } else if isContiguous {
        register = builder.load(address, count: count)
      } else {
        let buffer = collect(key, access.element, count: count ?? laneCount(vector))
        register = builder.load(Address(buffer), count: count)
      }
    }
    loaded.append((key, register))
    return register
  }

  /// C that brings lanes side by side before the block.
  ///
  /// - Returns: the buffer in which they are then.
  private mutating func collect(_ key: LoadKey, _ element: ElementType, count: Int) -> String {
    let buffer = takeBuffer()
    let size = element.byteCount
    let source = affineText([("l", key.stride / size)], offset: key.offset / size)
    // As words: TinyCC would copy floats through vector registers, which hold our accumulators.
    let isByte = element == .uint8
    let words = isByte ? key.pointer.text : "((const quern_word *)\(key.pointer))"
    before.append(
      "for (long l = 0; l < \(count); l++) "
        + "\(buffer).\(isByte ? "bytes" : "words")[l] = \(words)[\(source)];")
    return "\(buffer).\(isByte ? "bytes" : "floats")"
  }

  /// A `union quern_lanes`, on the way between vectors and C.
  private mutating func takeBuffer() -> String {
    defer {
      buffersInBlock += 1
      bufferCount = max(bufferCount, buffersInBlock)
    }
    return "lanes\(buffersInBlock)"
  }

  /// Stores a vector of outputs, `step` bytes from an access's own place.
  mutating func store(
    _ register: VectorRegister, _ index: Int, row: AxisSteps, vector: Int, step: Int = 0
  ) {
    let access = accesses[index]
    let size = access.size
    let stride = schedule.laneAxis.map { access.strides[$0] } ?? size
    let count = laneCount(vector)
    let offset = row.distance(access.strides) + step + vector * lanes * (isScalar ? 0 : stride)
    let pointer = pointers[index]
    if access.element != .uint8, stride == size || count == 1 {
      builder.store(
        register, to: Address(pointer, offset: offset, holdsIntegers: access.element == .int32),
        count: count == lanes ? nil : count)
      return
    }
    let buffer = takeBuffer()
    builder.store(register, to: Address("\(buffer).floats"))
    let target = affineText([("l", stride / size)], offset: offset / size)
    let words = access.element == .uint8 ? pointer.text : "((quern_word *)\(pointer))"
    after.append(
      "for (long l = 0; l < \(count); l++) \(words)[\(target)] = \(buffer).words[l];")
  }

  /// An index in every lane.
  mutating func index(
    _ index: NestIndex, row: AxisSteps, vector: Int, step: Int = 0, laneStride: Int? = nil
  ) -> VectorRegister {
    let expression = index.expression(nest)
    let strides = nest.strides(of: expression)
    let stride = laneStride ?? schedule.laneAxis.map { strides[$0] } ?? 0
    let constant =
      row.distance(strides) + step + vector * lanes * stride
    let base = indexText[index.number(nest)]
    if expression.terms.isEmpty {
      return builder.constant(Int32(truncatingIfNeeded: expression.offset))
    }
    if index == .position, schedule.unrollsWindow {
      return builder.constant(Int32(truncatingIfNeeded: expression.offset + constant))
    }
    let buffer = takeBuffer()
    before.append("\(buffer).integers[0] = (int)(\(base)\(constant == 0 ? "" : " + \(constant)"));")
    var register = builder.broadcast(Address("\(buffer).floats"))
    if stride != 0 {
      var offsets = builder.laneIndices()
      if stride != 1 {
        offsets = builder.binary(.multiplyInteger, offsets, builder.constant(Int32(stride)))
      }
      register = builder.binary(.addInteger, register, offsets)
    }
    return register
  }

  // MARK: Products

  /// Where in the reduction a product is taken.
  struct Step {
    /// Positions further along reduction axes than the pointers.
    var offset: AxisSteps = [:]
    /// The reduction axis that lanes run over.
    var laneAxis: Int?
    /// Lanes that exist.
    var count: Int?

    func further(_ strides: [Int]) -> Int {
      offset.distance(strides)
    }
  }

  /// The value of one factor; of a match, the values compared are ``isHit``'s matter.
  mutating func factor(
    _ number: Int, row: AxisSteps, vector: Int, _ step: Step
  ) -> VectorRegister {
    let access = nest.factors[number].access
    let strides = accesses[access].strides
    let laneStride = step.laneAxis.map { strides[$0] }
    return load(
      access, row: row, vector: vector, step: step.further(strides), laneStride: laneStride,
      count: laneStride == 0 ? nil : step.count)
  }

  /// The term of a sum: by default the product of the factors. A product with 0 or 1 is a choice, which
  /// NaN and infinity elsewhere do not disturb.
  mutating func product(row: AxisSteps, vector: Int, _ step: Step = Step()) -> VectorRegister {
    if !nest.term.isEmpty {
      var writer = ValueWriter(term: step, row: row, vector: vector)
      let value = writer.value(nest.term.count - 1, &self)
      // Lanes that do not exist have been read as 0, but what is made of that need not be 0.
      guard let count = step.count, count < lanes else { return value }
      return existing(count, of: value)
    }
    let matches = nest.factors.indices.filter { nest.factors[$0].match != nil }
    let plain = nest.factors.indices.filter { nest.factors[$0].match == nil }
    var result: VectorRegister?
    for number in plain {
      let value = factor(number, row: row, vector: vector, step)
      result = result.map { builder.multiply($0, value) } ?? value
    }
    for number in matches {
      let match = NestIndex.index(nest.factors[number].match ?? 0)
      let strides = nest.strides(of: match.expression(nest))
      let value = factor(number, row: row, vector: vector, step)
      let wanted = index(
        match, row: row, vector: vector, step: step.further(strides),
        laneStride: step.laneAxis.map { strides[$0] })
      let chosen = result ?? builder.constant(Float(1))
      result = builder.select(
        value, .equal, wanted, type: .i32, ifTrue: chosen, ifFalse: builder.zero())
    }
    let product = result ?? builder.constant(Float(1))
    // Lanes that do not exist have been read as 0, which may be what is asked for.
    guard !matches.isEmpty, let count = step.count, count < lanes else { return product }
    return existing(count, of: product)
  }

  /// Zero in lanes that do not exist.
  private mutating func existing(_ count: Int, of value: VectorRegister) -> VectorRegister {
    let result = builder.newRegister()
    builder.append(.blend(result, count: count, first: value, rest: builder.zero()))
    return result
  }

  // MARK: Blocks

  /// Ends the block, which becomes text with what must stand before and after it.
  mutating func takeBlock(into text: inout CText) throws {
    append(try renderer.fragment(builder.takeBlock()), to: &text)
  }

  private mutating func append(_ fragment: CodeFragment?, to text: inout CText) {
    for line in before { text.line(line) }
    text.fragment(fragment)
    for line in after { text.line(line) }
    before.removeAll()
    after.removeAll()
    loaded.removeAll(keepingCapacity: true)
    buffersInBlock = 0
  }

  /// The block so far in a loop, after which the pointers have moved on.
  mutating func takeLoop(_ loop: BlockLoop, into text: inout CText) throws {
    if before.isEmpty, after.isEmpty {
      return append(try renderer.fragment(builder.takeBlock(), in: loop), to: &text)
    }
    // C statements of its own go round with the block.
    try text.braces(loop.head) { text in
      try takeBlock(into: &text)
      for advance in loop.advances { text.fragment(.advance(advance)) }
    }
  }

  /// The C locals the function needs.
  var declarations: [String] {
    renderer.declarations
      + (0..<bufferCount).map { "union quern_lanes lanes\($0);" }
  }
}
