import QuernCompiler
import QuernGradient
import QuernGraph
import QuernInterpreter
import QuernPasses
import QuernRandom
import QuernTestSupport
import Testing

/// Convolutions and their gradients with fast algorithms, in double precision: the same values.
@Suite struct FastConvolutionTests {
  @Test("Transform matrices are printed by name, and each once in full")
  func names() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [2, 12, 12, 4])
    let w = try b.input("w", [3, 3, 4, 8], role: .parameter)
    let y = try x.convolution(w, WindowGeometry(kernel: [3, 3]))
    try b.output("dw", gradient(of: (y * y).sum(), withRespectTo: [w])[0])
    let graph = useFastConvolutions(b.graph, .onlyProducts(lanes: 8, largestSide: 6))
    let lines = graph.description.split(separator: "\n")
    let formulas = lines.filter { $0.contains(", M = ") }
    #expect(formulas.count { $0.contains("M = Bᵀ of F(4, 3)") } == 2, "\(graph)")
    #expect(formulas.allSatisfy { !$0.contains("(") || !$0.contains(" 0;") })
    #expect(lines.count { $0.hasPrefix("Bᵀ of F(4, 3) = (") } == 1)
    // Those of the gradient are ops of their own, though they compute the same tiles.
    let stages = graph.nodes.compactMap { node in
      if case .tileTransform(let transform) = node.op { transform.stage } else { nil }
    }
    #expect(stages.contains(.forward) && stages.contains(.gradient))
  }

  struct Picture: Sendable, CustomStringConvertible {
    var size = [2, 8, 8, 3]
    var filters = 5
    var kernel = [3, 3]
    var strides = [1, 1]
    var before = [1, 1]
    var after = [1, 1]
    var description: String { "\(size) \(kernel) s\(strides) \(before)\(after) T\(filters)" }
  }

  static let fast = [
    Picture(), Picture(size: [1, 19, 23, 2], filters: 32),
    Picture(size: [3, 7, 5, 2], filters: 16, before: [0, 0], after: [0, 0]),
    Picture(size: [1, 14, 14, 2], kernel: [5, 5], before: [2, 2], after: [2, 2]),
    Picture(size: [2, 9, 6, 3], kernel: [2, 2], before: [1, 0], after: [0, 1]),
    Picture(size: [1, 10, 9, 2], kernel: [7, 7], before: [3, 3], after: [3, 3]),
    Picture(size: [1, 5, 6, 2], kernel: [4, 4], before: [3, 3], after: [3, 3]),
  ]
  static let others = [
    Picture(strides: [2, 2]), Picture(kernel: [1, 1], before: [0, 0], after: [0, 0]),
    Picture(kernel: [3, 1], before: [1, 0], after: [1, 0]),
    Picture(size: [1, 12, 12, 2], kernel: [8, 8], before: [0, 0], after: [0, 0]),
  ]

  private func graph(_ p: Picture) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", Shape(p.size))
    let w = try b.input("w", Shape(p.kernel + [p.size[3], p.filters]), role: .parameter)
    let y = try x.convolution(
      w,
      WindowGeometry(
        kernel: p.kernel, strides: p.strides, paddingBefore: p.before, paddingAfter: p.after))
    let gradients = try gradient(of: (y * y).sum(), withRespectTo: [x, w])
    try b.output("y", y)
    try b.output("dx", gradients[0])
    try b.output("dw", gradients[1])
    return simplify(b.graph)
  }

  private func transforms(_ graph: Graph) -> Int {
    graph.nodes.count { if case .tileTransform = $0.op { true } else { false } }
  }

  @Test("All three are rewritten, and equal", arguments: fast, [4, 6, 8])
  func agreement(_ image: Picture, _ side: Int) throws {
    guard image.kernel[0] < side else { return }
    let plain = try graph(image)
    let rewritten = useFastConvolutions(plain, .onlyProducts(lanes: 8, largestSide: side))
    try expectEqual(plain, rewritten)
  }

  /// Whole pictures in a tile, with and without padding, and pictures of several tiles.
  static let fourier: [(Picture, [Int])] = [
    (
      Picture(size: [2, 14, 14, 3], filters: 32, kernel: [5, 5], before: [2, 2], after: [2, 2]),
      [16]
    ),
    (Picture(size: [1, 14, 14, 2], kernel: [5, 5], before: [2, 2], after: [2, 2]), [12]),
    (
      Picture(size: [1, 19, 23, 2], kernel: [5, 5], before: [2, 2], after: [2, 2]), [12, 16, 26]
    ),
    (Picture(size: [2, 11, 14, 2], kernel: [5, 5], before: [2, 2], after: [2, 2]), [16]),
    (Picture(size: [1, 9, 9, 2], kernel: [4, 4], before: [0, 0], after: [0, 0]), [10, 12]),
    (Picture(size: [1, 9, 9, 2], kernel: [4, 4], before: [3, 3], after: [3, 3]), [12]),
    (Picture(size: [1, 9, 8, 2], kernel: [2, 2], before: [1, 0], after: [0, 1]), [4, 10]),
    (Picture(size: [1, 12, 12, 2], kernel: [8, 8], before: [0, 0], after: [0, 0]), [12, 20]),
    (Picture(size: [1, 10, 9, 2], kernel: [3, 3], before: [4, 0], after: [0, 4]), [14]),
  ]

  @Test(
    "By Fourier transforms too, whatever comes round",
    arguments: fourier.flatMap { image, sides in sides.map { (image, $0) } })
  func fourierAgreement(_ image: Picture, _ side: Int) throws {
    let plain = try graph(image)
    let costs = ConvolutionCosts.onlyProducts(lanes: 8, largestSide: 0, fourierSides: [side])
    let rewritten = useFastConvolutions(plain, costs)
    try expectEqual(plain, rewritten)
    #expect(rewritten.nodes.contains { $0.op.name == "tileTransform" && $0.shape.rank == 5 })
  }

  private func expectEqual(_ plain: Graph, _ rewritten: Graph) throws {
    try rewritten.verify()
    // Four ops for each of the three, of which one is a product.
    #expect(transforms(rewritten) == 9)
    let (a, b) = (try Interpreter<Double>(plain), try Interpreter<Double>(rewritten))
    var random = SeededGenerator(seed: 7)
    for (_, input, type) in plain.inputs {
      let values = (0..<type.shape.elementCount).map { _ in
        Double.random(in: -1...1, using: &random)
      }
      try a.setValues(input.name, values)
      try b.setValues(input.name, values)
    }
    try a.run()
    try b.run()
    for name in ["y", "dx", "dw"] {
      let (expected, values) = (try a.values(name), try b.values(name))
      let scale = expected.map(abs).max() ?? 1
      let error = zip(expected, values).map { abs($0 - $1) }.max() ?? 0
      #expect(error < 1e-12 * scale, "\(name): \(error / scale)")
    }
  }

  @Test("Strides, other windows and large ones stay sums", arguments: others)
  func left(_ image: Picture) throws {
    let plain = try graph(image)
    #expect(transforms(useFastConvolutions(plain, .onlyProducts(lanes: 8))) == 0)
  }

  @Test func theyCanBeTurnedOff() throws {
    let plain = try graph(Picture())
    #expect(transforms(useFastConvolutions(plain, .onlyProducts(lanes: 8, largestSide: 0))) == 0)
  }

  @Test("What pays is chosen by shape")
  func choice() {
    let costs = ConvolutionCosts(lanes: 16)
    /// Products of a tile, with padding that keeps a image's size.
    func products(
      _ taps: Int, _ output: [Int], _ channels: Int, fixed: Bool = false
    ) -> Int? {
      let shape = ConvolutionShape(
        taps: taps, offset: (-(taps / 2), -(taps / 2)), image: (output[1], output[2]),
        output: output, channels: channels)
      return costs.algorithm(shape, isFilterFixed: fixed)?.products
    }
    #expect(products(3, [128, 32, 32, 64], 64) == 6 * 6)
    // A Fourier transform of the whole image.
    #expect(products(5, [128, 14, 14, 64], 32) == 382)
    // Of larger ones too, or of tiles that fit better; with fewer channels, the larger the tile.
    #expect(products(5, [128, 30, 30, 64], 32) == 1534)
    #expect(products(5, [16, 28, 28, 64], 64) == 484)
    #expect(products(7, [16, 32, 32, 32], 32) == 724)
    #expect(products(5, [8, 100, 100, 64], 32) == 862)
    // Two of Winograd's tiles fit as well as one of these.
    #expect(products(3, [64, 8, 8, 64], 64) == 6 * 6)
    #expect(products(3, [64, 7, 7, 128], 128) == 94)
    // Of three channels a vector would be all but empty.
    #expect(products(3, [128, 32, 32, 64], 3) == nil)
    // Six channels take as long as eight, in sums as in transforms.
    #expect(products(5, [16, 28, 28, 6], 6) == 484)
    #expect(products(3, [16, 32, 32, 8], 8) == 6 * 6)
    #expect(products(3, [16, 32, 32, 6], 6) == nil)
    // One small image shares the filter too little for a large tile's many floats.
    #expect(products(3, [1, 8, 8, 256], 256, fixed: true) == 4 * 4)
    #expect(products(3, [1, 4, 4, 256], 256) == nil)
    #expect(products(5, [1, 14, 14, 64], 32, fixed: true) == 8 * 8)
  }

  @Test("A transformed filter that no step replaces is prepared once")
  func preparation() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [2, 8, 8, 16])
    let w = try b.input("w", [3, 3, 16, 16], role: .parameter)
    let geometry = WindowGeometry(kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
    try b.output("y", try x.convolution(w, geometry))
    var program = try lower(useFastConvolutions(b.graph, .onlyProducts(lanes: 8)))
    #expect(program.preparedCount == 1)
    try b.update(w, to: w * 0.5)
    program = try lower(useFastConvolutions(b.graph, .onlyProducts(lanes: 8)))
    #expect(program.preparedCount == 0)
  }

  /// Chunks of however few products.
  private var unlimited: RegionLimits {
    var limits = RegionLimits()
    (limits.tuning.minProducts, limits.numerics.minSummed) = (0, 0)
    return limits
  }

  @Test("Pictures go through a convolution's kernels in chunks that fit the cache")
  func regions() throws {
    let graph = useFastConvolutions(
      try graph(Picture(size: [12, 16, 16, 8], filters: 8)), .onlyProducts(lanes: 8))
    let program = try lower(graph, chunks: unlimited)
    #expect(program.regions.count == 3)
    for region in program.regions {
      #expect(12 % region.chunks == 0 && region.chunks > 1)
      #expect(region.kernels.count == 3)
    }
    // Sums go on from chunk to chunk, so theirs are larger.
    #expect(program.regions.map(\.chunks) == [12, 12, 3])
    // Where there are chunks enough, threads take their own; not of a sum in one part.
    #expect(program.regions.map(\.isPrivate) == [true, true, false])
    #expect(program.privateBytes > 0)
    let shared = try lower(graph, threads: 3, chunks: unlimited)
    #expect(shared.regions.map(\.isPrivate) == [false, false, false])
    #expect(shared.privateBytes == 0)
  }

  @Test("A filter's gradient is kept in parts, whatever the threads, which may take one each")
  func parts() throws {
    // 64 tiles a image and more: four pictures are terms enough for a part.
    let graph = useFastConvolutions(
      try graph(Picture(size: [12, 32, 32, 8], filters: 8)), .onlyProducts(lanes: 8))
    for (threads, isPrivate) in [(1, true), (2, false), (3, true), (4, false)] {
      let program = try lower(graph, threads: threads, chunks: unlimited)
      let region = try #require(program.regions.last)
      #expect(region.isPrivate == isPrivate)
      #expect(region.chunks == 12)
      let sums = program.kernels[region.kernels].flatMap(\.nests).compactMap(\.chunksPerSum)
      #expect(sums == [4])
    }
    // Of little, threads take a part each even if some have none.
    var limits = unlimited
    limits.tuning.minProducts = RegionLimits().tuning.minProducts
    for threads in 2...4 {
      let program = try lower(graph, threads: threads, chunks: limits)
      let region = try #require(program.regions.last)
      #expect(region.isPrivate && region.chunks == 12)
    }
  }

  @Test(
    "Filters lie in panels of two vectors' lanes or of three, but not of one",
    arguments: [(16, nil), (24, nil), (32, 16), (40, nil), (48, 16), (56, nil), (72, 24)]
      as [(Int, Int?)])
  func panels(filters: Int, width: Int?) throws {
    let graph = useFastConvolutions(
      try graph(Picture(size: [1, 8, 8, 4], filters: filters)), .onlyProducts(lanes: 8))
    // (side, side, T / P, C, P) in panels of P filters.
    let inPanels = graph.nodes.filter { $0.op.name == "tileTransform" && $0.shape.rank == 5 }
    #expect(inPanels.map { $0.shape[4] } == (width.map { [$0] } ?? []))
  }

  @Test("Parts divide the pictures, and are neither large nor of few terms")
  func partCounts() {
    let costs = ConvolutionCosts(lanes: 16)
    #expect(costs.parts(examples: 128, terms: 16, bytes: 1 << 19) == 8)
    #expect(costs.parts(examples: 100, terms: 64, bytes: 1 << 19) == 5)
    #expect(costs.parts(examples: 13, terms: 64, bytes: 1 << 19) == 1)
    #expect(costs.parts(examples: 128, terms: 16, bytes: 3 << 20) == 2)
    #expect(costs.parts(examples: 128, terms: 16, bytes: 16 << 20) == 1)
    #expect(costs.parts(examples: 32, terms: 16, bytes: 1 << 19) == 2)
  }
}
