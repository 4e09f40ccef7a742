import QuernCompiler
import QuernGradient
import QuernGraph
import QuernPasses
import QuernTestSupport
import Testing

/// Gradients of windows that lie side by side, which fall into residue classes.
@Suite struct ResidueTests {
  @Test(
    "One nest computes what all windows have, others what is left at the edges",
    arguments: [([8, 6], 1), ([7, 6], 3), ([8, 5], 3), ([7, 5], 5), ([19, 23], 5)])
  func pooling(_ size: [Int], _ nests: Int) throws {
    let b = GraphBuilder()
    let x = try b.input("x", Shape([2] + size + [8]))
    let y = try x.maximumPooling(WindowGeometry(kernel: [2, 2], strides: [2, 2]))
    try b.output("dx", gradient(of: (y * y).sum(), withRespectTo: [x])[0])
    let program = try lower(b.graph)
    // All four places of a window.
    let kernel = try #require(program.kernels.first { $0.nests[0].stores.count == 4 })
    #expect(kernel.nests.count == nests)
    let written = kernel.nests.map { nest in
      nest.axes[..<nest.outputRank].reduce(nest.stores.count) { $0 * $1.extent }
    }
    #expect(written.reduce(0, +) == 2 * size[0] * size[1] * 8)
    #expect(written[0] == 2 * (size[0] / 2) * (size[1] / 2) * 4 * 8)
  }
}
