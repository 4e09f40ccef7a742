import Foundation
import QuernGraph
import QuernLayers
import Testing

/// What layers compute, in double precision, against the formulas written out.
@Suite struct LayerValueTests {
  private func outputs(
    _ input: InputShape, _ values: [Double], batch: Int, mode: Mode = .inference,
    @LayerBuilder _ layers: () -> [any Layer]
  ) throws -> [Double] {
    try Harness(Network("net", input: input, layers: layers()), batch: batch, mode: mode)
      .output(values)
  }

  private func expectClose(
    _ found: [Double], _ expected: [Double], within tolerance: Double = 1e-12,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (place, (a, b)) in zip(found, expected).enumerated() {
      #expect(
        abs(a - b) <= tolerance * max(1, abs(b)), "at \(place): \(a), not \(b)",
        sourceLocation: sourceLocation)
    }
  }

  static let points = [-4.0, -1.5, -0.25, 0, 0.25, 1, 2.5, 6]

  static let activations: [(any Layer, @Sendable (Double) -> Double)] = [
    (ReLU(), { max($0, 0) }),
    (LeakyReLU(slope: 0.2), { $0 > 0 ? $0 : 0.2 * $0 }),
    (Sigmoid(), { 1 / (1 + exp(-$0)) }),
    (Tanh(), { tanh($0) }),
    (ScaledTanh(), { 1.7159 * tanh(0.6666 * $0) }),
    (GELU(), { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) }),
  ]

  @Test(arguments: activations.indices)
  func activation(number: Int) throws {
    let (layer, function) = Self.activations[number]
    let found = try outputs(.features(8), Self.points, batch: 1) { layer }
    expectClose(found, Self.points.map(function))
  }

  @Test func dense() throws {
    let harness = try Harness(
      Network("net", input: .features(3)) { Dense(2) }, batch: 2, mode: .inference)
    try harness.interpreter.setValues("dense1.weight", [1, 2, 3, 4, 5, 6])
    try harness.interpreter.setValues("dense1.bias", [10, 20])
    expectClose(try harness.output([1, 0, -1, 2, 1, 0]), [6, 16, 15, 28])
  }

  /// The same sums as loops over y, x, t, i, j, c.
  @Test func groupedStridedConvolution() throws {
    let layer = Conv2D(
      6, kernel: .init(height: 3, width: 2), stride: .init(height: 2, width: 1),
      padding: .sides(before: .init(height: 1, width: 0), after: .init(height: 0, width: 2)),
      dilation: .init(height: 1, width: 2), groups: 2, biasInitialiser: .normal(1))
    let (height, width, channels) = (5, 4, 4)
    let harness = try Harness(
      Network("net", input: .picture(height: height, width: width, channels: channels)) { layer },
      batch: 1, mode: .inference)
    let input = Harness.noise(height * width * channels, seed: 4)
    let found = try harness.output(input)
    let weight = try harness.interpreter.values("conv1.weight")
    let bias = try harness.interpreter.values("conv1.bias")
    let (rows, columns) = ((height + 1 - 3) / 2 + 1, width + 2 - 3 + 1)
    #expect(harness.built.output.shape == Shape([1, rows, columns, 6]))
    var expected: [Double] = []
    for y in 0..<rows {
      for x in 0..<columns {
        for t in 0..<6 {
          var sum = bias[t]
          for i in 0..<3 {
            for j in 0..<2 {
              for c in 0..<2 {
                let (row, column) = (2 * y + i - 1, x + 2 * j)
                guard 0..<height ~= row, 0..<width ~= column else { continue }
                let channel = t / 3 * 2 + c
                sum +=
                  input[(row * width + column) * channels + channel]
                  * weight[((i * 2 + j) * 2 + c) * 6 + t]
              }
            }
          }
          expected.append(sum)
        }
      }
    }
    expectClose(found, expected)
  }

  @Test func depthwise() throws {
    let harness = try Harness(
      Network("net", input: .picture(height: 2, width: 1, channels: 2)) {
        DepthwiseConv2D(kernel: .init(height: 2, width: 1), multiplier: 2, useBias: false)
      }, batch: 1, mode: .inference)
    try harness.interpreter.setValues("depthwise1.weight", [1, 2, 3, 4, 10, 20, 30, 40])
    // Channel 0 holds 1 and 3, channel 1 2 and 4.
    expectClose(try harness.output([1, 2, 3, 4]), [31, 62, 126, 168])
  }

  @Test func pooling() throws {
    let picture = InputShape.picture(height: 3, width: 3, channels: 1)
    let values = (1...9).map { Double($0 - 10) }
    expectClose(
      try outputs(picture, values, batch: 1) { MaxPool(2, stride: 1) }, [-5, -4, -2, -1])
    // Padding takes no part in a maximum, but counts in a mean.
    expectClose(
      try outputs(picture, values, batch: 1) { MaxPool(2, padding: .explicit(1)) },
      [-9, -7, -3, -1])
    expectClose(
      try outputs(picture, values, batch: 1) { AveragePool(2, padding: .explicit(1)) },
      [-2.25, -3.75, -2.25, -3])
    expectClose(try outputs(picture, values, batch: 1) { GlobalAveragePool() }, [-5])
  }

  @Test func softmax() throws {
    let values = [1, 2, 3, 1000, 1001, 999, -1000, -1000.5, -999]
    let expected = stride(from: 0, to: 9, by: 3).flatMap { row -> [Double] in
      let top = values[row..<row + 3].max() ?? 0
      let powers = values[row..<row + 3].map { exp($0 - top) }
      return powers.map { $0 / powers.reduce(0, +) }
    }
    expectClose(try outputs(.features(3), values, batch: 3) { Softmax() }, expected)
  }

  @Test func layerNorm() throws {
    let harness = try Harness(
      Network("net", input: .picture(height: 2, width: 1, channels: 4)) { LayerNorm() },
      batch: 1, mode: .training)
    let (scale, shift) = ([1.0, 2, 3, 4], [0.5, 0, -0.5, 1])
    try harness.interpreter.setValues("layerNorm1.scale", scale)
    try harness.interpreter.setValues("layerNorm1.shift", shift)
    let values = [1.0, 2, 4, 8, -3, 5, 5, 0.5]
    var expected: [Double] = []
    for row in [0, 4] {
      let part = values[row..<row + 4]
      let mean = part.reduce(0, +) / 4
      let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4
      for (place, value) in part.enumerated() {
        expected.append(
          (value - mean) / (variance + 1e-5).squareRoot() * scale[place] + shift[place])
      }
    }
    expectClose(try harness.output(values), expected)
  }

  private static let batchNorm = Network("net", input: .picture(height: 2, width: 2, channels: 3)) {
    BatchNorm(momentum: 0.25, epsilon: 1e-3)
  }

  /// PyTorch's rules: biased variance for normalising, unbiased for the running variance.
  @Test func batchNormInTraining() throws {
    let harness = try Harness(Self.batchNorm, batch: 2, mode: .training)
    let (scale, shift) = ([1.0, 2, -1], [0.5, 0, 3])
    try harness.interpreter.setValues("batchNorm1.scale", scale)
    try harness.interpreter.setValues("batchNorm1.shift", shift)
    try harness.interpreter.setValues("batchNorm1.runningMean", [1, 2, 3])
    try harness.interpreter.setValues("batchNorm1.runningVariance", [4, 5, 6])
    let values = Harness.noise(24, seed: 8)
    var expected = [Double](repeating: 0, count: 24)
    var means: [Double] = []
    var variances: [Double] = []
    for c in 0..<3 {
      let channel = stride(from: c, to: 24, by: 3).map { values[$0] }
      let mean = channel.reduce(0, +) / 8
      let squares = channel.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      for place in stride(from: c, to: 24, by: 3) {
        expected[place] =
          (values[place] - mean) / (squares / 8 + 1e-3).squareRoot() * scale[c] + shift[c]
      }
      means.append(0.75 * [1, 2, 3][c] + 0.25 * mean)
      variances.append(0.75 * [4, 5, 6][c] + 0.25 * squares / 7)
    }
    expectClose(try harness.output(values), expected)
    expectClose(try harness.interpreter.values("batchNorm1.runningMean"), means)
    expectClose(try harness.interpreter.values("batchNorm1.runningVariance"), variances)
  }

  @Test func batchNormInInference() throws {
    let harness = try Harness(Self.batchNorm, batch: 1, mode: .inference)
    try harness.interpreter.setValues("batchNorm1.runningMean", [1, 2, 3])
    try harness.interpreter.setValues("batchNorm1.runningVariance", [4, 5, 6])
    let values = Harness.noise(12, seed: 8)
    let expected = values.enumerated().map { place, value in
      (value - [1, 2, 3][place % 3]) / ([4, 5, 6][place % 3] + 1e-3).squareRoot()
    }
    expectClose(try harness.output(values), expected)
    #expect(try harness.interpreter.values("batchNorm1.runningMean") == [1, 2, 3])
  }

  /// A single value has no unbiased variance; the running one must stay finite.
  @Test func batchNormOfOneValue() throws {
    let harness = try Harness(
      Network("net", input: .features(2)) { BatchNorm() }, batch: 1, mode: .training)
    expectClose(try harness.output([3, -4]), [0, 0])
    expectClose(try harness.interpreter.values("batchNorm1.runningVariance"), [0.9, 0.9])
  }

  @Test func dropoutInTraining() throws {
    let network = Network("net", input: .features(20_000)) {
      Dropout(0.3)
      Dropout(0.5)
    }
    let ones = [Double](repeating: 1, count: 20_000)
    let harness = try Harness(network, batch: 1, mode: .training)
    let first = try harness.output(ones)
    #expect(Set(first.map { ($0 * 0.35 * 1e9).rounded() }) == [0, 1e9])
    // Both layers keep 0.7 · 0.5 where they are independent.
    let kept = Double(first.count { $0 != 0 }) / 20_000
    #expect(abs(kept - 0.35) < 4 * (0.35 * 0.65 / 20_000).squareRoot())
    let second = try harness.output(ones)
    let both = Double(zip(first, second).count { $0 != 0 && $1 != 0 }) / 20_000
    #expect(abs(both - 0.35 * 0.35) < 4 * (0.1225 * 0.8775 / 20_000).squareRoot())
    // The same seed draws the same masks, another one others.
    #expect(try Harness(network, batch: 1, mode: .training).output(ones) == first)
    #expect(try Harness(network, batch: 1, mode: .training, seed: 2).output(ones) != first)
  }

  @Test func dropoutCounterGrows() throws {
    let harness = try Harness(
      Network("net", input: .features(4)) { Dropout(0.5) }, batch: 1, mode: .training)
    let name = Network.randomCounterName
    let before = try harness.interpreter.integers(name)[0]
    #expect(before >= 0 && before < 1 << 30)
    _ = try harness.output([1, 1, 1, 1])
    #expect(try harness.interpreter.integers(name) == [before + 1])
  }

  @Test func dropoutInInference() throws {
    let found = try outputs(.features(8), Self.points, batch: 1) { Dropout(0.9) }
    #expect(found == Self.points)
    let none = try outputs(.features(8), Self.points, batch: 1, mode: .training) { Dropout(0) }
    #expect(none == Self.points)
  }

  @Test func branches() throws {
    let found = try outputs(.features(2), [1, -2], batch: 1) {
      Residual { ReLU() }
      Concat {
        Sequential {}
        Residual {
          ReLU()
        } shortcut: {
          LeakyReLU(slope: 0.5)
        }
      }
    }
    expectClose(found, [2, -2, 4, -1])
  }
}
