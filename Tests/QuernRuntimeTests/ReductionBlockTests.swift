import QuernCodegen
import QuernGradient
import QuernGraph
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernTestSupport
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
      func adjust(_ options: inout CompileOptions) {
        options.convolution = .direct
        options.machine = MachineFacts(
          options.target, level1Cache: level1, level2Cache: level2)
      }
      var options = CompileOptions(target: .avx2)
      adjust(&options)
      if try schedule(graph, options.passes).hasBlocks { blocked += 1 }
      try expectAgreement(graph, adjust: adjust)
    }
    #expect(blocked >= 3)
  }
}
