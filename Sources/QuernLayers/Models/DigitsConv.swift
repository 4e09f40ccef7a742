extension Models {
  /// A small convolutional network for 8×8 pictures of digits.
  static var digitsConv: Network {
    Network("digits-conv", input: .picture(height: 8, width: 8, channels: 1)) {
      Conv2D(32, kernel: 3, padding: .same)
      ReLU()
      Conv2D(64, kernel: 3, padding: .same)
      ReLU()
      MaxPool(2)
      Flatten()
      Dense(128)
      ReLU()
      Dense(10, weightInitialiser: .glorotUniform)
    }
  }
}
