import Quern

/// The first layer's weights as one picture.
struct FilterSheet {
  private let layer: WeightLayer

  /// More than these are too small to be seen.
  private static let limit = 64

  /// Nil where no layer looks at pictures.
  init?(_ network: Network) throws {
    let built = try network.build(batch: 1, mode: .inference, in: GraphBuilder())
    do { layer = try WeightLayer.find(nil, in: built) } catch is Failure { return nil }
  }

  var layerName: String { layer.parameter.layer }

  /// The picture with the weights as they are now, and what it shows.
  func sheet(_ trainer: Trainer) throws -> (picture: Picture, caption: String) {
    let name = layer.parameter.name
    let weights = try Weights([name], of: trainer.executable).values(name)
    let pictures = try WeightPictures(weights, shape: layer.shape)
    let perNumber = pictures.channels == 3 ? 1 : pictures.channels
    let shown = min(pictures.count, max(Self.limit / perNumber, 1))
    var numbers = Array(0..<pictures.count)
    if shown < pictures.count {
      let norms = numbers.map(pictures.norm)
      numbers.sort { (-norms[$0], $0) < (-norms[$1], $1) }
      numbers = Array(numbers.prefix(shown))
    }
    let sheet = try Montage(
      columns: perNumber == 1 ? nil : perNumber,
      magnification: Montage.magnification(height: pictures.height, width: pictures.width), gap: 4
    ).sheet(pictures.pictures(numbers))
    let noun = layer.isConvolution ? "filters" : "neurons"
    let which =
      shown < pictures.count
      ? "the \(shown) \(noun) with the largest weights of \(Numbers.grouped(pictures.count))"
      : "\(pictures.count) \(noun)"
    let size = layer.shape.prefix(3).map(String.init).joined(separator: "×")
    let colours =
      pictures.channels == 3
      ? "The weights of three channels are red, green and blue around grey"
      : "Red is positive, blue negative, white zero"
    return (
      sheet,
      "\(layerName) (\(layer.kind)): \(which), each of \(size) weights. \(colours); the largest "
        + "of each \(layer.isConvolution ? "filter" : "neuron") is in full colour."
    )
  }
}
