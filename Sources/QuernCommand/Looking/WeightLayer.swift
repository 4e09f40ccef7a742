import Quern

/// A layer whose weights look at pictures, so that they can be drawn as pictures.
struct WeightLayer {
  /// Of the weights: a matrix (F, T) or filters (I, J, C, T).
  let parameter: ParameterInfo
  let kind: String
  /// The weights' shape as H, W, C, T.
  let shape: [Int]
  /// The layer's output in the graph that was searched.
  let output: NodeID

  var isConvolution: Bool { parameter.shape.rank == 4 }

  /// The first layer with weights, or the one with the given name.
  ///
  /// - Throws: `Failure` where there is none, or its inputs are no picture.
  static func find(_ name: String?, in network: BuiltNetwork) throws -> WeightLayer {
    let title = network.network.name
    let weights = network.parameters.filter {
      $0.role == .weight && ($0.shape.rank == 2 || $0.shape.rank == 4)
    }
    let names = weights.map(\.layer).joined(separator: ", ")
    guard let first = weights.first else {
      throw Failure("\(title): no layer has weights that could be drawn")
    }
    var parameter = first
    if let name {
      guard let named = weights.first(where: { $0.layer == name || $0.name == name }) else {
        throw Failure(
          "--layer \(name): \(title) has no such layer with weights; use one of \(names)")
      }
      parameter = named
    }
    guard let place = network.layers.firstIndex(where: { $0.name == parameter.layer }) else {
      throw Failure("\(title): the layer \(parameter.layer) is not among its layers")
    }
    let layer = network.layers[place]
    var shape = parameter.shape.extents
    if shape.count == 2 {
      guard let picture = inputPicture(of: place, in: network), picture.reduce(1, *) == shape[0]
      else {
        throw Failure(
          "\(parameter.layer): its \(shape[0]) inputs are no picture, but the outputs of other "
            + "neurons; choose a layer that looks at pictures, such as \(first.layer)")
      }
      shape = picture + [shape[1]]
    }
    return WeightLayer(parameter: parameter, kind: layer.kind, shape: shape, output: layer.node)
  }

  /// H, W, C of what a fully connected layer is given; nil where it is no picture.
  private static func inputPicture(of place: Int, in network: BuiltNetwork) -> [Int]? {
    var before = place - 1
    if before >= 0, network.layers[before].kind == "Flatten" {
      before -= 1
      if before >= 0 {
        let extents = network.layers[before].outputShape.extents
        return extents.count == 4 ? Array(extents.dropFirst()) : nil
      }
    }
    guard before < 0 else { return nil }
    switch network.network.input {
    case .picture(let height, let width, let channels): return [height, width, channels]
    case .features(let count):
      let side = Int(Double(count).squareRoot().rounded())
      return side * side == count ? [side, side, 1] : nil
    }
  }
}

/// Where the weights come from: shared by the commands that look at them.
enum LoadedWeights {
  /// Those of a file, or those that training would start from.
  ///
  /// - Throws: `QuernError` where the file is missing, damaged, or belongs to another network.
  static func load(_ path: String?, for network: Network, seed: UInt64 = 1) throws -> Weights {
    guard let path else { return try network.initialWeights(seed: seed) }
    let checkpoint = try Checkpoint(contentsOf: path)
    try checkpoint.check(parametersOf: network)
    return checkpoint.weights
  }
}
