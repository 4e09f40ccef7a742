import QuernData
import QuernErrors
import QuernGraph
import QuernLayers
import QuernRandom

extension Network {
  /// All that the network keeps, whatever it is built for: parameters and state.
  func weightSignatures() throws(QuernError) -> [TensorSignature] {
    try build(batch: 1, mode: .training, in: GraphBuilder()).weightSignatures
  }

  /// The weights training starts from; they depend on the seed and each tensor's name alone.
  public func initialWeights(seed: UInt64) throws -> Weights {
    let built = try build(batch: 1, mode: .training, in: GraphBuilder())
    var weights = Weights()
    for parameter in built.parameters {
      weights.tensors[parameter.name] = try .init(
        parameter.initialValues(seed: seed), shape: parameter.shape.extents)
    }
    for state in built.state {
      if let floats = state.initialFloats(seed: seed) {
        weights.tensors[state.name] = try .init(floats, shape: state.shape.extents)
      } else if let integers = state.initialIntegers(seed: seed) {
        weights.tensors[state.name] = try .init(integers, shape: state.shape.extents)
      }
    }
    return weights
  }

  /// A number that tells networks of different structure apart: the kinds of the layers, their
  /// settings, output shapes and parameters. Names of networks, batch sizes and weights do not enter.
  public func fingerprint() throws(QuernError) -> String {
    let built = try build(batch: 1, mode: .inference, in: GraphBuilder())
    var text = "\(input)\n"
    for layer in built.layers {
      let settings = layer.settings.isEmpty ? "" : " " + layer.settings
      text += "\(layer.name) \(layer.kind)\(settings) \(layer.outputShape)\n"
    }
    for parameter in built.parameters { text += "\(parameter.name) \(parameter.shape)\n" }
    return StableHash(text).text
  }

  /// Checks that a data set's pictures are what the network takes.
  ///
  /// - Throws: `QuernError` naming both shapes.
  public func check(_ dataset: Dataset) throws {
    let picture = [dataset.height, dataset.width, dataset.channels]
    let fits =
      switch input {
      case .picture(let height, let width, let channels): picture == [height, width, channels]
      case .features(let count): dataset.pictureSize == count
      }
    guard fits else {
      throw QuernError(
        .countMismatch, in: dataset.name,
        found: "pictures of " + picture.map(String.init).joined(separator: "×"),
        expected: "\(input) for the network \"\(name)\"",
        remedy: "Pad or convert the pictures, or describe a network for their shape.")
    }
  }

  /// Checks that a data set's labels are below the number of outputs.
  ///
  /// - Throws: `QuernError` naming the label and the bound.
  func check(labelsOf dataset: Dataset, outputs: Int) throws {
    let largest = dataset.labels.max() ?? 0
    guard largest < outputs else {
      throw QuernError(
        .labelOutOfRange, in: dataset.name, found: "a label \(largest)",
        expected: "labels of 0 … \(outputs - 1), the outputs of the network \"\(name)\"",
        remedy: "Use a network with as many outputs as there are classes.")
    }
  }
}
