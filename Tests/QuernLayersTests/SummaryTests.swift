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
        """)
  }

  @Test func json() throws {
    let summary = try BuiltInModel.resnet8.network().summary()
    let data = try JSONEncoder().encode(summary)
    #expect(try JSONDecoder().decode(NetworkSummary.self, from: data) == summary)
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains("\"multiplyAdds\""))
  }

  @Test func batchDoesNotMatter() throws {
    let built = try Self.network.build(batch: 7, mode: .inference, in: GraphBuilder())
    let total = built.layers.reduce(0) { $0 + $1.multiplyAdds }
    #expect(total == 7 * 530_432)
  }
}
