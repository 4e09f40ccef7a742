import QuernData
import QuernErrors
import QuernLayers

/// What a training run that stops by itself keeps from epoch to epoch; part of its checkpoints, so
/// that a resumed run stops where one that was never interrupted does.
public struct StoppingState: Sendable, Equatable {
  public internal(set) var rule: StoppingRule
  /// Of the validation error: the lowest, and epochs since.
  public internal(set) var error = FallingError()
  /// The epoch of the lowest validation error, counted from 1; 0 before the first.
  public internal(set) var bestEpoch = 0
  /// Whether the rule holds: training goes on only with another rule.
  public internal(set) var holds = false
  /// By the rule: of validation the weights of ``bestEpoch``, of parameters those at the beginning of
  /// the present epoch.
  var reference: Weights?
  /// Where training goes on after the best weights have taken the place of the last ones.
  var last: Weights?

  init(_ rule: StoppingRule) { self.rule = rule }

  static let prefix = "stopping/"
  private static let referencePrefix = prefix + "reference/"
  private static let lastPrefix = prefix + "last/"

  /// The tensors, under the names they have in a checkpoint.
  var tensors: [String: Safetensors.Tensor] {
    var result: [String: Safetensors.Tensor] = [:]
    for (prefix, weights) in [(Self.referencePrefix, reference), (Self.lastPrefix, last)] {
      for (name, tensor) in weights?.tensors ?? [:] { result[prefix + name] = tensor }
    }
    return result
  }

  /// All but the tensors.
  var metadata: [String: String] {
    var result = [
      "quern.stop": rule.kind.rawValue, "quern.stop.epsilon": "\(rule.epsilon)",
      "quern.stop.holds": "\(holds)",
    ]
    if let patience = rule.patience {
      result["quern.stop.patience"] = "\(patience)"
      result["quern.stop.lowestError"] = "\(error.best)"
      result["quern.stop.waited"] = "\(error.waited)"
      result["quern.stop.bestEpoch"] = "\(bestEpoch)"
    }
    return result
  }

  /// Nil where the metadata name no rule.
  ///
  /// - Throws: `QuernError` where they make no sense.
  init?(
    metadata: [String: String], tensors: [String: Safetensors.Tensor], file: String
  ) throws {
    guard metadata["quern.stop"] != nil else { return nil }
    func read<Value>(_ key: String, _ convert: (String) -> Value?) throws -> Value {
      guard let text = metadata[key], let value = convert(text) else {
        throw QuernError(
          .corrupt, in: file,
          found: "metadata in which \(key) is \(metadata[key] ?? "missing")",
          expected: "a checkpoint's metadata", remedy: "Use another copy of the file.")
      }
      return value
    }
    func count(_ text: String) -> Int? { Int(text).flatMap { $0 >= 0 ? $0 : nil } }
    let epsilon = try read("quern.stop.epsilon") { Double($0) }
    switch try read("quern.stop", { StoppingRule.Kind(rawValue: $0) }) {
    case .parameters: rule = .parameters(epsilon: epsilon)
    case .gradient: rule = .gradient(epsilon: epsilon)
    case .validation:
      rule = .validation(patience: try read("quern.stop.patience", count), epsilon: epsilon)
      error = FallingError(
        best: try read("quern.stop.lowestError") { Double($0) },
        waited: try read("quern.stop.waited", count))
      bestEpoch = try read("quern.stop.bestEpoch", count)
    }
    holds = try read("quern.stop.holds") { Bool($0) }
    func weights(_ prefix: String) -> Weights? {
      let found = tensors.filter { $0.key.hasPrefix(prefix) }
      guard !found.isEmpty else { return nil }
      return Weights(
        Dictionary(
          uniqueKeysWithValues: found.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
    }
    reference = weights(Self.referencePrefix)
    last = weights(Self.lastPrefix)
  }

  /// Checks that what is kept are a network's weights.
  ///
  /// - Throws: `QuernError` naming the tensor that is missing or of another shape.
  ///
  /// - Parameter parameterNames: those of `signatures` that are trained: the rule parameters keeps
  ///   just these.
  func check(
    _ signatures: [TensorSignature], parameterNames: [String], from source: String
  ) throws {
    let parameters = Set(parameterNames)
    for (prefix, weights) in [(Self.referencePrefix, reference), (Self.lastPrefix, last)] {
      guard let weights else { continue }
      let isPartial = prefix == Self.referencePrefix && rule.kind == .parameters
      for signature in signatures where !isPartial || parameters.contains(signature.name) {
        let type: Safetensors.ElementType =
          signature.type.element == .int32 ? .int32 : .float32
        guard let tensor = weights.tensors[signature.name],
          tensor.shape == signature.type.shape.extents, tensor.elementType == type
        else {
          throw QuernError(
            .countMismatch, in: source,
            found: "no \(prefix)\(signature.name) of shape \(signature.type.shape)",
            expected: "all of the network's weights as the stopping rule keeps them",
            remedy: "Use another copy of the file.")
        }
      }
    }
  }
}
