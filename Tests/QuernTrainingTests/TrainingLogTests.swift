import QuernTestSupport
import QuernTraining
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct TrainingLogTests {
  private struct Line: Decodable {
    var event: String
    var epoch: Int
    var step: Int
    var loss: Double
    var evaluationAccuracy: Double?
  }

  private func lines(_ path: String) throws -> [Line] {
    let text = try String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    return try text.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
  }

  @Test func aLineAStepAndAnEpoch() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/log.jsonl"
      for mode in [TrainingLog.Mode.overwrite, .append] {
        let log = try TrainingLog(path: path, mode: mode)
        let trainer = try Trainer(
          Small.network, training: Small.data(count: 20, size: [4]),
          evaluation: Small.data(count: 10, size: [4]), settings: Small.settings())
        try trainer.train(
          epochs: 2, onEpoch: { try log.record($0) }, onStep: { try log.record($0) })
      }
      let lines = try lines(path)
      #expect(lines.count == 16)
      #expect(lines[..<4].map(\.event) == ["step", "step", "step", "epoch"])
      #expect(lines[..<8].map(\.step) == [1, 2, 3, 3, 4, 5, 6, 6])
      #expect(lines[3].evaluationAccuracy != nil && lines[0].evaluationAccuracy == nil)
      // Equal runs make equal losses.
      #expect(lines[..<8].map(\.loss) == lines[8...].map(\.loss))
    }
  }

  @Test func anUnwritablePath() {
    let found = message { _ = try TrainingLog(path: "/nowhere/at/all/log.jsonl") }
    #expect(found.contains("/nowhere/at/all/log.jsonl"))
  }
}
