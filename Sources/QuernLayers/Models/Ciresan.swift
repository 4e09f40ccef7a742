extension Models {
  /// The networks of Cireşan, Meier, Gambardella and Schmidhuber 2010 (arXiv 1003.0358), table 1:
  /// fully connected, for 28×28 pictures padded to 29×29.
  ///
  /// Weights are uniform in [−0.05, 0.05) as in the paper; with ReLU, He's, since those of the paper
  /// would fade over the layers.
  static func ciresan(_ number: Int, _ hidden: [Int], _ activation: CiresanActivation) -> Network {
    let weights: Initialiser = activation == .relu ? .heNormal : .uniform(-0.05, 0.05)
    return Network("ciresan-\(number)", input: .features(29 * 29)) {
      for units in hidden {
        Dense(units, weightInitialiser: weights)
        switch activation {
        case .scaledTanh: ScaledTanh()
        case .relu: ReLU()
        }
      }
      Dense(10, weightInitialiser: activation == .relu ? .glorotUniform : weights)
    }
  }
}
