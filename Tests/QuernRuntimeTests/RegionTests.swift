import QuernGradient
import QuernGraph
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernVectors
import Testing

/// Networks that are computed picture by picture give what they give layer by layer, to the bit.
@Suite struct SectionTests {
  private enum Pooling { case maximum, average }

  /// Convolution, activation, pooling, convolution with stride, and the gradients of all.
  private func network(
    _ size: [Int], _ filters: [Int], kernel: Int, _ pooling: Pooling
  ) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", Shape(size))
    let w = try [
      b.input("w1", Shape([kernel, kernel, size[3], filters[0]]), role: .parameter),
      b.input("w2", Shape([3, 3, filters[0], filters[1]]), role: .parameter),
    ]
    let padding = [kernel / 2, kernel / 2]
    let first = WindowGeometry(
      kernel: [kernel, kernel], paddingBefore: padding, paddingAfter: padding)
    let second = WindowGeometry(
      kernel: [3, 3], strides: [2, 2], paddingBefore: [1, 1], paddingAfter: [1, 1])
    let halves = WindowGeometry(kernel: [2, 2], strides: [2, 2])
    var y = try x.convolution(w[0], first)
    y = try y.maximum(y.scalar(0))
    y = pooling == .maximum ? try y.maximumPooling(halves) : try y.averagePooling(halves)
    y = try y.convolution(w[1], second)
    let gradients = try gradient(of: (y * y).sum() * 0.5, withRespectTo: [x] + w)
    try b.output("y", y.sum(over: [1, 2]))
    for (number, gradient) in gradients.enumerated() { try b.output("d\(number)", gradient) }
    return b.graph
  }

  @Test(arguments: [
    ([8, 14, 14, 3], [16, 24], 3), ([6, 13, 11, 5], [7, 9], 3), ([9, 12, 12, 1], [20, 5], 5),
    ([4, 8, 8, 37], [3, 1], 3),
  ])
  func agreement(_ size: [Int], _ filters: [Int], _ kernel: Int) throws {
    for pooling in [Pooling.maximum, .average] {
      let graph = try network(size, filters, kernel: kernel, pooling)
      for isFast in [false, true] {
        try expectAgreement(graph, tolerance: 1e-4, threads: [1, 2, 3]) { options in
          if isFast { options.numerics.convolutions = .onlyProducts() }
          options.regionLimits = .always
        }
      }
    }
  }

  @Test("Sections change no bit, whatever the caches")
  func bits() throws {
    let graph = try network([8, 14, 14, 3], [16, 24], kernel: 3, .maximum)
    for target in Target.all where target.isSupported {
      var results: [[[UInt32]]] = []
      var arrangements: Set<[Range<Int>]> = []
      for (coreCache, handed) in [(1 << 20, Int.max), (1 << 20, 0), (8 << 10, 0), (0, 0)] {
        var options = CompileOptions(target: target, threads: 2)
        // Products of transformed tiles would be sections whatever the caches.
        options.convolution = .direct
        var limits = RegionLimits.always
        (limits.coreCache, limits.tuning.minHanded) = (coreCache, handed)
        options.regionLimits = limits
        let instance = try GraphInstance(graph, options)
        arrangements.insert(instance.compiled.program.regions.map(\.kernels))
        try fill([instance], graph, seed: 5)
        instance.run()
        results.append(
          try graph.outputs.map { try instance.floats($0.name).map(\.bitPattern) })
      }
      #expect(arrangements.count == 3 && arrangements.contains([]), "\(arrangements)")
      for result in results { #expect(result == results[0], "\(target)") }
    }
  }

  @Test("A sum whose lanes would run over pictures has the same order one by one")
  func singleChannel() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [16, 1])
    let w = try b.input("w", [40, 7])
    // y[n, t] = Σ x[n, t] · w[k, l] with one t: there is no other axis for lanes than n.
    let sum = Contraction(
      axes: [Axis("n", 16), Axis("t", 1), Axis("k", 40), Axis("l", 7)], outputRank: 2,
      factors: [.init([.axis(0), .axis(1)]), .init([.axis(2), .axis(3)])])
    let y = try b.contraction(sum, [x, w])
    try b.output("y", b.contraction(sum, [y, w]))
    for target in Target.all where target.isSupported {
      var options = CompileOptions(target: target)
      let together = try GraphInstance(b.graph, options)
      options.regionLimits = .always
      let oneByOne = try GraphInstance(b.graph, options)
      try fill([together, oneByOne], b.graph, seed: 5)
      together.run()
      oneByOne.run()
      #expect(try together.floats("y") == oneByOne.floats("y"), "\(target)")
    }
  }

  @Test("Whoever needs a tensor's old value reads it before its section replaces it")
  func updates() throws {
    let b = GraphBuilder()
    let u = try b.input("u", [6, 9, 9, 8])
    let x = try b.input("x", [6, 8, 8, 8], role: .state)
    let w = try b.input("w", [1, 1, 8, 8])
    let a = try u.convolution(w, WindowGeometry(kernel: [1, 1]))
    let pooled = try a.maximumPooling(WindowGeometry(kernel: [2, 2], strides: [1, 1]))
    let inside = try a.sliced(from: [0, 0, 0, 0], to: [6, 8, 8, 8])
    // Reads all pictures of x, or another than its own, or its neighbours in the same picture.
    let sums = try x.sum(over: [0, 1, 2])
    let next = try x.sliced(from: [1, 0, 0, 0], to: [6, 8, 8, 8])
    let around = try x.convolution(
      b.input("v", [3, 3, 8, 8]),
      WindowGeometry(kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1]))
    try b.output("sums", sums)
    try b.output("next", next * inside.sliced(from: [1, 0, 0, 0], to: [6, 8, 8, 8]))
    try b.output("around", around * inside)
    try b.update(x, to: x * 0.5 + pooled)
    var count = 0
    try expectAgreement(b.graph, steps: 3) { options in
      options.regionLimits = .always
      count += (try? CompiledGraph.plan(b.graph, options).program.regions.count) ?? 0
    }
    #expect(count > 0)
  }
}
