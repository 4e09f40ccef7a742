import QuernGraph
import QuernMachine
import QuernPasses

// What the code generator asks of nests and their accesses.

extension MemoryAccess {
  /// Bytes of an element.
  var size: Int { element.byteCount }
  /// Whether it starts where a cache line does.
  var startsOnLine: Bool { offset % MachineFacts.cacheLine == 0 }

  /// Whether the elements along an axis lie side by side.
  func isContiguous(along axis: Int) -> Bool { strides[axis] == size }
  /// Whether the elements along an axis lie side by side, or all at one place.
  func isSmooth(along axis: Int) -> Bool { strides[axis] == 0 || strides[axis] == size }
  /// Elements from one position of an axis to the next: what C counts in.
  func elements(along axis: Int) -> Int { strides[axis] / size }
  /// The same for each axis.
  var elementStrides: [Int] { strides.map { $0 / size } }

  /// The type of its elements in C.
  var cType: String { element.cType }
  /// The type of a pointer to them in C, as it is given to functions.
  var cPointer: String { "\(isWritten ? "" : "const ")\(cType) *" }
}

extension ElementType {
  /// Its name in C.
  var cType: String {
    switch self {
    case .uint8: "unsigned char"
    case .float32: "float"
    case .int32: "int"
    }
  }

  /// What sums are kept in, in registers and in memory.
  static let accumulator = ElementType.float32
}

extension LoopNest<MemoryAccess> {
  /// The region's axis, which is the caller's loop.
  var chunkAxis: Int? { axes.first?.kind == .region ? 0 : nil }
  var reductionCount: Int { reductionAxes.reduce(1) { $0 * axes[$1].extent } }
  var outputCount: Int { outputAxes.reduce(1) { $0 * axes[$1].extent } }
  /// Whether results are added to what earlier chunks have stored.
  var addsUp: Bool { chunksPerSum != nil }

  /// The accesses that values read and stores write, in their order.
  var valueAccesses: [Int] {
    var isUsed = Array(repeating: false, count: accesses.count)
    for store in stores { isUsed[store.access] = true }
    for case .read(let access, _) in values { isUsed[access] = true }
    return accesses.indices.filter { isUsed[$0] }
  }

  /// Whether terms are products of two numbers read: what panels and tiles of rows are for.
  var isProduct: Bool {
    reduction == .sum && factors.count == 2 && factors.allSatisfy { $0.match == nil }
      && term.isEmpty
  }

  /// Whether the position in the window is asked for.
  var wantsPosition: Bool { values.contains(.position) }

  /// An index as how far one step along each axis leads.
  func strides(of index: AffineExpression) -> [Int] {
    var strides = [Int](repeating: 0, count: axes.count)
    for term in index.terms { strides[term.axis] = term.coefficient }
    return strides
  }

  /// Where a factor is read.
  func access(of factor: Int) -> MemoryAccess { accesses[factors[factor].access] }

  /// The same nest for tensors of any name and at any place, which all nests share that become the
  /// same code. Of a place there remains how it lies to cache lines, and which accesses have one.
  package var anywhere: Self {
    var result = self
    for (index, access) in accesses.enumerated() {
      let first = accesses.firstIndex { $0.startsWith(access) }
      result.accesses[index].name = ""
      result.accesses[index].tensor = NodeID(0)
      result.accesses[index].offset =
        (first ?? index) * MachineFacts.cacheLine + access.offset % MachineFacts.cacheLine
      result.accesses[index].isPrivate = false
    }
    return result
  }
}

extension MemoryAccess {
  /// Partial sums of a kernel, in the thread's own memory behind its panels.
  ///
  /// - Parameter strides: bytes from one output to the next along each axis.
  init(partialSumsWith strides: [Int]) {
    self.init(
      tensor: NodeID(0), element: .accumulator, isWritten: true, offset: 0, strides: strides)
    name = "partial"
  }
}

/// A number that a tile function is given: an index of the nest, or the position in the window.
enum NestIndex: Hashable {
  case index(Int)
  case position

  /// What the C calls it.
  var name: String {
    switch self {
    case .index(let number): "index\(number)"
    case .position: "position"
    }
  }

  /// All of a nest, the position last.
  static func all(_ nest: MemoryNest) -> [NestIndex] {
    nest.indices.indices.map { .index($0) } + [.position]
  }

  /// Its place among all of the nest.
  func number(_ nest: MemoryNest) -> Int {
    switch self {
    case .index(let number): number
    case .position: nest.indices.count
    }
  }

  /// How it depends on the axes.
  func expression(_ nest: MemoryNest) -> AffineExpression {
    switch self {
    case .index(let number): nest.indices[number]
    case .position: nest.position
    }
  }
}
