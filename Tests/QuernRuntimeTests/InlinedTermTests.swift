import QuernGradient
import QuernGraph
import QuernMachine
import QuernPasses
import QuernRuntime
import Testing

/// Sums whose terms are computed where they are read.
@Suite struct InlinedTermTests {
  /// Over pictures, over features that fill vectors or do not, over everything, kept in parts.
  @Test(arguments: [
    ([6, 5, 7, 16], [0, 1, 2]), ([6, 5, 7, 37], [0, 1, 2]), ([19, 37], [1]), ([5, 64], [1]),
    ([24, 33], [0]), ([7, 9, 3], [0, 1, 2]), ([40, 6, 1], [0, 2]),
  ])
  func normalisation(_ shape: [Int], _ dimensions: [Int]) throws {
    let b = GraphBuilder()
    let x = try b.input("x", Shape(shape))
    let weights = try b.input("weights", Shape([shape[0]] + shape.dropFirst().map { _ in 1 }))
    let scale = try b.input("scale", [shape.last ?? 1])
    var kept = shape
    for dimension in dimensions { kept[dimension] = 1 }
    func mean(_ tensor: Tensor) throws -> Tensor {
      let count = dimensions.reduce(1) { $0 * shape[$1] }
      return try (tensor.sum(over: dimensions) / Double(count)).reshaped(Shape(kept))
    }
    let centred = try x - mean(x)
    let variance = try mean(centred * centred * weights)
    let result = try centred / (variance * variance + 1).squareRoot() * scale
    try b.output("result", result)
    let loss = try (result * result.tanh()).sum()
    let gradients = try gradient(of: loss, withRespectTo: [x, scale])
    try b.output("dx", gradients[0])
    try b.output("dscale", gradients[1])
    for parts in [Numerics.SplitReductions(), .always] {
      try expectAgreement(b.graph, tolerance: 1e-4) { options in
        options.tuning.inlining.minElements = 0
        options.numerics.splitReductions = parts
      }
    }
    var options = CompileOptions()
    options.tuning.inlining.minElements = 0
    let program = try CompiledGraph.plan(b.graph, options).program
    #expect(program.kernels.contains { $0.nests.contains { !$0.term.isEmpty } })
  }
}
