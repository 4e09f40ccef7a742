extension Models {
  /// A residual network of 8 layers with weights for 28×28 pictures, after He et al. 2015: a
  /// convolution, three blocks of two, and a fully connected layer on the channels' means.
  static var resnet8: Network {
    Network("resnet8", input: .picture(height: 28, width: 28, channels: 1)) {
      convolution(16)
      BatchNorm()
      ReLU()
      block(16, stride: 1)
      ReLU()
      block(32, stride: 2)
      ReLU()
      block(64, stride: 2)
      ReLU()
      GlobalAveragePool()
      Dense(10, weightInitialiser: .glorotUniform)
    }
  }

  private static func block(_ filters: Int, stride: Int) -> Residual {
    Residual {
      convolution(filters, stride: stride)
      BatchNorm()
      ReLU()
      convolution(filters)
      BatchNorm()
    } shortcut: {
      if stride > 1 {
        Conv2D(filters, kernel: 1, stride: .square(stride), useBias: false)
        BatchNorm()
      }
    }
  }

  /// 3×3 without a bias, since the batch normalisation after it has a shift.
  private static func convolution(_ filters: Int, stride: Int = 1) -> Conv2D {
    Conv2D(
      filters, kernel: 3, stride: .square(stride), padding: .explicit(1), useBias: false)
  }
}
