import QuernCodegen
import QuernGradient
import QuernGraph
import QuernPasses
import QuernRuntime
import QuernVectors
import Testing

/// Long sums that are worked off in blocks which stay in the first-level cache.
@Suite struct ReductionBlockTests {
  /// Σₙ x[n, c] · y[n, t]: what a layer's weights change by.
  private func gradient(batch: Int, inputs: Int, outputs: Int) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", [batch, inputs])
    let y = try b.input("y", [batch, outputs])
    try b.output("gradient", try x.transposed([1, 0]).matrixProduct(y))
    return b.graph
  }

  /// The gradient of a convolution by its filters: a sum over pictures, rows and columns.
  private func gradient(
    pictures: [Int], filters: Int, kernel: Int, stride: Int
  ) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", Shape(pictures))
    let w = try b.input("w", [kernel, kernel, pictures[3], filters])
    let y = try x.convolution(
      w, WindowGeometry(kernel: [kernel, kernel], strides: [stride, stride]))
    try b.output(
      "gradient", try QuernGradient.gradient(of: (y * y).sum(), withRespectTo: [w])[0])
    return b.graph
  }

  private func code(
    _ graph: Graph, level1: Int = 32 << 10, level2: Int = 512 << 10, threads: Int = 1
  ) throws -> String {
    var options = CompileOptions(target: .avx2, threads: threads, convolution: .direct)
    options.machine = MachineFacts(.avx2, level1Cache: level1, level2Cache: level2)
    return try CompiledGraph.plan(graph, options).code.source
  }

  /// Which of two texts comes first, if both are there.
  private func isBefore(_ first: String, _ second: String, in code: String) throws -> Bool {
    let first = try #require(code.range(of: first), "\(first) is missing in\n\(code.suffix(3000))")
    let second = try #require(
      code.range(of: second), "\(second) is missing in\n\(code.suffix(3000))")
    return first.lowerBound < second.lowerBound
  }

  private static let start = "const int first = c == 0;"

  @Test("A long batch is cut, a short one is not: its tiles find all in the cache anyway")
  func batches() throws {
    let long = try code(gradient(batch: 512, inputs: 640, outputs: 640))
    #expect(long.contains("for (long c = 0; c < 384; c += 128)"))
    #expect(try !code(gradient(batch: 128, inputs: 640, outputs: 640)).contains(Self.start))
    // All that is read stays in the second-level cache.
    #expect(try !code(gradient(batch: 512, inputs: 40, outputs: 40)).contains(Self.start))
  }

  @Test("Few sums wait for a block all together, many one panel after the other")
  func order() throws {
    let panel = "for (long t_tile = 0;"
    let few = try code(gradient(batch: 2000, inputs: 200, outputs: 200))
    #expect(try isBefore(Self.start, panel, in: few))
    let many = try code(gradient(batch: 2000, inputs: 200, outputs: 2000))
    #expect(try isBefore(panel, Self.start, in: many))
    // Panels that no other block goes through are shared out in turns.
    let shared = try code(gradient(batch: 2000, inputs: 200, outputs: 2000), threads: 2)
    #expect(shared.contains("* share / 32"))
  }

  @Test("Pictures are cut into bands of rows of one height where a whole one is too much")
  func pictures() throws {
    let tall = try gradient(pictures: [4, 61, 57, 64], filters: 64, kernel: 3, stride: 2)
    let code = try code(tall)
    // Five of the 30 rows of 28, which are 140 steps.
    #expect(code.contains("for (long block = 0; block < 23; block++)"))
    #expect(code.contains("const long y = block % 6 * 5;"))
    #expect(code.contains("const long n = block / 6;"))
    // Several pictures together where they are small.
    let small = try gradient(pictures: [40, 9, 9, 64], filters: 64, kernel: 3, stride: 2)
    #expect(try self.code(small).contains("for (long n = 0; n < 32; n += 8)"))
  }

  @Test(
    "Blocks agree with the interpreter, with any number of threads",
    arguments: [(1_500, 2_048), (1_500, 64 << 10), (700, 2_048), (256, 256)])
  func agreement(level1: Int, level2: Int) throws {
    let graphs = [
      try gradient(batch: 101, inputs: 37, outputs: 70),
      try gradient(batch: 64, inputs: 130, outputs: 33),
      try gradient(pictures: [5, 9, 11, 20], filters: 24, kernel: 1, stride: 1),
      try gradient(pictures: [3, 17, 13, 9], filters: 21, kernel: 3, stride: 2),
      try gradient(pictures: [2, 15, 15, 3], filters: 16, kernel: 5, stride: 1),
    ]
    var blocked = 0
    for graph in graphs {
      if try code(graph, level1: level1, level2: level2).contains("const int first") {
        blocked += 1
      }
      try expectAgreement(graph) {
        $0.convolution = .direct
        $0.machine = MachineFacts($0.target, level1Cache: level1, level2Cache: level2)
      }
    }
    #expect(blocked >= 3)
  }
}
