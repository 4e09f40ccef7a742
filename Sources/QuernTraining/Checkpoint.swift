import QuernData
import QuernErrors
import QuernGraph
import QuernLayers

/// A file with a network's weights and, where training is to go on, the state of the run.
///
/// The format is safetensors. Weights have the network's names (`conv1.weight`). The tensors of an
/// optimiser and of a stopping rule have a prefix before these
/// (`optimizer/velocity/conv1.weight`, `stopping/reference/conv1.weight`). What is no tensor is in the
/// metadata. Files that other programs wrote need only the weights.
public struct Checkpoint: Sendable, Equatable {
  /// The network's name; nil in a file that another program wrote.
  public var model: String?
  /// `Network.fingerprint()` of the network it was written for; nil in a file that another program
  /// wrote.
  public var fingerprint: String?
  public var weights: Weights
  /// Nil where only weights were saved.
  public var training: TrainingState?

  /// The file it came from, for messages.
  var source = "checkpoint"

  public init(
    model: String?, fingerprint: String?, weights: Weights, training: TrainingState? = nil
  ) {
    self.model = model
    self.fingerprint = fingerprint
    self.weights = weights
    self.training = training
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.model == b.model && a.fingerprint == b.fingerprint && a.weights == b.weights
      && a.training == b.training
  }

  static let optimizerPrefix = "optimizer/"

  /// Reads a checkpoint, or any safetensors file with weights.
  ///
  /// - Throws: `QuernError` where the file is missing, damaged, or its metadata make no sense.
  public init(contentsOf path: String) throws {
    let file = try Safetensors(contentsOf: path)
    var weights: [String: Safetensors.Tensor] = [:]
    var trainingTensors: [String: Safetensors.Tensor] = [:]
    for (name, tensor) in file.tensors {
      if name.hasPrefix(Self.optimizerPrefix) || name.hasPrefix(StoppingState.prefix) {
        trainingTensors[name] = tensor
      } else {
        weights[name] = tensor
      }
    }
    model = file.metadata["quern.model"]
    fingerprint = file.metadata["quern.fingerprint"]
    self.weights = Weights(weights)
    training = try TrainingState(metadata: file.metadata, tensors: trainingTensors, file: path)
    source = path
  }

  /// Writes the file atomically: whatever happens, either the old file or the new one is there.
  ///
  /// - Throws: `QuernError` where it cannot be written.
  public func write(to path: String) throws {
    var file = Safetensors(tensors: weights.tensors)
    if let model { file.metadata["quern.model"] = model }
    if let fingerprint { file.metadata["quern.fingerprint"] = fingerprint }
    if let training {
      file.metadata.merge(training.metadata) { _, new in new }
      file.tensors.merge(training.optimizer.tensors) { _, new in new }
      file.tensors.merge(training.stopping?.tensors ?? [:]) { _, new in new }
    }
    try file.write(to: path)
  }

  /// Checks that the parameters are those of the given network; state may be missing.
  ///
  /// - Throws: `QuernError` naming what was found and expected.
  public func check(parametersOf network: Network) throws {
    let required = try network.parameters().map {
      TensorSignature(name: $0.name, type: TensorType(.float32, $0.shape))
    }
    try check(against: network, required: required, known: network.weightSignatures())
  }

  /// Checks that this is a checkpoint of the given network.
  ///
  /// - Throws: `QuernError` naming what was found and expected: another set of tensors, another
  ///   shape, NaN, or the same tensors in a network of another structure.
  ///
  /// - Parameters:
  ///   - required: tensors that must be there.
  ///   - known: tensors that may be there. Those that are must have these shapes.
  func check(
    against network: Network, required: [TensorSignature], known: [TensorSignature]
  ) throws {
    let name = network.name
    let fingerprint = try network.fingerprint()
    let belongs = model.map { "a checkpoint of model \"\($0)\"" } ?? "weights"
    let remedy = "Name the model the file was saved from, or another file."
    let requiredNames = Set(required.map(\.name))
    for signature in required + known {
      guard let tensor = weights.tensors[signature.name] else {
        if !requiredNames.contains(signature.name) { continue }
        throw QuernError(
          .countMismatch, in: source,
          found: "\(belongs) without the tensor \(signature.name) (it holds \(listing))",
          expected: "\(signature.name) \(signature.type) for model \"\(name)\"", remedy: remedy)
      }
      let type: Safetensors.ElementType = signature.type.element == .int32 ? .int32 : .float32
      guard tensor.shape == signature.type.shape.extents, tensor.elementType == type else {
        throw QuernError(
          .countMismatch, in: source,
          found: "\(belongs) whose \(signature.name) is \(tensor.elementType.rawValue)"
            + "\(tensor.shape)",
          expected: "\(signature.name) \(type.rawValue)\(signature.type.shape) for model "
            + "\"\(name)\"", remedy: remedy)
      }
      let nanCount =
        type == .float32 ? try tensor.values(of: Float.self).count(where: \.isNaN) : 0
      guard nanCount == 0 else {
        throw QuernError(
          .mislabelled, in: source,
          found: "\(belongs) whose \(signature.name) holds NaN in \(nanCount) of "
            + "\(tensor.count) elements",
          expected: "numbers", remedy: "Take a file from before the training diverged.")
      }
    }
    let names = requiredNames.union(known.map(\.name))
    if let surplus = weights.tensors.keys.filter({ !names.contains($0) }).min() {
      throw QuernError(
        .countMismatch, in: source, found: "\(belongs) with a tensor \(surplus)",
        expected: "no such tensor in model \"\(name)\"", remedy: remedy)
    }
    if let found = self.fingerprint, found != fingerprint {
      throw QuernError(
        .mislabelled, in: source,
        found: "\(belongs) of another structure (fingerprint \(found))",
        expected: "model \"\(name)\" as described now (fingerprint \(fingerprint))",
        remedy: "Describe the network as it was, its activations, strides and dilations included.")
    }
  }

  private var listing: String {
    let names = weights.tensors.keys.sorted()
    return names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", …" : "")
  }
}
