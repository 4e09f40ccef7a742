import Quern

/// Networks whose layers and extents the built-in ones do not have.
enum GoldenNetworks {
  static var all: [(String, Network)] {
    [
      ("odd-conv", oddConv), ("strided", strided), ("bottleneck", bottleneck),
      ("activations", activations), ("normalised", normalised), ("branches", branches),
    ]
  }

  private static var oddConv: Network {
    Network("odd-conv", input: .picture(height: 19, width: 23, channels: 3)) {
      Conv2D(37, kernel: 3, padding: .same)
      ReLU()
      MaxPool(2)
      Conv2D(53, kernel: 3, padding: .same)
      ReLU()
      Flatten()
      Dense(101)
      ReLU()
      Dense(5)
    }
  }

  private static var strided: Network {
    Network("strided", input: .picture(height: 45, width: 31, channels: 1)) {
      Conv2D(24, kernel: 7, stride: 2, padding: .explicit(3))
      ReLU()
      Conv2D(37, kernel: 5, stride: 2, padding: .explicit(2))
      ReLU()
      Conv2D(61, kernel: 3, padding: .same, dilation: 2)
      ReLU()
      GlobalAveragePool()
      Dense(7)
    }
  }

  private static var bottleneck: Network {
    Network("bottleneck", input: .picture(height: 28, width: 28, channels: 64)) {
      Conv2D(64, kernel: 1)
      ReLU()
      Conv2D(256, kernel: 1)
      ReLU()
      Conv2D(128, kernel: 3, stride: 2, padding: .explicit(1))
      ReLU()
      GlobalAveragePool()
      Dense(10)
    }
  }

  private static var activations: Network {
    Network("activations", input: .features(301)) {
      Dense(129)
      GELU()
      Dense(77)
      LeakyReLU()
      Dropout(0.25)
      Dense(64)
      ScaledTanh()
      Dense(33)
      Sigmoid()
      LayerNorm()
      Dense(16)
      Tanh()
      Softmax()
      Dense(10)
    }
  }

  private static var normalised: Network {
    Network("normalised", input: .picture(height: 14, width: 14, channels: 24)) {
      DepthwiseConv2D(kernel: 7, padding: .same)
      LayerNorm()
      Conv2D(96, kernel: 1)
      GELU()
      Conv2D(24, kernel: 1)
      BatchNorm()
      AveragePool(2)
      Conv2D(32, kernel: 3, padding: .same, groups: 4)
      BatchNorm()
      ReLU()
      Flatten()
      Dense(10)
    }
  }

  private static var branches: Network {
    Network("branches", input: .picture(height: 16, width: 16, channels: 8)) {
      Concat {
        Conv2D(16, kernel: 1)
        Sequential {
          Conv2D(8, kernel: 1)
          ReLU()
          Conv2D(16, kernel: 5, padding: .same)
        }
        MaxPool(3, stride: 1, padding: .explicit(1))
      }
      ReLU()
      Residual {
        Conv2D(40, kernel: 3, padding: .same)
        ReLU()
      }
      MaxPool(3, stride: 2)
      Flatten()
      Dense(10)
    }
  }
}
