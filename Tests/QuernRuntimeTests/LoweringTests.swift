import QuernCodegen
import QuernGraph
import QuernMachine
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// What a step reads and replaces.
@Suite struct UpdateTests {
  @Test func scalarsAreUpdatedOnce() throws {
    let b = GraphBuilder()
    let counter = try b.input("counter", [], .int32, role: .state)
    let scale = try b.input("scale", [1, 1], role: .parameter)
    try b.update(counter, to: counter + 1)
    try b.update(scale, to: scale * 0.5)
    try b.output("scaled", try b.input("x", [3, 5]) * scale)
    try expectAgreement(b.graph, threads: [1, 2, 4], steps: 3)
  }

  @Test func outputsOfUpdatedInputsHoldWhatWasBefore() throws {
    let b = GraphBuilder()
    let weight = try b.input("weight", [4, 6], role: .parameter)
    let average = try b.input("average", [24], role: .state)
    try b.update(weight, to: weight * 0.5 + 1)
    try b.update(average, to: average * 0.9 + weight.reshaped([24]) * 0.1)
    try b.output("before", weight)
    try b.output("reshaped", average.reshaped([2, 12]))
    try expectAgreement(b.graph, threads: [1, 2], steps: 2)
  }

  @Test func inputsChangePlaces() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [5, 7], role: .state)
    let y = try b.input("y", [5, 7], role: .state)
    let z = try b.input("z", [35], role: .state)
    try b.update(x, to: y)
    try b.update(y, to: z.reshaped([5, 7]))
    try b.update(z, to: x.reshaped([35]))
    try b.output("sum", x + y)
    try expectAgreement(b.graph, threads: [1, 2], steps: 2)
  }

  @Test func updatesFromOtherElements() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [6, 6], role: .state)
    let w = try b.input("w", [3, 3, 1, 1], role: .parameter)
    try b.update(x, to: x.transposed([1, 0]))
    let padded = WindowGeometry(kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
    let smooth = try x.reshaped([1, 6, 6, 1]).convolution(w, padded)
    try b.output("smooth", smooth)
    try b.update(w, to: w - w.mean(over: [0, 1, 2, 3]))
    try expectAgreement(b.graph, threads: [1, 2], steps: 3)
  }

  /// The new value is read with padding, the old one as a flat tensor.
  @Test func oldAndNewValuesAreReadDifferently() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [3, 7, 5, 2], role: .state)
    let flat = try b.input("flat", [210], role: .state)
    let next = try x * 0.5 + 1
    try b.update(x, to: next)
    try b.update(flat, to: x.reshaped([210]))
    try b.output("sums", try x.reshaped([10, 21]).sum(over: [1]))
    try b.output("padded", try next.padded(before: [0, 1, 1, 0], after: [0, 1, 2, 0]))
    try expectAgreement(b.graph, threads: [1, 2], steps: 2)
  }
}

/// Tensors read otherwise than they are computed: in other shapes, at other places.
@Suite struct ReadingTests {
  /// Windows overlap, so a whole vector reads what a partial one has read further left.
  @Test func partialVectorsOfDistantLanes() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [17, 8])
    let axes = [Axis("o", 17), Axis("p", 4), Axis("k", 4)]
    let map = [AffineExpression([(0, 1), (2, 1)], offset: -2), .axis(1, times: 2)]
    let windows = Contraction(axes: axes, outputRank: 2, factors: [.init(map)])
    try b.output("sums", b.contraction(windows, [x]))
    try expectAgreement(b.graph)
  }

  @Test func matchesInBlocks() throws {
    let graph = try matchInBlocks()
    for target in Target.all {
      var options = CompileOptions(target: target)
      options.machine = MachineFacts(target)
      #expect(try schedule(graph, options.passes).hasBlocks, "\(target)")
    }
    try expectAgreement(graph, threads: [1, 3]) { $0.machine = MachineFacts($0.target) }
  }

  /// No dimension of one shape is a product of the other's, and both are read outside.
  @Test func paddedReshapesAcrossDimensions() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [4, 1, 2, 31])
    let w = try b.input("w", [3, 1, 1, 8], role: .parameter)
    let geometry = WindowGeometry(
      kernel: [3, 1], strides: [1, 3], dilations: [3, 1], paddingBefore: [2, 0],
      paddingAfter: [5, 0])
    try b.output("y", try x.reshaped([2, 62, 2, 1]).convolution(w, geometry))
    try b.output("padded", try x.padded(before: [1, 0, 0, 2], after: [0, 1, 0, 0]) * 2)
    let computed = try x.tanh()
    try b.output("z", try computed.reshaped([2, 62, 2, 1]).convolution(w, geometry))
    try b.output("slice", try computed.sliced(from: [-1, 0, 0, 0], to: [4, 1, 2, 31]))
    try expectAgreement(b.graph)
  }
}
