import Quern

/// One kind of step of one model, with data to run it on.
struct Workload {
  enum Kind: String, CaseIterable, Encodable { case train, infer }

  let network: Network
  let kind: Kind
  let batch: Int

  func graph() throws -> Graph {
    switch kind {
    case .train: try TrainingStep(network, optimizer: SGD(), batchSize: batch).graph
    case .infer: try InferenceStep(network, batchSize: batch).graph
    }
  }

  /// Writes initial weights, and pictures and labels drawn at random: equal ones every time.
  func prepare(_ executable: any Executable) throws {
    try network.initialWeights(seed: 1).copy(to: executable)
    var generator = SeededGenerator(seed: 2)
    for (_, input, type) in executable.graph.inputs {
      switch (input.role, type.element) {
      case (.data, .float32) where input.name == Network.exampleWeightName:
        try executable.write(input.name, [Float](repeating: 1, count: type.shape.elementCount))
      case (.data, .float32):
        try executable.write(
          input.name,
          (0..<type.shape.elementCount).map { _ in Float(generator.next() >> 40) * 0x1p-24 })
      case (.data, .int32):
        // Labels: all built-in models tell at least ten classes apart.
        try executable.write(
          input.name,
          (0..<type.shape.elementCount).map { _ in Int32(generator.nextIndex(below: 10)) })
      case (.hyperparameter, .float32):
        try executable.write(input.name, [0.01])
      default: break
      }
    }
  }
}
