import QuernGradient
import QuernGraph
import QuernPasses
import QuernTestSupport
import Testing

/// Loops over fewer axes touch the same bytes in the same order.
@Suite struct CanonicalAxesTests {
  private static func nest(
    _ axes: [LoopAxis], strides: [[Int]], indices: [AffineExpression] = []
  ) -> MemoryNest {
    var nest = MemoryNest(axes: axes, reduction: .none)
    for (number, strides) in strides.enumerated() {
      nest.accesses.append(
        MemoryAccess(
          tensor: NodeID(number), element: .float32, isWritten: number == 0, offset: 64 * number,
          strides: strides))
    }
    nest.indices = indices
    return nest
  }

  /// All that a nest touches, position by position: places in memory, then values of its indices.
  private static func trace(_ nest: MemoryNest) -> [[Int]] {
    var positions: [[Int]] = [[]]
    for axis in nest.axes {
      positions = positions.flatMap { position in (0..<axis.extent).map { position + [$0] } }
    }
    return positions.map { position in
      nest.accesses.map { access in
        zip(position, access.strides).reduce(access.offset) { $0 + $1.0 * $1.1 }
      } + nest.indices.map { $0(position) ?? -1 }
    }
  }

  @Test("Axes of one step go, and indices count on")
  func unitAxes() {
    var nest = Self.nest(
      [.init("a", 1, .output), .init("b", 3, .output), .init("c", 1, .reduction)],
      strides: [[400, 4, 0], [8, 12, 4]],
      indices: [AffineExpression([(0, 5), (1, 2), (2, 7)], offset: 1)])
    let before = Self.trace(nest)
    nest.dropUnitAxes()
    #expect(nest.axes == [.init("b", 3, .output)])
    #expect(nest.indices == [AffineExpression([(0, 2)], offset: 1)])
    #expect(Self.trace(nest) == before)
  }

  @Test("Neighbours that memory steps through as one become one")
  func merging() {
    var nest = Self.nest(
      [.init("a", 2, .output), .init("b", 3, .output), .init("c", 5, .output)],
      strides: [[60, 20, 4], [0, 0, 0]], indices: [AffineExpression([(0, 15), (1, 5), (2, 1)])])
    let before = Self.trace(nest)
    nest.mergeAxes()
    #expect(nest.axes == [.init("abc", 30, .output)])
    #expect(nest.accesses.map(\.strides) == [[4], [0]])
    #expect(Self.trace(nest) == before)
  }

  @Test("What does not step as one stays: padded rows, other kinds, an index of one of them")
  func apart() {
    let outputs: [LoopAxis] = [.init("a", 2, .output), .init("b", 3, .output)]
    let mixed: [LoopAxis] = [.init("a", 2, .output), .init("b", 3, .reduction)]
    let region: [LoopAxis] = [.init("chunk", 2, .region), .init("b", 3, .output)]
    let tile: [LoopAxis] = [.init("u", 2, .tileOutput), .init("v", 3, .tileOutput)]
    for nest in [
      Self.nest(outputs, strides: [[16, 4]]), Self.nest(mixed, strides: [[12, 4]]),
      Self.nest(region, strides: [[12, 4]]), Self.nest(tile, strides: [[12, 4]]),
      Self.nest(outputs, strides: [[12, 4]], indices: [.axis(1)]),
    ] {
      var merged = nest
      merged.mergeAxes()
      #expect(merged == nest)
      merged.dropUnitAxes()
      #expect(merged == nest)
    }
  }

  @Test("A long loop becomes rows of the length asked for")
  func rows() {
    var nest = Self.nest(
      [.init("a", 96, .output)], strides: [[4], [8]], indices: [.axis(0, times: 3, plus: 2)])
    let before = Self.trace(nest)
    nest.cutRows(32)
    #expect(nest.axes == [.init("a", 3, .output), .init("a_", 32, .output)])
    #expect(nest.accesses.map(\.strides) == [[128, 4], [256, 8]])
    #expect(Self.trace(nest) == before)
    // Too short, or of another length.
    for extent in [64, 97] {
      var short = Self.nest([.init("a", extent, .output)], strides: [[4]])
      short.cutRows(32)
      #expect(short.axes.count == 1)
    }
  }

  @Test("Accesses of one tensor that move alike share a pointer, bytes apart")
  func sharing() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [2, 8, 6, 16])
    let y = try x.maximumPooling(WindowGeometry(kernel: [2, 2], strides: [2, 2]))
    try b.output("dx", gradient(of: (y * y).sum(), withRespectTo: [x])[0])
    let nests = try memoryNests(lower(b.graph))
    // The four places of a window: channels side by side, then columns, then rows of 6 columns.
    let nest = try #require(nests.first { $0.stores.count == 4 })
    #expect(Set(nest.stores.map(\.access)).count == 1)
    let first = nest.stores[0].displacement
    #expect(nest.stores.map { $0.displacement - first } == [0, 64, 6 * 64, 7 * 64])
  }
}
