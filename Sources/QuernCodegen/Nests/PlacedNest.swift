import QuernGraph
import QuernPasses

/// A nest of a kernel with its reads and writes turned into addresses that are affine in the axes.
package struct PlacedNest: Hashable, Sendable {
  package struct LoopAxis: Hashable, Sendable {
    package var name: String
    package var extent: Int
    var isReduction: Bool
    /// The caller's loop over chunks, which is none of this nest's.
    var isChunk = false
    /// A side of a tile that is transformed, before or after.
    var isSide = false
  }

  /// A tensor as the nest touches it: bytes from the arena's start at axes 0, 0, …, and elements
  /// from there for one step along each axis.
  struct Reference: Hashable {
    var name: String
    var tensor: NodeID
    var byteOffset: Int
    /// Whether that is counted from the start of the thread's own memory.
    var isPrivate = false
    var strides: [Int]
    var element: ElementType
    var isWritten: Bool
    /// Whether it holds the same in every step.
    var isFixed = false

    /// Bytes of a cache line.
    static let line = 64
    /// Whether it starts where a cache line does.
    var startsOnLine: Bool { byteOffset % Self.line == 0 }

    /// Whether it starts where another does.
    func liesWith(_ other: Self) -> Bool {
      byteOffset == other.byteOffset && isPrivate == other.isPrivate
    }

    /// The type of its elements in C.
    var cType: String { element == .uint8 ? "unsigned char" : "float" }
  }

  /// An integer that is affine in the axes.
  struct Index: Hashable {
    var offset: Int
    var strides: [Int]
  }

  struct Factor: Hashable {
    var reference: Int
    /// The index the value read must equal, if the factor is a match.
    var match: Int?
  }

  /// A value of the nest at one output position; operands are earlier values.
  enum Value: Hashable {
    case accumulator
    /// What a factor reads, in a ``term``.
    case factor(Int)
    case position
    /// So many elements from where the reference is.
    case read(reference: Int, displacement: Int)
    case constant(Double, ElementType)
    case index(Int)
    case apply(ElementwiseOp, [Int], ElementType)
  }

  struct Store: Hashable {
    var value: Int
    var reference: Int
    /// Elements from where the reference is.
    var displacement: Int
  }

  package var axes: [LoopAxis]
  var reduction: LoopNest.Reduction
  var references: [Reference] = []
  var indices: [Index] = []
  var factors: [Factor] = []
  /// How a term of the sum is made of the factors: the last value. Empty where it is their product.
  var term: [Value] = []
  /// The position in the window of a maximum.
  var position: Index
  var values: [Value] = []
  var stores: [Store] = []
  /// Whether values are computed in their order, each stored at once.
  var keepsOrder: Bool
  /// Where results are added to what is stored, after the first chunk of a sum, how many each has.
  var chunksPerSum: Int?
  var addsUp: Bool { chunksPerSum != nil }
  /// The axes by kind. They are asked for at every step of the generator.
  private(set) var outputAxes: [Int] = []
  package private(set) var reductionAxes: [Int] = []

  /// - Parameter position: the kernel's, in the program.
  package init(_ nest: LoopNest, _ program: Program, position: Int) {
    // What runs before the first step finds nothing prepared.
    let fixed = position < program.preparedCount ? [] : program.fixed
    let isTransform = nest.reduction.isTransform
    axes = nest.axes.enumerated().map {
      LoopAxis(
        name: AxisNames.plain($1.name), extent: $1.extent,
        isReduction: !isTransform && $0 >= nest.outputRank,
        isChunk: nest.hasChunks && $0 == 0,
        isSide: isTransform && $0 >= nest.outputRank - nest.reduction.tileRank)
    }
    reduction = nest.reduction
    keepsOrder = nest.keepsOrder
    chunksPerSum = nest.chunksPerSum
    self.position = Index(nest.position, rank: nest.axes.count)
    for factor in nest.factors {
      let match = factor.match.map { add(Index($0, rank: axes.count)) }
      factors.append(
        Factor(
          reference: add(factor.read, written: false, program, fixed).reference, match: match))
    }
    for value in nest.term { term.append(add(value, program, fixed)) }
    for value in nest.values { values.append(add(value, program, fixed)) }
    for store in nest.stores {
      let (reference, displacement) = add(store.access, written: true, program, fixed)
      stores.append(
        Store(value: store.value, reference: reference, displacement: displacement))
    }
    dropUnitAxes()
    mergeAxes()
    nameAxes()
    sortAxes()
  }

  private mutating func sortAxes() {
    outputAxes = axes.indices.filter {
      !axes[$0].isReduction && !axes[$0].isChunk && !axes[$0].isSide
    }
    reductionAxes = axes.indices.filter { axes[$0].isReduction }
  }

  private mutating func add(
    _ value: QuernPasses.Value, _ program: Program, _ fixed: Set<NodeID>
  ) -> Value {
    switch value {
    case .accumulator: return .accumulator
    case .factor(let number): return .factor(number)
    case .position: return .position
    case .read(let access):
      let (reference, displacement) = add(access, written: false, program, fixed)
      return .read(reference: reference, displacement: displacement)
    case .constant(let constant, let element): return .constant(constant, element)
    case .index(let expression): return .index(add(Index(expression, rank: axes.count)))
    case .apply(let op, let operands, let element): return .apply(op, operands, element)
    }
  }

  private mutating func add(_ index: Index) -> Int {
    if let known = indices.firstIndex(of: index) { return known }
    indices.append(index)
    return indices.count - 1
  }

  /// The reference for an access, and how many elements from it the access lies: places of one tensor
  /// that move alike share a reference, except those that factors read.
  private mutating func add(
    _ access: TensorAccess, written: Bool, _ program: Program, _ fixed: Set<NodeID>
  ) -> (reference: Int, displacement: Int) {
    guard let storage = program.storages[access.tensor] else {
      preconditionFailure("every tensor that is read or written has a storage")
    }
    let (offset, strides) = storage.address(access, rank: axes.count)
    var reference = Reference(
      name: "", tensor: access.tensor,
      byteOffset: storage.offset + offset * access.element.byteCount,
      isPrivate: storage.isPrivate, strides: strides,
      element: access.element, isWritten: written,
      isFixed: fixed.contains(access.tensor))
    reference.name = Self.name(access, program.graph)
    if let known = references.firstIndex(of: reference) { return (known, 0) }
    let factors = Set(factors.map(\.reference))
    for (index, known) in references.enumerated()
    where known.tensor == reference.tensor && known.strides == strides && !factors.contains(index)
      && known.isWritten == written && known.element == access.element
    {
      return (index, (reference.byteOffset - known.byteOffset) / access.element.byteCount)
    }
    while references.contains(where: { $0.name == reference.name }) { reference.name += "_" }
    references.append(reference)
    return (references.count - 1, 0)
  }

  /// What the C calls a tensor: an input's own name, or the node's number.
  private static func name(_ access: TensorAccess, _ graph: Graph) -> String {
    guard case .input(let input) = graph[access.tensor].op else {
      return "t\(access.tensor.index)"
    }
    return "p_" + input.name.asIdentifier
  }

  /// Two axes of one name would hide each other in C, and one that bears another thing's name that.
  private mutating func nameAxes() {
    var used: Set<String> = []
    for index in axes.indices {
      if !axes[index].isChunk, AxisNames.isTaken(axes[index].name) { axes[index].name += "_" }
      while !used.insert(axes[index].name).inserted { axes[index].name += "_" }
    }
  }

  /// The same nest for tensors of any name and at any place, which all nests share that become the
  /// same code. Of a place there remains how it lies to cache lines, and which references have one.
  package var anywhere: PlacedNest {
    var result = self
    for (index, reference) in references.enumerated() {
      let first = references.firstIndex {
        $0.liesWith(reference)
      }
      result.references[index].name = ""
      result.references[index].tensor = NodeID(0)
      result.references[index].byteOffset =
        (first ?? index) * Reference.line + reference.byteOffset % Reference.line
      result.references[index].isPrivate = false
    }
    return result
  }

  // MARK: Fewer axes

  private mutating func dropUnitAxes() {
    for axis in axes.indices.reversed()
    where axes[axis].extent == 1 && !axes[axis].isChunk && !axes[axis].isSide {
      remove(axis)
    }
  }

  private mutating func remove(_ axis: Int) {
    axes.remove(at: axis)
    for index in references.indices { references[index].strides.remove(at: axis) }
    for index in indices.indices { indices[index].strides.remove(at: axis) }
    position.strides.remove(at: axis)
  }

  /// Joins neighbouring axes that every address steps through as if they were one.
  private mutating func mergeAxes() {
    var axis = axes.count - 2
    while axis >= 0 {
      if canMerge(axis) {
        let inner = axes[axis + 1]
        let name = axes[axis].name + inner.name
        axes[axis].extent *= inner.extent
        axes[axis].name = name
        for index in references.indices {
          references[index].strides[axis] = references[index].strides[axis + 1]
        }
        for index in indices.indices {
          indices[index].strides[axis] = indices[index].strides[axis + 1]
        }
        position.strides[axis] = position.strides[axis + 1]
        remove(axis + 1)
      }
      axis -= 1
    }
  }

  private func canMerge(_ axis: Int) -> Bool {
    guard axes[axis].isReduction == axes[axis + 1].isReduction, !axes[axis].isChunk,
      !axes[axis].isSide, !axes[axis + 1].isSide
    else { return false }
    let extent = axes[axis + 1].extent
    func fits(_ strides: [Int]) -> Bool { strides[axis] == strides[axis + 1] * extent }
    return references.allSatisfy { fits($0.strides) } && indices.allSatisfy { fits($0.strides) }
      && (reduction != .maximum || fits(position.strides))
  }

  /// Cuts a long last axis of elementwise work into rows of a few vectors, so that a tile function
  /// loops instead of being called for every few elements.
  mutating func cutLanes(_ width: Int) {
    guard isDirect, let last = outputAxes.last, axes[last].extent > (isTransform ? 1 : 2) * width,
      axes[last].extent % width == 0
    else { return }
    var inner = axes[last]
    axes[last].extent /= width
    inner.extent = width
    inner.name += "_"
    axes.append(inner)
    for index in references.indices {
      let stride = references[index].strides[last]
      references[index].strides[last] = stride * width
      references[index].strides.append(stride)
    }
    for index in indices.indices {
      let stride = indices[index].strides[last]
      indices[index].strides[last] = stride * width
      indices[index].strides.append(stride)
    }
    position.strides.append(0)
    nameAxes()
    sortAxes()
  }

  // MARK: Questions

  var chunkAxis: Int? { axes.firstIndex { $0.isChunk } }
  var reductionCount: Int { reductionAxes.reduce(1) { $0 * axes[$1].extent } }
  /// The references that values read and stores write, in their order.
  var valueReferences: [Int] {
    var isUsed = Array(repeating: false, count: references.count)
    for store in stores { isUsed[store.reference] = true }
    for case .read(let reference, _) in values { isUsed[reference] = true }
    return references.indices.filter { isUsed[$0] }
  }
  var outputCount: Int { outputAxes.reduce(1) { $0 * axes[$1].extent } }
  /// Whether terms are products of two numbers read: what panels and tiles of rows are for.
  var isProduct: Bool {
    reduction == .sum && factors.count == 2 && factors.allSatisfy { $0.match == nil }
      && term.isEmpty
  }
  /// Whether each output is computed at once, because there is nothing to add up.
  var isDirect: Bool {
    reduction == .none || isTransform || (reduction == .sum && reductionAxes.isEmpty)
  }
  /// Whether tiles are transformed.
  var isTransform: Bool { reduction.isTransform }
  /// Whether the position in the window is asked for.
  var wantsPosition: Bool { values.contains(.position) }
}

extension PlacedNest.Index {
  init(_ expression: AffineExpression, rank: Int) {
    offset = expression.offset
    strides = [Int](repeating: 0, count: rank)
    for term in expression.terms { strides[term.axis] = term.coefficient }
  }
}
