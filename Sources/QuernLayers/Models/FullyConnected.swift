extension Models {
  /// The lecture's network a(x) = FC₂(f(FC₁(x))) for 28×28 pictures.
  static var fc: Network {
    Network("fc", input: .features(784)) {
      Dense(1000)
      ReLU()
      Dense(10, weightInitialiser: .glorotUniform)
    }
  }
}
