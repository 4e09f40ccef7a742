import Foundation
import QuernErrors
import QuernReport
import Testing

@Suite struct CurvesTests {
  /// As many points as allowed, none of the measurements left out.
  @Test(arguments: [1, 7, 8, 9, 100, 12_345]) func thinning(_ count: Int) throws {
    var series = ThinnedSeries(limit: 8)
    for number in 0..<count { series.add(Double(number), Double(number % 5)) }
    #expect(series.samples.count < 8)
    let kept = series.samples.count * series.perSample
    #expect(kept <= count && count - kept < series.perSample)
    let mean = series.samples.reduce(0) { $0 + $1.y * Double(series.perSample) }
    let expected = (0..<kept).reduce(0.0) { $0 + Double($1 % 5) }
    #expect(abs(mean - expected) < 1e-6 * max(expected, 1))
    #expect(series.samples.map(\.x) == series.samples.map(\.x).sorted())
    #expect((series.rest == nil) == (kept == count))
    let sum = series.all.last?.x ?? -1
    #expect(sum <= Double(count - 1) && sum >= Double(kept - 1) / 2)
  }

  private func curves(epochs: Int) -> LearningCurves {
    var curves = LearningCurves(model: "m")
    for epoch in 1...epochs {
      for step in 1...10 {
        curves.addStep(
          at: Double(epoch - 1) + Double(step) / 10, loss: 1 / Double(epoch * 10 + step),
          learningRate: 0.1)
      }
      curves.add(
        .init(
          epoch: epoch, loss: 0.5, accuracy: 0.9, evaluationLoss: epoch == 2 ? .infinity : 0.4,
          evaluationAccuracy: 0.8, learningRate: 0.1, seconds: 1))
    }
    return curves
  }

  @Test func cutting() {
    var all = curves(epochs: 3)
    all.cut(after: 2)
    #expect(all == curves(epochs: 2))
    all.cut(after: 1.5)
    #expect(all.epochs.map(\.epoch) == [1])
    #expect(all.steps.samples.count == 15)
  }

  @Test func files() throws {
    let path = FileManager.default.temporaryDirectory.path + "/quern-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let curves = curves(epochs: 3)
    try curves.write(to: path)
    #expect(try LearningCurves(contentsOf: path) == curves)
    try Data("{}".utf8).write(to: URL(filePath: path))
    let error = #expect(throws: QuernError.self) { try LearningCurves(contentsOf: path) }
    #expect(error?.kind == .corrupt && error?.place == path)
  }
}
