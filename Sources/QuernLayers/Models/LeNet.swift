extension Models {
  /// Two convolutions and two fully connected layers for 28×28 pictures, after LeCun et al. 1998,
  /// with ReLU and max-pooling.
  static var lenet: Network {
    Network("lenet", input: .picture(height: 28, width: 28, channels: 1)) {
      for filters in [32, 64] {
        Conv2D(filters, kernel: 5, padding: .same)
        ReLU()
        MaxPool(2)
      }
      Flatten()
      Dense(512)
      ReLU()
      Dense(10, weightInitialiser: .glorotUniform)
    }
  }
}
