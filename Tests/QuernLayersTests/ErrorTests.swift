import QuernErrors
import QuernGraph
import QuernLayers
import Testing

/// What cannot be built says which layer, what was found, and how to remedy it.
@Suite struct ErrorTests {
  private func failure(
    _ input: InputShape = .picture(height: 8, width: 8, channels: 4), batch: Int = 2,
    @LayerBuilder _ layers: () -> [any Layer]
  ) -> String {
    let network = Network("net", input: input, layers: layers())
    do {
      _ = try network.build(batch: batch, mode: .training, in: GraphBuilder())
      return "no error"
    } catch {
      return error.description
    }
  }

  private func expect(_ text: String, _ parts: String...) {
    for part in parts { #expect(text.contains(part), "\(text)") }
  }

  @Test func kernelLargerThanInput() {
    let text = failure {
      Conv2D(8, kernel: 3)
      ReLU()
      MaxPool(2)
      Conv2D(8, kernel: 5)
    }
    expect(text, "conv2 (Conv2D)", "kernel is 5", "only 3", "smaller kernel")
    expect(failure { MaxPool(9) }, "maxPool1 (MaxPool)", "kernel is 9", "only 8")
    expect(
      failure { Conv2D(8, kernel: 5, dilation: 2) }, "conv1 (Conv2D)", "9 high", "dilation counted")
  }

  @Test func noUnits() {
    expect(failure(.features(4)) { Dense(0) }, "dense1 (Dense)", "0 units", "at least 1")
    expect(failure(.features(4)) { Dense(-3) }, "dense1 (Dense)", "-3 units")
    expect(failure { Conv2D(0, kernel: 3) }, "conv1 (Conv2D)", "0 filters")
    expect(
      failure { DepthwiseConv2D(kernel: 3, multiplier: 0) }, "depthwise1 (DepthwiseConv2D)",
      "0 filters a channel")
  }

  @Test func groupsThatDoNotDivide() {
    expect(
      failure { Conv2D(8, kernel: 3, groups: 3) }, "conv1 (Conv2D)", "3 groups",
      "4 input channels and 8 filters", "divide both")
    expect(failure { Conv2D(6, kernel: 3, groups: 4) }, "4 groups", "6 filters")
    expect(failure { Conv2D(6, kernel: 3, groups: 0) }, "0 groups")
  }

  @Test func numbersOutOfRange() {
    expect(failure { Conv2D(8, kernel: 0) }, "conv1 (Conv2D)", "kernel is 0×0")
    expect(failure { Conv2D(8, kernel: 3, stride: 0) }, "stride is 0×0")
    expect(failure { Conv2D(8, kernel: 3, stride: 0, padding: .same) }, "stride is 0×0")
    expect(failure { Conv2D(8, kernel: 3, dilation: -1) }, "dilation is -1×-1")
    expect(failure { Conv2D(8, kernel: 3, padding: .explicit(-1)) }, "padding is [-1, -1]")
    expect(failure { Conv2D(8, kernel: .square(.max), padding: .same) }, "kernel is 9223372")
    expect(failure { MaxPool(2, padding: .explicit(2)) }, "maxPool1", "more than half the window")
    expect(failure { Dropout(1) }, "dropout1 (Dropout)", "rate is 1.0", "below 1")
    expect(failure { BatchNorm(momentum: 2) }, "batchNorm1 (BatchNorm)", "momentum is 2.0")
    expect(failure { BatchNorm(epsilon: 0) }, "epsilon is 0.0")
    expect(failure { LayerNorm(epsilon: -1) }, "layerNorm1 (LayerNorm)", "epsilon is -1.0")
    expect(failure { LeakyReLU(slope: .nan) }, "leakyReLU1 (LeakyReLU)", "slope is nan")
    expect(
      failure(.features(4)) { Dense(3, weightInitialiser: .uniform(1, 0)) }, "dense1 (Dense)",
      "uniform(1.0, 0.0)")
  }

  @Test func sizesThatOverflow() {
    expect(
      failure(.features(4)) { Dense(.max) }, "dense1 (Dense)", "more than", "smaller")
    expect(
      failure { DepthwiseConv2D(kernel: 3, multiplier: .max) }, "depthwise1", "too many")
    expect(
      failure(.picture(height: .max, width: .max, channels: 3)) { ReLU() }, "net (input)",
      "more than")
    expect(failure(batch: 0) { ReLU() }, "net (input)", "[0, 8, 8, 4]", "at least 1")
    expect(failure(.features(-1)) { ReLU() }, "net (input)", "-1")
  }

  @Test func wrongRank() {
    expect(
      failure { Dense(10) }, "dense1 (Dense)", "[2, 8, 8, 4], not (N, C)", "put Flatten() before it"
    )
    expect(
      failure {
        Flatten()
        Conv2D(8, kernel: 3)
      }, "conv1 (Conv2D)", "[2, 256], not (N, H, W, C)", "before Flatten()")
    expect(failure(.features(4)) { GlobalAveragePool() }, "globalAveragePool1", "(N, H, W, C)")
  }

  @Test func names() {
    expect(
      failure {
        ReLU().named("a")
        Tanh().named("a")
      }, "a (Tanh)", "two layers have this name")
    expect(
      failure {
        ReLU().named("relu1")
        ReLU()
      }, "relu1 (ReLU)", "two layers have this name")
    expect(failure { ReLU().named("a.b") }, "\"a.b\"", "letters, digits")
    expect(failure { ReLU().named("") }, "\"\"")
  }

  @Test func emptyParts() {
    expect(failure {}, "net", "no layers")
    expect(failure { Residual {} }, "residual1 (Residual)", "no layers")
    expect(failure { Concat {} }, "concat1 (Concat)", "no branches")
  }

  @Test func branchesThatDoNotMeet() {
    expect(
      failure { Residual { Conv2D(8, kernel: 3, padding: .same) } }, "residual1 (Residual)",
      "[2, 8, 8, 8]", "input has [2, 8, 8, 4]", "shortcut: { Conv2D(8, kernel: 1, …) }")
    expect(
      failure {
        Residual {
          Conv2D(4, kernel: 3, stride: 2)
        } shortcut: {
          Conv2D(4, kernel: 1)
        }
      }, "residual1 (Residual)", "shortcut makes [2, 8, 8, 4]")
    expect(
      failure {
        Concat {
          Conv2D(4, kernel: 3)
          Conv2D(4, kernel: 1)
        }
      }, "concat1 (Concat)", "[2, 6, 6, 4], [2, 8, 8, 4]", "same strides and padding")
  }

  /// The innermost layer is named, once.
  @Test func nestedLayer() {
    let text = failure {
      Residual {
        Sequential { Conv2D(4, kernel: 9) }
      }
    }
    #expect(text.hasPrefix("residual1.sequential1.conv1 (Conv2D): "), "\(text)")
    #expect(!text.contains("residual1 (Residual)"))
  }

  @Test func ownLayerIsNamed() {
    struct Broken: Layer {
      func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
        try input.matrixProduct(context.parameter("weight", [3, 3], initialiser: .zeros))
      }
    }
    expect(failure { Broken() }, "broken1 (Broken)", "[2, 8, 8, 4]", "[3, 3]")
  }

  @Test func twoParametersOfOneName() {
    struct Twice: Layer {
      func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
        _ = try context.parameter("weight", [3], initialiser: .zeros)
        return try context.parameter("weight", [3], initialiser: .zeros)
      }
    }
    expect(failure { Twice() }, "twice1 (Twice)", "two inputs have this name")
  }

  @Test func unfitLosses() throws {
    let built = try Network("net", input: .picture(height: 4, width: 4, channels: 1)) { ReLU() }
      .build(batch: 2, mode: .training, in: GraphBuilder())
    let shape = #expect(throws: QuernError.self) {
      try built.objective(.softmaxCrossEntropy())
    }
    #expect(shape?.description.contains("[2, 4, 4, 1], not (N, K)") == true)
    let dense = try Network("net", input: .features(4)) { Dense(2) }
      .build(batch: 2, mode: .training, in: GraphBuilder())
    let smoothing = #expect(throws: QuernError.self) {
      try dense.objective(.softmaxCrossEntropy(labelSmoothing: 2))
    }
    #expect(smoothing?.problem.contains("2.0") == true)
    let negative = #expect(throws: QuernError.self) {
      try dense.objective(.meanSquaredError, regularisation: .init(l2: -1))
    }
    #expect(negative?.problem.contains("l2 is -1.0") == true)
  }
}
