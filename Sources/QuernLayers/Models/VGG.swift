extension Models {
  /// Pairs of 3×3 convolutions for 32×32 colour pictures, after Simonyan and Zisserman 2014.
  static var vgg: Network {
    Network("vgg", input: .picture(height: 32, width: 32, channels: 3)) {
      for filters in [64, 128, 256] {
        for _ in 0..<2 {
          Conv2D(filters, kernel: 3, padding: .same)
          ReLU()
        }
        MaxPool(2)
      }
      Flatten()
      Dense(512)
      ReLU()
      Dense(10, weightInitialiser: .glorotUniform)
    }
  }
}
