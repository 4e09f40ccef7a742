import QuernGradient
import QuernGraph
import QuernRuntime
import Testing

/// Every kind of kernel, compiled, against the interpreter.
@Suite struct KernelTests {
  @Test func elementwiseChain() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [3, 37])
    let y = try b.input("y", [37])
    try b.output("z", try (x + y) * x - 0.5)
    try expectAgreement(b.graph)
  }

  @Test(arguments: [
    [1, 1, 1], [5, 7, 3], [14, 40, 33], [128, 100, 70], [3, 300, 10], [16, 700, 200],
  ])
  func matrixProduct(_ sizes: [Int]) throws {
    let b = GraphBuilder()
    let x = try b.input("x", [sizes[0], sizes[1]])
    let w = try b.input("w", [sizes[1], sizes[2]], role: .parameter)
    let bias = try b.input("bias", [sizes[2]], role: .parameter)
    try b.output("y", try x.matrixProduct(w) + bias)
    try expectAgreement(b.graph)
  }

  @Test(arguments: [[5, 7, 3], [20, 40, 33], [128, 100, 70]])
  func matrixProductGradients(_ sizes: [Int]) throws {
    let b = GraphBuilder()
    let x = try b.input("x", [sizes[0], sizes[1]])
    let w = try b.input("w", [sizes[1], sizes[2]], role: .parameter)
    let y = try x.matrixProduct(w).tanh()
    let loss = try (y * y).sum()
    let gradients = try gradient(of: loss, withRespectTo: [x, w])
    try b.output("dx", gradients[0])
    try b.update(w, to: try w - gradients[1] * 0.1)
    try b.output("loss", loss)
    try expectAgreement(b.graph)
  }

  struct Picture: Sendable, CustomStringConvertible {
    var n = 2
    var height = 9
    var width = 8
    var channels = 3
    var filters = 5
    var kernel = [3, 3]
    var strides = [1, 1]
    var dilations = [1, 1]
    var before = [0, 0]
    var after = [0, 0]
    var groups = 1
    var description: String {
      "\(n)x\(height)x\(width)x\(channels) \(kernel) s\(strides) d\(dilations) \(before)\(after) T\(filters) g\(groups)"
    }
  }

  static let pictures = [
    Picture(), Picture(before: [1, 1], after: [1, 1]),
    Picture(strides: [2, 2], before: [1, 1], after: [1, 1]),
    Picture(kernel: [2, 3], strides: [2, 3], dilations: [2, 1], before: [1, 0], after: [0, 2]),
    Picture(channels: 4, filters: 6, before: [1, 1], after: [1, 1], groups: 2),
    Picture(channels: 6, filters: 6, before: [1, 1], after: [1, 1], groups: 6),
    Picture(
      height: 14, width: 14, channels: 32, filters: 64, kernel: [5, 5], before: [2, 2],
      after: [2, 2]),
    Picture(
      n: 1, height: 28, width: 28, channels: 1, filters: 32, kernel: [5, 5], before: [2, 2],
      after: [2, 2]),
    Picture(height: 5, width: 5, channels: 2, filters: 1, kernel: [1, 1], strides: [2, 2]),
    Picture(
      n: 300, height: 14, width: 14, channels: 8, filters: 16, before: [1, 1], after: [1, 1]),
  ]

  @Test(arguments: pictures)
  func convolution(_ p: Picture) throws {
    let b = GraphBuilder()
    let x = try b.input("x", Shape([p.n, p.height, p.width, p.channels]))
    let w = try b.input(
      "w", Shape([p.kernel[0], p.kernel[1], p.channels / p.groups, p.filters]), role: .parameter)
    let geometry = WindowGeometry(
      kernel: p.kernel, strides: p.strides, dilations: p.dilations, paddingBefore: p.before,
      paddingAfter: p.after)
    let z = try x.convolution(w, geometry, groups: p.groups)
    let y = try z.where(z.scalar(0).apply(.less, z), otherwise: z.scalar(0))
    let loss = try (y * y).sum() * 0.5
    let gradients = try gradient(of: loss, withRespectTo: [x, w])
    try b.output("y", y)
    try b.output("dx", gradients[0])
    try b.output("dw", gradients[1])
    try expectAgreement(b.graph, threads: p.n > 100 ? [1, 2] : [1, 2, 3])
  }

  @Test(arguments: [([2, 2], [2, 2], 0), ([3, 3], [2, 2], 1), ([3, 2], [1, 3], 0)])
  func pooling(_ kernel: [Int], _ strides: [Int], _ padding: Int) throws {
    let b = GraphBuilder()
    let x = try b.input("x", [2, 7, 9, 20])
    let geometry = WindowGeometry(
      kernel: kernel, strides: strides, paddingBefore: [padding, padding],
      paddingAfter: [padding, padding])
    let maximum = try x.maximumPooling(geometry)
    let average = try x.averagePooling(geometry)
    let loss = try (maximum * maximum + average).sum()
    try b.output("max", maximum)
    try b.output("average", average)
    try b.output("dx", try gradient(of: loss, withRespectTo: [x])[0])
    try expectAgreement(b.graph)
  }

  @Test func softmaxCrossEntropy() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [12, 10])
    let labels = try b.input("labels", [12], .int32)
    let top = try x.maximum(over: [1]).reshaped([12, 1])
    let shifted = try x - top
    let logSum = try shifted.exp().sum(over: [1]).log()
    let own = try b.contraction(
      Contraction(
        axes: [Axis("n", 12), Axis("t", 10)], outputRank: 1,
        factors: [
          .init([.axis(0), .axis(1)]), .init([.axis(0)], match: .axis(1)),
        ]), [shifted, labels])
    let loss = try (logSum - own).mean(over: [0])
    try b.output("loss", loss)
    try b.output("dx", try gradient(of: loss, withRespectTo: [x])[0])
    try b.output("winner", try x.maximumPosition(over: [1]))
    try expectAgreement(b.graph)
  }

  @Test func oneHot() throws {
    let b = GraphBuilder()
    let labels = try b.input("labels", [12], .int32)
    let x = try b.input("x", [12, 10])
    let hot = try b.contraction(
      Contraction(
        axes: [Axis("n", 12), Axis("t", 10)], outputRank: 2,
        factors: [.init([.axis(0)], match: .axis(1))]), [labels])
    try b.output("scaled", try hot * -0.25 + x)
    try expectAgreement(b.graph)
  }

  @Test func movements() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [3, 5, 18])
    try b.output("transposed", try x.transposed([2, 0, 1]))
    try b.output("sliced", try x.sliced(from: [1, 0, 3], to: [3, 5, 17]))
    try b.output("padded", try x.padded(before: [0, 2, 1], after: [1, 0, 3]))
    try b.output(
      "joined",
      try b.concatenate([x, x * 2, x.sliced(from: [0, 0, 0], to: [3, 2, 18])], along: 1))
    try b.output("reshaped", try (x + 1).reshaped([15, 18]))
    try b.output("sum", try x.sum(over: [0, 2]))
    try expectAgreement(b.graph)
  }
}
