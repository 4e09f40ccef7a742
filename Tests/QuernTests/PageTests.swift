import Quern
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Pages show what the code makes. Where the code has changed, this writes the pages anew:
///
///     QUERN_RENEW_PAGES=1 make test ARGS="--filter PageTests"
///
/// Read what changed: the text around a block may speak of it.
@Suite struct PageTests {
  static let pages = [
    "README.md",
    "Sources/Quern/Quern.docc/WalkOfATensor.md",
    "Sources/QuernLayers/QuernLayers.docc/YourOwnLayer.md",
  ]

  @Test(arguments: pages) func blocksAreWhatTheCodeMakes(_ path: String) throws {
    let page = try Page(path, WalkStages())
    #expect(page.blockCount > 0)
    if ProcessInfo.processInfo.environment["QUERN_RENEW_PAGES"] == "1" {
      try page.write()
    } else {
      #expect(
        page.stale.isEmpty,
        "\(path) is out of date: run with QUERN_RENEW_PAGES=1, and read what changed")
    }
  }

  @Test func theWalkEndsInTheSameBitsForAnyNumberOfThreads() throws {
    let one = try walkSteps(threads: 1)
    #expect(try walkSteps(threads: 2) == one)
    #expect(try walkSteps(threads: 3) == one)
    #expect(one[4] < one[0])
  }

  @Test(arguments: [SGD(), Momentum(), Adam()] as [any Optimizer])
  func aLoopOverNumbers(_ optimizer: any Optimizer) throws {
    let losses = try fitNumbers(optimizer)
    #expect(losses[0] > 0.1 && losses[199] < 1e-3, "\(optimizer.name): \(losses[199])")
  }

  /// The layers and the loss of the page on writing one's own, compiled against the interpreter.
  @Test func ownLayersAndLoss() throws {
    let network = Network("own", input: .picture(height: 8, width: 8, channels: 1)) {
      LocallyConnected(filters: 8, kernel: 3)
      PReLU()
      Flatten()
      Dense(10)
    }
    let data = try DataSource.digits.load()
    let trainer = try Trainer(
      network, loss: Huber(), training: data.training, evaluation: data.test,
      settings: Trainer.Settings(batchSize: 32, learningRate: 0.2))
    try trainer.train(epochs: 4)
    let weights = try trainer.weights()
    let slopes = try weights.values("prelu1.slope")
    #expect(slopes.count == 8 && slopes.allSatisfy { $0.isFinite && $0 != 0.25 })

    let step = try GradientStep(network, loss: Huber(), batchSize: 8)
    let batch = try data.test.batch(Array(0..<8))
    var targets = [Float](repeating: 0, count: 80)
    for (place, label) in batch.labels.enumerated() { targets[place * 10 + Int(label)] = 1 }
    func gradients(_ executable: any Executable) throws -> [[Float]] {
      try weights.copy(to: executable)
      try executable.write(Network.inputName, batch.images)
      try executable.write("targets", targets)
      try executable.write(Network.exampleWeightName, [Float](repeating: 1, count: 8))
      try executable.run()
      return try step.graph.outputs.map { try executable.floats($0.name) }
    }
    let compiled = try gradients(GraphInstance(step.graph))
    let reference = try gradients(Interpreter<Double>(step.graph))
    for (ours, theirs) in zip(compiled, reference) {
      let largest = theirs.map(abs).max() ?? 0
      #expect(largest > 0)
      for (a, b) in zip(ours, theirs) { #expect(abs(a - b) <= 1e-4 * largest) }
    }
  }
}
