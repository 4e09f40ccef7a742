import Foundation
import QuernGraph
import QuernLayers
import Testing

@Suite struct SummaryTests {
  private static let network = Network("small", input: .picture(height: 8, width: 8, channels: 1)) {
    Conv2D(32, kernel: 3, padding: .same)
    ReLU()
    MaxPool(2)
    Flatten()
    Dense(1000)
  }

  @Test func numbers() throws {
    let summary = try Self.network.summary()
    #expect(
      summary.layers.map(\.outputShape) == [[8, 8, 32], [8, 8, 32], [4, 4, 32], [512], [1000]])
    #expect(summary.layers.map(\.parameters) == [320, 0, 0, 0, 513_000])
    #expect(summary.layers.map(\.multiplyAdds) == [18_432, 0, 0, 0, 512_000])
    #expect(summary.parameters == 513_320)
    #expect(summary.multiplyAdds == 530_432)
  }

  @Test func text() throws {
    var summary = try Self.network.summary()
    summary.arenaBytes = 12_345
    #expect(
      summary.description == """
        small
        layer     kind     output  parameters  multiply-adds  receptive field
        ────────  ───────  ──────  ──────────  ─────────────  ───────────────
        input              8×8×1
        conv1     Conv2D   8×8×32         320         18,432  3×3
        relu1     ReLU     8×8×32                             3×3
        maxPool1  MaxPool  4×4×32                             4×4
        flatten1  Flatten  512
        dense1    Dense    1000       513,000        512,000
        ────────  ───────  ──────  ──────────  ─────────────  ───────────────
        total                         513,320        530,432
        arena  12,345 bytes

        parameter      role    shape     elements
        ─────────────  ──────  ────────  ────────
        conv1.weight   weight  3×3×1×32       288
        conv1.bias     bias    32              32
        dense1.weight  weight  512×1000   512,000
        dense1.bias    bias    1000         1,000
        ─────────────  ──────  ────────  ────────
        total                             513,320
        warning: conv1, the last convolution, sees 3×3 of a picture of 8×8; layers, strides, \
        pooling or dilation before it widen what it sees
        """)
  }

  @Test func json() throws {
    let summary = try BuiltInModel.resnet8.network().summary()
    let data = try JSONEncoder().encode(summary)
    #expect(try JSONDecoder().decode(NetworkSummary.self, from: data) == summary)
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains("\"multiplyAdds\""))
  }

  /// The lecture: (784 + 1) · 1000 and (1000 + 1) · 10.
  @Test func everyParameterOfTheLecturesNetwork() throws {
    let summary = try BuiltInModel.fc.network().summary()
    #expect(
      summary.tensors.map(\.name) == [
        "dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias",
      ])
    #expect(summary.tensors.map(\.elements) == [784_000, 1000, 10_000, 10])
    #expect(summary.layers.map(\.parameters).filter { $0 > 0 } == [785_000, 10_010])
    #expect(summary.parameters == 785_000 + 10_010)
  }

  /// The lecture's advice: the last convolution's field should be comparable with the picture.
  @Test func warnsOfSmallFields() throws {
    func warnings(_ extent: Int, _ layers: [any Layer]) throws -> [String] {
      try Network(
        "net", input: .picture(height: extent, width: extent, channels: 1), layers: layers
      ).summary().warnings
    }
    let three = (0..<3).map { _ in Conv2D(2, kernel: 3, padding: .same) }
    #expect(try warnings(14, three).isEmpty)
    let small = try warnings(15, three + [ReLU(), MaxPool(2), Flatten(), Dense(3)])
    #expect(small.count == 1 && small[0].contains("conv3") && small[0].contains("7×7"))
    #expect(small[0].contains("15×15"))
    // One side is enough.
    let tall = Network("tall", input: .picture(height: 40, width: 6, channels: 1), layers: three)
    #expect(try tall.summary().receptiveFieldWarning?.contains("40×6") == true)
    for model in BuiltInModel.allCases {
      #expect(try model.network().summary().warnings.isEmpty, "\(model)")
    }
  }

  @Test func batchDoesNotMatter() throws {
    let built = try Self.network.build(batch: 7, mode: .inference, in: GraphBuilder())
    let total = built.layers.reduce(0) { $0 + $1.multiplyAdds }
    #expect(total == 7 * 530_432)
  }
}
