import QuernAugmentation
import QuernData
import Testing

@Suite struct TimingTests {
  @Test func time() throws {
    let data = try Dataset(
      bytes: [UInt8](repeating: 100, count: 841 * 256), shape: [256, 29, 29],
      labels: [Int](repeating: 0, count: 256))
    let target = UnsafeMutablePointer<Float>.allocate(capacity: 841)
    for text in ["paper", "elastic", "rotation"] {
      let d = try PictureDeformer(data, Deformation(text), seed: 1)
      let clock = ContinuousClock()
      let t = clock.measure {
        for e in 0..<40 { for i in 0..<256 { d.deform(i, epoch: e, into: target) } }
      }
      print(
        text,
        Double(t.components.attoseconds) * 1e-12 / 10240 + Double(t.components.seconds) * 1e6
          / 10240, "µs")
    }
  }
}
