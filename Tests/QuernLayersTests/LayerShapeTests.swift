import QuernErrors
import QuernGraph
import QuernLayers
import Testing

/// Shapes, parameters and names of each layer.
@Suite struct LayerShapeTests {
  static let picture = InputShape.picture(height: 9, width: 7, channels: 4)

  private func build(
    _ input: InputShape = picture, _ mode: Mode = .training,
    @LayerBuilder _ layers: () -> [any Layer]
  ) throws -> BuiltNetwork {
    try Network("net", input: input, layers: layers())
      .build(batch: 2, mode: mode, in: GraphBuilder())
  }

  private func shapes(_ built: BuiltNetwork) -> [String: [Int]] {
    Dictionary(uniqueKeysWithValues: built.parameters.map { ($0.name, $0.shape.extents) })
  }

  @Test func dense() throws {
    let built = try build(.features(5)) { Dense(3) }
    #expect(built.output.shape == [2, 3])
    #expect(shapes(built) == ["dense1.weight": [5, 3], "dense1.bias": [3]])
    #expect(built.parameters.map(\.role) == [.weight, .bias])
    #expect(built.parameters[0].fanIn == 5)
    #expect(built.parameters[0].fanOut == 3)
    #expect(built.layers[0].multiplyAdds == 2 * 5 * 3)
    #expect(built.layers[0].parameterCount == 18)
    #expect(try shapes(build(.features(5)) { Dense(3, useBias: false) }).count == 1)
  }

  static let convolutions: [(Conv2D, [Int])] = [
    (Conv2D(6, kernel: 3), [2, 7, 5, 6]),
    (Conv2D(6, kernel: 3, padding: .same), [2, 9, 7, 6]),
    (Conv2D(6, kernel: 4, padding: .same), [2, 9, 7, 6]),
    (Conv2D(6, kernel: 3, stride: 2, padding: .same), [2, 5, 4, 6]),
    (Conv2D(6, kernel: 3, stride: 2), [2, 4, 3, 6]),
    (Conv2D(6, kernel: 3, stride: 2, padding: .explicit(1)), [2, 5, 4, 6]),
    (Conv2D(6, kernel: 3, dilation: 2), [2, 5, 3, 6]),
    (Conv2D(6, kernel: .init(height: 3, width: 5)), [2, 7, 3, 6]),
    (Conv2D(6, kernel: 1, stride: .init(height: 2, width: 3)), [2, 5, 3, 6]),
    (
      Conv2D(
        6, kernel: 3,
        padding: .sides(before: .init(height: 1, width: 0), after: .init(height: 0, width: 2))),
      [2, 8, 7, 6]
    ),
  ]

  @Test(arguments: convolutions)
  func convolution(layer: Conv2D, shape: [Int]) throws {
    let built = try build { layer }
    #expect(built.output.shape.extents == shape)
    #expect(
      shapes(built) == [
        "conv1.weight": [layer.kernel.height, layer.kernel.width, 4, 6], "conv1.bias": [6],
      ])
    let taps = layer.kernel.height * layer.kernel.width * 4
    #expect(built.layers[0].multiplyAdds == shape.reduce(1, *) * taps)
    #expect(built.parameters[0].fanIn == taps)
  }

  @Test func groups() throws {
    let built = try build { Conv2D(6, kernel: 3, groups: 2) }
    #expect(built.output.shape == [2, 7, 5, 6])
    #expect(shapes(built)["conv1.weight"] == [3, 3, 2, 6])
    #expect(built.parameters[0].fanIn == 18)
    #expect(built.parameters[0].fanOut == 27)
    #expect(built.layers[0].multiplyAdds == 2 * 7 * 5 * 6 * 9 * 2)
  }

  @Test func depthwise() throws {
    let built = try build { DepthwiseConv2D(kernel: 3, multiplier: 2, padding: .same) }
    #expect(built.output.shape == [2, 9, 7, 8])
    #expect(shapes(built) == ["depthwise1.weight": [3, 3, 1, 8], "depthwise1.bias": [8]])
    #expect(built.parameters[0].fanIn == 9)
  }

  @Test func pooling() throws {
    #expect(try build { MaxPool(2) }.output.shape == [2, 4, 3, 4])
    #expect(
      try build { MaxPool(3, stride: 2, padding: .explicit(1)) }.output.shape == [2, 5, 4, 4])
    #expect(try build { AveragePool(2) }.output.shape == [2, 4, 3, 4])
    #expect(try build { AveragePool(3, stride: 1) }.output.shape == [2, 7, 5, 4])
    #expect(try build { GlobalAveragePool() }.output.shape == [2, 4])
    #expect(try build { Flatten() }.output.shape == [2, 252])
  }

  @Test func extentsFromVariables() throws {
    let (kernel, stride) = (3, 2)
    #expect(Extent2D(kernel) == 3 && Extent2D(kernel) == .square(3))
    #expect(Extent2D(kernel) == Extent2D(height: 3, width: 3))
    let built = try build {
      Conv2D(6, kernel: Extent2D(kernel), padding: .same, dilation: Extent2D(stride))
      DepthwiseConv2D(kernel: Extent2D(kernel), padding: .same)
      MaxPool(Extent2D(kernel), stride: Extent2D(stride))
      AveragePool(Extent2D(stride))
    }
    #expect(built.output.shape == [2, 2, 1, 6])
  }

  @Test func shapesThatStay() throws {
    let built = try build {
      BatchNorm()
      LayerNorm()
      Dropout(0.5)
      ReLU()
      LeakyReLU()
      Sigmoid()
      Tanh()
      ScaledTanh()
      GELU()
      Softmax()
    }
    for layer in built.layers { #expect(layer.outputShape == [2, 9, 7, 4], "\(layer.name)") }
    #expect(
      built.layers.map(\.name) == [
        "batchNorm1", "layerNorm1", "dropout1", "relu1", "leakyReLU1", "sigmoid1", "tanh1",
        "scaledTanh1", "gelu1", "softmax1",
      ])
    #expect(
      shapes(built) == [
        "batchNorm1.scale": [4], "batchNorm1.shift": [4], "layerNorm1.scale": [4],
        "layerNorm1.shift": [4],
      ])
    #expect(
      built.state.map(\.name) == [
        "batchNorm1.runningMean", "batchNorm1.runningVariance", "random.counter",
      ])
  }

  @Test func stateHasUpdatesInTrainingOnly() throws {
    let training = try build { BatchNorm() }
    #expect(training.builder.graph.updates.map(\.input) == training.state.map(\.node))
    let inference = try build(Self.picture, .inference) {
      BatchNorm()
      Dropout(0.5)
    }
    #expect(inference.builder.graph.updates.isEmpty)
    #expect(inference.state.count == 2)
  }

  @Test func branches() throws {
    let built = try build {
      Residual {
        Conv2D(6, kernel: 3, stride: 2, padding: .explicit(1))
        ReLU()
        Conv2D(6, kernel: 3, padding: .same)
      } shortcut: {
        Conv2D(6, kernel: 1, stride: 2)
      }
      Residual { Conv2D(6, kernel: 3, padding: .same) }
      Concat {
        Conv2D(3, kernel: 1)
        Sequential {
          Conv2D(5, kernel: 3, padding: .same)
          ReLU()
        }
        Sequential {}
      }
    }
    #expect(built.output.shape == [2, 5, 4, 14])
    #expect(
      built.layers.map(\.name) == [
        "residual1.conv1", "residual1.relu1", "residual1.conv2", "residual1.shortcut.conv1",
        "residual1", "residual2.conv1", "residual2", "concat1.conv1", "concat1.sequential1.conv1",
        "concat1.sequential1.relu1", "concat1.sequential1", "concat1.sequential2", "concat1",
      ])
    let own = built.layers.reduce(0) { $0 + $1.parameterCount }
    #expect(own == built.parameters.reduce(0) { $0 + $1.shape.elementCount })
    #expect(built.layers.filter { $0.name == "residual1" }.map(\.parameterCount) == [0])
  }

  @Test func namesByKindAndByHand() throws {
    let built = try build {
      Conv2D(4, kernel: 3)
      ReLU()
      Conv2D(4, kernel: 3).named("stem")
      ReLU()
      Conv2D(4, kernel: 3)
      Flatten()
      Dense(10).named("head")
    }
    #expect(
      built.layers.map(\.name) == ["conv1", "relu1", "stem", "relu2", "conv2", "flatten1", "head"])
    #expect(built.layers[2].kind == "Conv2D")
    #expect(built.parameters.map(\.name).contains("head.weight"))
  }

  @Test func nodesAreLabelled() throws {
    let built = try build {
      Conv2D(4, kernel: 3)
      Residual { ReLU() }
    }
    let labels = built.builder.graph.nodes.map(\.label)
    #expect(Set(labels) == ["", "conv1", "residual1.relu1", "residual1"])
  }

  @Test func builderTakesControlFlow() throws {
    func names(_ deep: Bool, _ extra: [any Layer] = []) -> [String] {
      let network = Network("net", input: .features(4)) {
        for units in [3, 5] {
          Dense(units)
          if deep { Tanh() } else { ReLU() }
        }
        if deep { Dense(7) }
        extra
      }
      return network.layers.map(\.kind)
    }
    #expect(names(true) == ["Dense", "Tanh", "Dense", "Tanh", "Dense"])
    #expect(
      names(false, [Softmax(), GELU()]) == ["Dense", "ReLU", "Dense", "ReLU", "Softmax", "GELU"])
  }

  @Test func ownLayerNeedsOnlyApply() throws {
    struct Square: Layer {
      func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
        try input * input
      }
    }
    let built = try build { Square() }
    #expect(built.layers.map(\.name) == ["square1"])
    #expect(built.layers.map(\.kind) == ["Square"])
  }
}
