import QuernErrors
import QuernGraph
import QuernInterpreter
import QuernLayers
import Testing

@Suite struct ReceptiveFieldTests {
  private func fields(
    _ extent: Int = 40, @LayerBuilder _ layers: () -> [any Layer]
  ) throws -> [ReceptiveField?] {
    let summary = try Network(
      "net", input: .picture(height: extent, width: extent, channels: 2), layers: layers()
    ).summary()
    return summary.layers.map { $0.receptiveField?[0] }
  }

  /// The lecture: 3×3 convolutions see 3, 5, 7; 5×5 ones 5, 9, 13.
  @Test(arguments: [(3, [3, 5, 7]), (5, [5, 9, 13])])
  func stackedConvolutions(kernel: Int, sizes: [Int]) throws {
    let fields = try fields {
      for _ in sizes { Conv2D(2, kernel: .square(kernel)) }
    }
    #expect(fields.map { $0?.size } == sizes)
    #expect(fields.map { $0?.jump } == [1, 1, 1])
    #expect(fields.map { $0?.start } == [0, 0, 0])
  }

  /// The lecture: with stride 2 two 3×3 convolutions see 7.
  @Test func strides() throws {
    let fields = try fields {
      Conv2D(2, kernel: 3, stride: 2)
      Conv2D(2, kernel: 3)
      Conv2D(2, kernel: 3, stride: 2)
    }
    #expect(
      fields == [
        ReceptiveField(size: 3, jump: 2, start: 0), ReceptiveField(size: 7, jump: 2, start: 0),
        ReceptiveField(size: 11, jump: 4, start: 0),
      ])
  }

  @Test func paddingMovesTheStart() throws {
    let fields = try fields {
      Conv2D(2, kernel: 5, padding: .same)
      MaxPool(2)
      Conv2D(2, kernel: 3, padding: .same)
    }
    #expect(
      fields == [
        ReceptiveField(size: 5, jump: 1, start: -2), ReceptiveField(size: 6, jump: 2, start: -2),
        ReceptiveField(size: 10, jump: 2, start: -4),
      ])
  }

  @Test func dilationAndPooling() throws {
    let fields = try fields {
      Conv2D(2, kernel: 3, dilation: 3)
      AveragePool(3)
      ReLU()
      BatchNorm()
    }
    #expect(fields.map { $0?.size } == [7, 9, 9, 9])
    #expect(fields.map { $0?.jump } == [1, 3, 3, 3])
  }

  @Test func branchesAreUnited() throws {
    let fields = try fields {
      Residual { Conv2D(2, kernel: 5, padding: .same) }
      Concat {
        Conv2D(2, kernel: 1)
        Conv2D(2, kernel: 3, padding: .sides(before: 2, after: 0))
      }
      Conv2D(4, kernel: 3, groups: 2)
    }
    #expect(fields[1] == ReceptiveField(size: 5, jump: 1, start: -2))
    #expect(fields[4] == ReceptiveField(size: 7, jump: 1, start: -4))
    #expect(fields[5] == ReceptiveField(size: 9, jump: 1, start: -4))
  }

  @Test func heightAndWidthDiffer() throws {
    let row = try Network("net", input: .picture(height: 20, width: 30, channels: 1)) {
      Conv2D(2, kernel: .init(height: 3, width: 5), stride: .init(height: 1, width: 2))
    }.summary().layers[0]
    #expect(row.receptiveField?.map(\.size) == [3, 5])
    #expect(row.receptiveField?.map(\.jump) == [1, 2])
  }

  @Test func featuresHaveNone() throws {
    let fields = try fields(8) {
      Flatten()
      Dense(3)
    }
    #expect(fields == [nil, nil])
  }

  /// Numbers 0, 1, 2… that a layer looks at as a whole: a fully connected output sees everything.
  @Test func denseSeesAll() throws {
    let built = try Network("net", input: .picture(height: 5, width: 4, channels: 2)) {
      MaxPool(2)
      Flatten()
      Dense(3)
    }.build(batch: 2, mode: .inference, in: GraphBuilder())
    let seen = try built.builder.graph.seen(
      by: [1, 2], of: built.output.id, in: built.input.id)
    // The fifth row is in no window.
    #expect(seen?.positions == [[1], [0, 1, 2, 3], [0, 1, 2, 3], [0, 1]])
  }

  @Test func oneElementOfAFlattenedPicture() throws {
    let built = try Network("net", input: .picture(height: 6, width: 6, channels: 2)) {
      MaxPool(2)
      Flatten()
    }.build(batch: 1, mode: .inference, in: GraphBuilder())
    // (y 1 · 3 + x 2) · 2 + c 1.
    let seen = try built.builder.graph.seen(
      by: [0, 11], of: built.output.id, in: built.input.id)
    #expect(seen?.positions == [[0], [2, 3], [4, 5], [1]])
  }

  /// A corner of the picture, as it is and as if the picture had no end.
  @Test func bordersAreRespectedOrIgnored() throws {
    let built = try Network("net", input: .picture(height: 4, width: 4, channels: 1)) {
      Conv2D(1, kernel: 3, padding: .same)
      Conv2D(1, kernel: 3, padding: .same)
    }.build(batch: 1, mode: .inference, in: GraphBuilder())
    func rows(_ element: [Int], _ borders: SeenPositions.Borders) throws -> [Int]? {
      try built.builder.graph.seen(
        by: element, of: built.output.id, in: built.input.id, borders: borders)?.positions[1]
    }
    #expect(try rows([0, 0, 0, 0], .respected) == [0, 1, 2])
    #expect(try rows([0, 0, 0, 0], .ignored) == [-2, -1, 0, 1, 2])
    // Beyond the picture there is no element, unless borders are ignored.
    #expect(throws: QuernError.self) { try rows([0, 4, 0, 0], .respected) }
    #expect(try rows([0, 4, 0, 0], .ignored) == [2, 3, 4, 5, 6])
  }

  @Test func elementsOutsideAreErrors() throws {
    let built = try Network("net", input: .features(3)) { ReLU() }
      .build(batch: 1, mode: .inference, in: GraphBuilder())
    let graph = built.builder.graph
    let outside = #expect(throws: QuernError.self) {
      try graph.seen(by: [0, 3], of: built.output.id, in: built.input.id)
    }
    #expect(outside?.problem.contains("[0, 3]") == true)
    #expect(throws: QuernError.self) {
      try graph.seen(by: [0], of: built.output.id, in: built.input.id)
    }
    #expect(
      try graph.seen(by: [0, 1], of: built.input.id, in: built.output.id) == nil)
  }

  static let measured: [[any Layer]] = [
    [Conv2D(2, kernel: 3, padding: .same), Conv2D(1, kernel: 3, padding: .same)],
    [Conv2D(2, kernel: 3, stride: 2, padding: .explicit(1)), Conv2D(2, kernel: 2, dilation: 2)],
    [AveragePool(2), Conv2D(2, kernel: 3, padding: .same), GELU()],
    [
      Residual { Conv2D(2, kernel: 3, padding: .same, dilation: 2) },
      Conv2D(2, kernel: 3, stride: 3, groups: 2),
    ],
    [
      Concat {
        Conv2D(1, kernel: 1, stride: 2)
        DepthwiseConv2D(kernel: 2, stride: 2, padding: .same)
      },
      LayerNorm(),
    ],
  ]

  /// What composing index maps says is exactly what changes an output when it is changed.
  @Test(arguments: measured.indices)
  func measuredFieldAgrees(number: Int) throws {
    let input = InputShape.picture(height: 9, width: 8, channels: 2)
    let harness = try Harness(
      Network("net", input: input, layers: Self.measured[number]), batch: 1, mode: .inference,
      seed: UInt64(number))
    let values = Harness.noise(input.elementCount, seed: 99)
    let before = try harness.output(values)
    let shape = harness.built.output.shape
    var changed = [[Set<Int>]](
      repeating: [[], [], []], count: shape.elementCount)
    for place in values.indices {
      var moved = values
      moved[place] += 1
      let position = [place / 16, place / 2 % 8, place % 2]
      for (element, (old, new)) in zip(before, try harness.output(moved)).enumerated()
      where old != new {
        for dimension in 0..<3 { changed[element][dimension].insert(position[dimension]) }
      }
    }
    for element in 0..<shape.elementCount {
      let index = zip(shape.extents, shape.strides).map { element / $1 % $0 }
      let seen = try harness.built.builder.graph.seen(
        by: index, of: harness.built.output.id, in: harness.built.input.id)
      #expect(seen?.positions.dropFirst().map(Set.init) == changed[element], "element \(index)")
    }
  }
}
