import QuernData
import QuernGraph
import QuernInterpreter

/// A step whose loss is not finite, and where that began.
///
/// No `QuernError`: programs read its numbers, to go on with a lower learning rate for example.
public struct NonFiniteLoss: Error, Sendable, CustomStringConvertible {
  /// Counted from 1 since the run began.
  public var step: Int
  public var epoch: Int
  public var loss: Double
  /// The step in which the first value that is not finite arose: `step`, or one before it, whose
  /// update carried it on.
  public var originStep: Int
  /// The layer it first appeared in; nil where recomputing the step gave only finite values.
  public var layer: String?
  /// The op that made it, as a formula.
  public var formula: String?
  public var learningRate: Double

  public var description: String {
    var text = "step \(step) (epoch \(epoch)): the loss is \(loss)"
    if let layer, let formula {
      text +=
        "; the first value that is not finite appeared in step \(originStep), in \(layer): "
        + formula
    } else {
      text += "; recomputed op by op, step \(originStep) has only finite values"
    }
    return text
      + "; lower the learning rate (now \(learningRate)), limit the gradient's norm, or check the data"
  }
}

/// Finds out where a value that is not finite came from, at next to no cost before there is one.
///
/// Every so many steps the tensors that steps change are copied. A step is decided by those, its
/// batch and its number; so when a loss is not finite, the steps since the last copy are run again,
/// watched, and the one that went wrong is run op by op.
package struct StepReplay {
  private struct Copy {
    var batch: Int
    var step: Int
    var tensors: [[UInt8]]
  }

  /// Steps between copies. A copy costs about as much as one pass over the parameters.
  package static let interval = 128

  private let graph: Graph
  private let kept: [TensorSignature]
  private var copy: Copy?

  init(_ graph: Graph) {
    self.graph = graph
    kept = graph.persistentInputs
  }

  /// To be called where the order of batches changes: steps before cannot be run again.
  mutating func forget() { copy = nil }

  mutating func keepIfDue(_ executable: any Executable, batch: Int, step: Int) throws {
    if let copy, step - copy.step < Self.interval { return }
    guard var tensors = copy?.tensors else {
      let tensors = try kept.map { try Self.read($0, from: executable) }
      copy = Copy(batch: batch, step: step, tensors: tensors)
      return
    }
    // Given up first, so that what is written over is not copied.
    copy = nil
    try read(executable, into: &tensors)
    copy = Copy(batch: batch, step: step, tensors: tensors)
  }

  private func read(_ executable: any Executable, into tensors: inout [[UInt8]]) throws {
    for (place, signature) in kept.enumerated() {
      try tensors[place].withUnsafeMutableBytes { try executable.read(signature.name, into: $0) }
    }
  }

  private static func read(
    _ signature: TensorSignature, from executable: any Executable
  ) throws -> [UInt8] {
    try bytesInLargePages(signature.type.byteCount) { bytes in
      try executable.read(signature.name, into: bytes)
      return bytes.count
    }
  }

  private func write(_ tensors: [[UInt8]], to executable: any Executable) throws {
    for (place, signature) in kept.enumerated() {
      try tensors[place].withUnsafeBytes { try executable.write(signature.name, from: $0) }
    }
  }

  private func isFinite(_ tensors: [[UInt8]]) -> Bool {
    zip(kept, tensors).allSatisfy { signature, bytes in
      signature.type.element != .float32
        || bytes.withUnsafeBytes { $0.bindMemory(to: Float.self).allSatisfy(\.isFinite) }
    }
  }

  /// Runs the steps since the last copy again, up to the one that failed.
  ///
  /// - Parameter prepare: writes what a step reads besides parameters and state, given the batch's
  ///   place in the epoch and the step's number.
  func diagnose(
    _ executable: any Executable, failedAt step: Int, epoch: Int, loss: Double,
    learningRate: Double, prepare: (any Executable, Int, Int) throws -> Int
  ) throws -> NonFiniteLoss {
    var result = NonFiniteLoss(
      step: step, epoch: epoch, loss: loss, originStep: step, layer: nil, formula: nil,
      learningRate: learningRate)
    guard let copy else { return result }
    try write(copy.tensors, to: executable)
    var before = copy.tensors
    var after = copy.tensors
    for number in copy.step...step {
      let batch = copy.batch + number - copy.step
      _ = try prepare(executable, batch, number)
      try executable.run()
      try read(executable, into: &after)
      let isSound = try executable.scalar(StepOutput.loss).isFinite && isFinite(after)
      if !isSound || number == step {
        result.originStep = number
        break
      }
      swap(&before, &after)
    }
    let interpreter = try Interpreter<Float>(graph)
    try write(before, to: interpreter)
    _ = try prepare(interpreter, copy.batch + result.originStep - copy.step, result.originStep)
    if let id = try firstNonFinite(interpreter) {
      let node = graph[id]
      if case .input(let input) = node.op {
        result.layer = "the input \(input.name)"
      } else {
        result.layer = node.label.isEmpty ? "the graph's \(id)" : node.label
      }
      result.formula = node.formula(node.operands.map(\.description))
    }
    return result
  }

  /// Runs the step, and returns the first node in the graph's order with a value that is not finite.
  private func firstNonFinite(_ interpreter: Interpreter<Float>) throws -> NodeID? {
    func isUnsound(_ id: NodeID) -> Bool {
      graph[id].type.element == .float32 && !interpreter.value(of: id).allSatisfy(\.isFinite)
    }
    // Before the run: afterwards they hold their updates.
    if let input = graph.inputs.first(where: { isUnsound($0.id) }) { return input.id }
    try interpreter.run()
    return graph.ids.first { id in
      switch graph[id].op {
      case .input, .constant: false
      default: isUnsound(id)
      }
    }
  }
}
