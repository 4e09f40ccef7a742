import QuernData
import QuernErrors
import QuernExecution
import QuernGraph
import QuernLayers

/// A network with weights, ready to predict.
///
///     let model = try Model(network, contentsOf: "digits.safetensors")
///     let classes = try model.predict(picture)
public final class Model {
  public let network: Network
  public let weights: Weights
  private let evaluator: Evaluator

  /// Compiles the network for inference.
  ///
  /// - Parameters:
  ///   - network: the description.
  ///   - loss: what ``evaluate(_:)`` reports.
  ///   - weights: all parameters and state of the network, in their documented shapes.
  ///   - batchSize: examples computed at a time; any number may be asked for.
  ///   - execution: backend, target and threads.
  /// - Throws: `QuernError` where the weights are those of another network, the network is unsound, or
  ///   this process cannot run it as asked.
  public init(
    _ network: Network, loss: any Loss = SoftmaxCrossEntropy(), weights: Weights,
    batchSize: Int = 64, execution: ExecutionOptions = ExecutionOptions()
  ) throws {
    self.network = network
    self.weights = weights
    evaluator = try Evaluator(network, loss: loss, batchSize: batchSize, execution: execution)
    try Checkpoint(model: nil, fingerprint: nil, weights: weights).check(
      against: network, required: evaluator.step.weights, known: network.weightSignatures())
    try evaluator.load(weights)
  }

  /// Reads the weights of a checkpoint or of any safetensors file that holds just them.
  ///
  /// - Throws: `QuernError` where the file is missing or damaged, or belongs to another network.
  public convenience init(
    _ network: Network, contentsOf path: String, loss: any Loss = SoftmaxCrossEntropy(),
    batchSize: Int = 64, execution: ExecutionOptions = ExecutionOptions()
  ) throws {
    try self.init(
      network, checkpoint: Checkpoint(contentsOf: path), loss: loss, batchSize: batchSize,
      execution: execution)
  }

  /// A network with the weights of a checkpoint.
  ///
  /// - Throws: `QuernError` where it belongs to another network.
  public convenience init(
    _ network: Network, checkpoint: Checkpoint, loss: any Loss = SoftmaxCrossEntropy(),
    batchSize: Int = 64, execution: ExecutionOptions = ExecutionOptions()
  ) throws {
    try checkpoint.check(
      against: network, required: EvaluationStep(network, loss: loss, batchSize: 1).weights,
      known: network.weightSignatures())
    try self.init(
      network, loss: loss, weights: checkpoint.weights, batchSize: batchSize, execution: execution)
  }

  /// Writes the weights, atomically, as safetensors.
  public func save(to path: String) throws {
    try Checkpoint(model: network.name, fingerprint: network.fingerprint(), weights: weights)
      .write(to: path)
  }

  /// The network's outputs for pictures that lie one after the other.
  ///
  /// - Parameter pictures: k pictures of the network's input shape, k ≥ 1.
  /// - Returns: k rows of outputs.
  public func outputs(_ pictures: [Float]) throws -> [[Float]] {
    let size = evaluator.step.inputShape.elementCount
    guard !pictures.isEmpty, pictures.count % size == 0 else {
      throw QuernError(
        .countMismatch, in: "pictures", found: "\(pictures.count) values",
        expected: "a multiple of \(size), the elements of \(evaluator.step.inputShape)",
        remedy: "Give whole pictures.")
    }
    let dataset = try Dataset(
      name: "pictures", images: pictures, shape: [pictures.count / size, size],
      labels: [Int](repeating: 0, count: pictures.count / size))
    let step = evaluator.step
    let loader = try BatchLoader(
      dataset, batchSize: step.batchSize, targetName: step.targetName, in: step.graph)
    let width = step.outputShape.elementCount
    var rows: [[Float]] = []
    for batch in 0..<loader.batchCount {
      let count = try loader.load(batch, into: evaluator.executable)
      try evaluator.executable.run()
      let logits = try evaluator.executable.floats(StepOutput.logits)
      rows += (0..<count).map { Array(logits[$0 * width..<($0 + 1) * width]) }
    }
    return rows
  }

  /// The most probable class of each picture; see ``outputs(_:)``.
  public func predict(_ pictures: [Float]) throws -> [Int] {
    try outputs(pictures).map { Evaluator.prediction($0[...]).label }
  }

  /// Loss, confusion matrix and mistakes over a data set.
  public func evaluate(_ dataset: Dataset) throws -> Evaluation {
    try network.check(dataset)
    return try evaluator.evaluate(dataset)
  }
}
