import QuernData
import QuernTestSupport
import QuernTraining
import Testing

@Suite struct CheckpointWriterTests {
  private func trainer() throws -> Trainer {
    try Trainer(
      Small.network, training: Small.data(count: 40, size: [4]), settings: Small.settings())
  }

  @Test func writesAfterSoManySteps() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/run"
      let trainer = try trainer()
      let writer = CheckpointWriter(trainer, path: path, interval: .steps(7))
      var seen: Set<Int> = []
      try trainer.train(
        epochs: 20,
        onStep: { progress in
          try writer.writeIfDue()
          // The first is waited for: steps as small as these may all be over before it is written.
          let deadline = ContinuousClock.now + .seconds(60)
          repeat {
            if let step = try? Checkpoint(contentsOf: path).training?.position.step {
              seen.insert(step)
            }
          } while progress.step == 7 && seen.isEmpty && ContinuousClock.now < deadline
        })
      #expect(seen.contains(7), "\(seen)")
      #expect(seen.allSatisfy { $0 >= 7 && $0 <= 100 }, "\(seen)")
      try writer.finish()
      #expect(try Checkpoint(contentsOf: path) == trainer.checkpoint())
    }
  }

  @Test func writesAfterSoMuchTime() throws {
    try withTemporaryFolder { folder in
      let trainer = try trainer()
      let rare = CheckpointWriter(trainer, path: folder + "/rare", interval: .seconds(3600))
      let often = CheckpointWriter(trainer, path: folder + "/often", interval: .seconds(0))
      try trainer.train(
        epochs: 2,
        onStep: { _ in
          try rare.writeIfDue()
          try often.writeIfDue()
        })
      try often.finish()
      #expect(message { _ = try Checkpoint(contentsOf: folder + "/rare") }.contains("/rare"))
      #expect(try Checkpoint(contentsOf: folder + "/often").training?.position.step == 10)
    }
  }

  /// A checkpoint that cannot be written is told of, and does not end the training.
  @Test func goesOnWhereWritingFails() throws {
    let trainer = try trainer()
    var failures: [String] = []
    let writer = CheckpointWriter(
      trainer, path: "/no/such/folder/run", interval: .steps(1),
      onFailure: { failures.append("\($0)") })
    try trainer.train(epochs: 4, onStep: { _ in try writer.writeIfDue() })
    #expect(message { try writer.finish() }.contains("/no/such/folder/run"))
    #expect(!failures.isEmpty)
    #expect(failures.allSatisfy { $0.contains("/no/such/folder/run") })
  }
}
