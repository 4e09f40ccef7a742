import QuernData
import QuernExecution
import QuernGraph
import QuernLayers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a network does on a data set.
public struct Evaluation: Sendable {
  /// An example that was classified wrongly.
  public struct Mistake: Hashable, Sendable {
    /// Its place in the data set.
    public var index: Int
    /// The class it belongs to.
    public var label: Int
    /// The class it was taken for.
    public var prediction: Int
    /// The softmax probability of the prediction.
    public var probability: Float
  }

  /// Mean loss of an example.
  public var loss: Double
  public var confusion: ConfusionMatrix
  /// In the order of the data set.
  public var mistakes: [Mistake]

  /// Examples.
  public var count: Int { confusion.total }
  /// Share of the examples classified correctly.
  public var accuracy: Double { confusion.accuracy }
  /// Share of the examples classified wrongly.
  public var errorRate: Double { 1 - accuracy }
}

/// Runs data sets through a network, batch by batch.
public final class Evaluator {
  public let step: EvaluationStep
  public let executable: any Executable
  private let network: Network
  private let classCount: Int

  public init(
    _ network: Network, loss: any Loss = SoftmaxCrossEntropy(), batchSize: Int = 128,
    execution: ExecutionOptions = ExecutionOptions()
  ) throws {
    try execution.validate()
    self.network = network
    step = try EvaluationStep(network, loss: loss, batchSize: batchSize)
    executable = try execution.makeExecutable(step.graph)
    classCount = step.outputShape.elementCount
  }

  /// Takes over weights; state that is missing keeps its value.
  public func load(_ weights: Weights) throws { try weights.copy(to: executable) }

  /// Takes the weights of an executable that trains the same network.
  func load(from other: any Executable) throws {
    for signature in step.weights {
      try withUnsafeTemporaryAllocation(
        byteCount: signature.type.byteCount, alignment: 64
      ) { buffer in
        try other.read(signature.name, into: buffer)
        try executable.write(signature.name, from: UnsafeRawBufferPointer(buffer))
      }
    }
  }

  /// Loss, confusion matrix and mistakes over a data set.
  ///
  /// - Throws: `QuernError` where the labels go beyond the network's classes.
  public func evaluate(_ dataset: Dataset) throws -> Evaluation {
    try network.check(labelsOf: dataset, outputs: classCount)
    let loader = try BatchLoader(
      dataset, batchSize: step.batchSize, targetName: step.targetName, in: step.graph)
    var loss = 0.0
    var confusion = ConfusionMatrix(classCount: classCount)
    var mistakes: [Evaluation.Mistake] = []
    for batch in 0..<loader.batchCount {
      let examples = loader.examples(of: batch)
      try loader.load(batch, into: executable)
      try executable.run()
      loss += Double(try executable.scalar(StepOutput.loss)) * Double(examples.count)
      let logits = try executable.floats(StepOutput.logits)
      for (place, index) in examples.enumerated() {
        let row = logits[place * classCount..<(place + 1) * classCount]
        let (prediction, probability) = Self.prediction(row)
        let label = Int(dataset.labels[index])
        confusion.add(actual: label, predicted: prediction)
        if prediction != label {
          mistakes.append(
            .init(index: index, label: label, prediction: prediction, probability: probability))
        }
      }
    }
    return Evaluation(
      loss: loss / Double(dataset.count), confusion: confusion, mistakes: mistakes)
  }

  /// The largest logit's place, the first of equals, and its softmax probability.
  static func prediction(_ logits: ArraySlice<Float>) -> (label: Int, probability: Float) {
    var best = logits.startIndex
    for place in logits.indices where logits[place] > logits[best] { best = place }
    let sum = logits.reduce(0) { $0 + exp($1 - logits[best]) }
    return (best - logits.startIndex, 1 / sum)
  }
}
