extension Models {
  /// A small convolutional network for 8×8 pictures of digits.
  ///
  /// The test digits are by other writers than most of the training digits, so the network is held
  /// back by dropout. Training should deform the pictures as well.
  static var digitsConv: Network {
    Network("digits-conv", input: .picture(height: 8, width: 8, channels: 1)) {
      Conv2D(32, kernel: 3, padding: .same)
      ReLU()
      Conv2D(32, kernel: 3, padding: .same)
      ReLU()
      MaxPool(2)
      Conv2D(64, kernel: 3, padding: .same)
      ReLU()
      Dropout(0.25)
      Flatten()
      Dense(128)
      ReLU()
      Dropout(0.5)
      Dense(10, weightInitialiser: .glorotUniform)
    }
  }
}
