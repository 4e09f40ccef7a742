import QuernCodegen
import QuernGradient
import QuernGraph
import QuernInterpreter
import QuernPasses
import QuernRandom
import QuernRuntime
import QuernVectors
import Testing

/// Fast convolutions as native code: right within their bound, bit-equal for any number of threads.
@Suite struct FastConvolutionTests {
  private func network(
    _ size: [Int], _ filters: Int, kernel: Int
  ) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", Shape(size))
    let w = try b.input("w", Shape([kernel, kernel, size[3], filters]), role: .parameter)
    let bias = try b.input("bias", [filters], role: .parameter)
    let padding = [kernel / 2, kernel / 2]
    let geometry = WindowGeometry(
      kernel: [kernel, kernel], paddingBefore: padding, paddingAfter: padding)
    let z = try x.convolution(w, geometry) + bias
    let y = try z.where(z.scalar(0).apply(.less, z), otherwise: z.scalar(0))
    let loss = try (y * y).sum() * 0.5
    let gradients = try gradient(of: loss, withRespectTo: [x, w, bias])
    try b.output("y", y)
    try b.output("dx", gradients[0])
    try b.update(w, to: try w - gradients[1] * 0.01)
    try b.update(bias, to: try bias - gradients[2] * 0.01)
    return b.graph
  }

  /// In one piece, in chunks, in panels, with edges, with lanes left over, sums in two and in three parts.
  @Test(arguments: [
    ([2, 8, 8, 16], 32, 3), ([6, 19, 23, 37], 53, 3), ([4, 14, 14, 32], 64, 5),
    ([12, 10, 9, 5], 40, 3), ([8, 24, 24, 16], 32, 3), ([3, 7, 7, 16], 1, 2),
    ([1, 12, 12, 64], 64, 3), ([16, 24, 24, 16], 24, 3), ([12, 32, 32, 5], 40, 5),
  ])
  func agreement(_ size: [Int], _ filters: Int, _ kernel: Int) throws {
    let graph = try network(size, filters, kernel: kernel)
    try expectAgreement(graph, tolerance: 1e-4, steps: 2) { options in
      options.numerics.convolutions = .onlyProducts()
      // Small convolutions in chunks too.
      var chunks = RegionLimits()
      chunks.tuning.minProducts = 0
      options.regionLimits = chunks
    }
  }

  /// Whole pictures in a tile, with lanes left over, and pictures of several tiles with edges.
  @Test(arguments: [
    ([4, 14, 14, 32], 64, 5, 16), ([3, 9, 12, 5], 40, 5, 16), ([2, 19, 23, 16], 9, 5, 12),
    ([12, 10, 10, 16], 32, 7, 14), ([6, 8, 8, 37], 53, 3, 10), ([1, 5, 5, 16], 32, 2, 4),
  ])
  func fourierAgreement(_ size: [Int], _ filters: Int, _ kernel: Int, _ side: Int) throws {
    let graph = try network(size, filters, kernel: kernel)
    try expectAgreement(graph, tolerance: 1e-4, steps: 2) { options in
      options.numerics.convolutions = .onlyProducts(largestSide: 0, fourierSides: [side])
      var chunks = RegionLimits()
      chunks.tuning.minProducts = 0
      options.regionLimits = chunks
    }
  }

  /// The bounds that the documentation states, as multiples of the largest value.
  @Test(arguments: [(4, 3, 1e-6), (6, 3, 1e-5), (8, 3, 2e-5), (6, 5, 1e-5), (8, 5, 2e-5)])
  func rounding(_ side: Int, _ kernel: Int, _ bound: Double) throws {
    let graph = try network([4, 12, 12, 64], 48, kernel: kernel)
    let direct = try error(of: graph) { $0.convolution = .direct }
    let fast = try error(of: graph) {
      $0.numerics.convolutions = .onlyProducts(largestSide: side)
    }
    #expect(direct < 2e-6)
    #expect(fast < bound)
    // Another algorithm has run.
    #expect(fast != direct)
  }

  @Test("Fourier transforms round less than direct sums", arguments: [(3, 14), (5, 14), (5, 16)])
  func fourierRounding(_ kernel: Int, _ side: Int) throws {
    let graph = try network([4, 12, 12, 64], 48, kernel: kernel)
    let direct = try error(of: graph) { $0.convolution = .direct }
    let fast = try error(of: graph) {
      $0.numerics.convolutions = .onlyProducts(largestSide: 0, fourierSides: [side])
    }
    #expect(fast < 1e-6)
    #expect(fast != direct)
  }

  /// The largest difference from double precision in any result, relative to its largest value.
  private func error(
    of graph: Graph, _ adjust: (inout CompileOptions) -> Void
  ) throws -> Double {
    var options = CompileOptions()
    adjust(&options)
    let instance = try GraphInstance(graph, options)
    let exact = try Interpreter<Double>(graph)
    try fill([instance, exact], graph, seed: 3)
    instance.run()
    try exact.run()
    return try ["y", "dx", "w"].map { name in
      let expected = try exact.values(name)
      let scale = expected.map(abs).max() ?? 1
      return zip(try instance.floats(name), expected).map { abs(Double($0) - $1) / scale }.max()
        ?? 0
    }.max() ?? 0
  }

  @Test("A step sees weights that were written after the last one")
  func weightsAreWritten() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [1, 8, 8, 16])
    let w = try b.input("w", [3, 3, 16, 16], role: .parameter)
    let geometry = WindowGeometry(kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
    try b.output("y", try x.convolution(w, geometry))
    for threads in [1, 2] {
      var options = CompileOptions(threads: threads)
      options.numerics.convolutions = .onlyProducts()
      let instance = try GraphInstance(b.graph, options)
      #expect(instance.compiled.program.preparedCount == 1)
      let exact = try Interpreter<Double>(b.graph)
      for seed: UInt64 in [1, 2] {
        try fill([instance, exact], b.graph, seed: seed)
        instance.run()
        try exact.run()
        let error = zip(try instance.floats("y"), try exact.values("y")).map {
          abs(Double($0) - $1)
        }
        #expect((error.max() ?? 1) < 1e-4)
      }
      try instance.clear("w")
      instance.run()
      #expect(try instance.floats("y").allSatisfy { $0 == 0 })
    }
  }
}
