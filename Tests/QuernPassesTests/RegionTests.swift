import QuernCompiler
import QuernGraph
import QuernPasses
import QuernTestSupport
import Testing

/// Which kernels take pictures a few at a time, one after the other.
@Suite struct SectionTests {
  private let geometry = WindowGeometry(
    kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
  private let halves = WindowGeometry(kernel: [2, 2], strides: [2, 2])

  /// The kernels of each section by name.
  private func names(_ program: Program) -> [[String]] {
    program.regions.map { program.kernels[$0.kernels].map(\.name) }
  }

  private func convolution(
    _ x: Tensor, _ filters: Int, _ name: String, _ geometry: WindowGeometry
  ) throws -> Tensor {
    let kernel = geometry.kernelExtents
    let w = try x.builder.input(
      name, [kernel[0], kernel[1], x.shape[3], filters], role: .parameter)
    let z = try x.convolution(w, geometry)
    return try z.maximum(z.scalar(0))
  }

  @Test("A pooling reads what the convolution has just written, which never goes to memory")
  func pooling() throws {
    let b = GraphBuilder()
    let z = try convolution(b.input("x", [32, 16, 16, 8]), 8, "w", geometry)
    try b.output("y", z.maximumPooling(halves))
    let program = try lower(b.graph, threads: 2, chunks: .always)
    #expect(names(program) == [["contraction", "maximum"]])
    let region = try #require(program.regions.first)
    #expect(region.isPrivate && region.chunks == 32)
    #expect(!program.needsBarrier[region.kernels.upperBound - 1])
    let own = program.storages.values.filter(\.isPrivate)
    #expect(own.map(\.type.shape) == [[1, 16, 16, 8]])
    #expect(program.privateBytes >= 16 * 16 * 8 * 4)
    #expect(program.arenaBytes < 32 * 16 * 16 * 8 * 4 * 2)
  }

  @Test("What others read too lies in memory whole, and so does what has zeros around it")
  func readElsewhere() throws {
    let b = GraphBuilder()
    let z = try convolution(b.input("x", [32, 16, 16, 8]), 8, "w1", geometry)
    let y = try convolution(z, 8, "w2", geometry)
    try b.output("z", z)
    try b.output("y", y.maximumPooling(halves))
    var graph = b.graph
    for _ in 0..<2 {
      let program = try lower(graph, chunks: .always)
      #expect(names(program) == [["contraction", "contraction_2", "maximum"]])
      // z has zeros around it, so that also where nobody asks for it only y is the threads' own.
      #expect(program.storages.values.filter(\.isPrivate).map(\.type.shape) == [[1, 16, 16, 8]])
      graph.outputs.removeAll { $0.name == "z" }
    }
  }

  @Test("What a thread's pictures need at different times shares its memory")
  func sharedMemory() throws {
    let b = GraphBuilder()
    let inside = WindowGeometry(kernel: [1, 1])
    var x = try b.input("x", [32, 16, 16, 8])
    for layer in 1...4 { x = try convolution(x, 8, "w\(layer)", inside) }
    try b.output("y", x)
    let program = try lower(b.graph, chunks: .always)
    #expect(names(program).map(\.count) == [4])
    let own = program.storages.values.filter(\.isPrivate)
    #expect(own.count == 3)
    #expect(program.privateBytes < own.reduce(0) { $0 + $1.byteCount })
    // Neighbours are alive at the same time.
    let places = own.sorted { $0.tensor < $1.tensor }.map { $0.offset..<$0.offset + $0.byteCount }
    #expect(!places[0].overlaps(places[1]) && !places[1].overlaps(places[2]))
  }

  @Test("A sum of what has just been written joins, unless it reads as much from elsewhere")
  func sums() throws {
    let joined = [["contraction", "contraction_2"]]
    for (rows, regions) in [(1, joined), (4, joined), (16, [])] {
      let b = GraphBuilder()
      let z = try convolution(b.input("x", [32, 16, 16, 8]), 8, "w", geometry)
      let sum = Contraction(
        axes: [Axis("n", 32), Axis("c", 8), Axis("y", rows), Axis("x", 16)], outputRank: 2,
        factors: [
          .init([.axis(0), .axis(2), .axis(3), .axis(1)]),
          .init([.axis(0), .axis(2), .axis(3), .axis(1)]),
        ])
      try b.output("y", b.contraction(sum, [z, b.input("other", [32, rows, 16, 8])]))
      let program = try lower(b.graph, chunks: .always)
      #expect(names(program) == regions, "\(rows) rows")
    }
  }

  @Test("Sums over all pictures join the kernel that makes them, once they have a part for each")
  func sumsInParts() throws {
    let b = GraphBuilder()
    let z = try convolution(b.input("x", [32, 16, 16, 8]), 8, "w", geometry)
    try b.output("y", z.sum(over: [0, 1, 2]))
    let graph = simplify(b.graph)
    #expect(try lower(graph, chunks: .always).regions.isEmpty)
    let program = try lower(splitReductions(graph), chunks: .always)
    #expect(names(program) == [["contraction", "contraction_2"]])
    #expect(program.kernels.count == 3)
    #expect(program.storages.values.filter(\.isPrivate).map(\.type.shape) == [[1, 16, 16, 8]])
  }

  @Test("What needs all pictures ends a section, and nothing joins across it")
  func acrossPictures() throws {
    let b = GraphBuilder()
    let z = try convolution(b.input("x", [32, 16, 16, 8]), 8, "w", geometry)
    let mean = try z.sum(over: [0, 1, 2]).reshaped([1, 1, 1, 8])
    let y = try (z * mean).exp()
    try b.output("y", y.maximumPooling(halves))
    let program = try lower(b.graph, chunks: .always)
    #expect(names(program) == [["elementwise", "maximum"]])
  }

  @Test("A kernel that reads other pictures than its own does not join")
  func otherPictures() throws {
    let b = GraphBuilder()
    let z = try convolution(b.input("x", [32, 16, 16, 8]), 8, "w", geometry)
    try b.output("y", z.sliced(from: [1, 0, 0, 0], to: [32, 16, 16, 8]).maximumPooling(halves))
    #expect(try names(lower(b.graph, chunks: .always)) == [["movement", "maximum"]])
  }

  @Test("Weights of kernels that join fit the core's cache together, unless one has few")
  func weights() throws {
    let b = GraphBuilder()
    let first = try convolution(b.input("x", [32, 16, 16, 32]), 32, "w1", geometry)
    try b.output("y", convolution(first, 32, "w2", geometry).maximumPooling(halves))
    var limits = RegionLimits.always
    let each = 9 * 32 * 32 * 4
    limits.coreCache = 2 * 2 * each
    #expect(try names(lower(b.graph, chunks: limits)).map(\.count) == [3])
    limits.coreCache -= 1
    #expect(
      try names(lower(b.graph, chunks: limits)) == [["contraction_2", "maximum"]])
  }

  @Test("Small tensors, few pictures and few rows are not worth it")
  func limits() throws {
    func regions(_ size: [Int], threads: Int = 1) throws -> [Region] {
      let b = GraphBuilder()
      try b.output(
        "y", convolution(b.input("x", Shape(size)), 16, "w", geometry).maximumPooling(halves))
      return try lower(b.graph, threads: threads).regions
    }
    #expect(try regions([64, 32, 32, 8]).map(\.chunks) == [64])
    #expect(try regions([64, 32, 32, 8], threads: 8).map(\.chunks) == [64])
    #expect(try regions([64, 32, 32, 8], threads: 9).isEmpty)
    // 16 kB at a time.
    #expect(try regions([1024, 8, 8, 8]).map(\.chunks) == [256])
    // 64 rows of products at a time.
    #expect(try regions([4096, 4, 4, 8]).map(\.chunks) == [256])
    // Half a megabyte stays in the cache anyway.
    #expect(try regions([128, 8, 8, 8]).isEmpty)
  }

  @Test("What is made of parameters beforehand is made of all of them at once")
  func preparation() throws {
    let b = GraphBuilder()
    let w = try b.input("w", [64, 64], role: .parameter)
    let scaled = try w * (w * w).sum(over: [1]).squareRoot().reshaped([64, 1])
    try b.output("y", b.input("x", [4, 64]).matrixProduct(scaled))
    let program = try lower(b.graph, chunks: .always)
    #expect(program.preparedCount == 2)
    #expect(program.regions.allSatisfy { $0.kernels.lowerBound >= 2 })
  }

  @Test("What follows a convolution of parameters is not prepared before it")
  func convolutionOfParameters() throws {
    let b = GraphBuilder()
    let pictures = try b.input("pictures", [32, 16, 16, 8], role: .parameter)
    let z = try convolution(pictures, 8, "w", geometry).maximumPooling(halves)
    try b.output("y", z * b.input("x", [32, 1, 1, 8]))
    let program = try lower(
      useFastConvolutions(b.graph, .onlyProducts(lanes: 8)), chunks: .always)
    #expect(program.preparedCount == 1)
    #expect(names(program).map(\.count) == [4])
  }
}
