import QuernErrors
import QuernGradient
import QuernGraph
import QuernInterpreter
import Testing

extension Tensor {
  fileprivate func relu() throws(QuernError) -> Tensor {
    try self.where(scalar(0).apply(.less, self), otherwise: scalar(0))
  }

  /// The mean of −log softmax(row)[label].
  fileprivate func crossEntropy(_ labels: Tensor) throws(QuernError) -> Tensor {
    let (rows, classes) = (shape[0], shape[1])
    let shifted = try self - maximum(over: [1]).reshaped([rows, 1])
    let picked = try builder.contraction(
      Contraction(
        axes: [Axis("n", rows), Axis("t", classes)], outputRank: 1,
        factors: [.init([.axis(0), .axis(1)]), .init([.axis(0)], match: .axis(1))]),
      [shifted, labels])
    return try (shifted.exp().sum(over: [1]).log() - picked).mean(over: [0])
  }
}

@Suite struct NetworkGradientTests {
  @Test func softmaxCrossEntropy() throws {
    try GradientCheck(shapes: [[3, 5]], integers: [([3], [4, 0, 2])], scale: 3).twice { x, i in
      try x[0].crossEntropy(i[0])
    }
  }

  @Test("The gradient of softmax cross-entropy is (softmax − one-hot) / N")
  func softmaxMinusOneHot() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2, 3])
    let labels = try builder.input("labels", [2], .int32)
    try builder.output("dx", gradient(of: x.crossEntropy(labels), withRespectTo: [x])[0])
    let interpreter = try Interpreter<Double>(builder.graph)
    try interpreter.setValues("x", [0, 0, 0, 1000, 0, 0])
    try interpreter.setValues("labels", [1, 0])
    try interpreter.run()
    let found = try interpreter.values("dx")
    let expected = [1.0 / 6, 1.0 / 6 - 0.5, 1.0 / 6, 0, 0, 0]
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-12) }
  }

  @Test func layerNormalisation() throws {
    try GradientCheck(shapes: [[3, 4], [4], [4]]).twice { x, _ in
      let centred = try x[0] - x[0].mean(over: [1]).reshaped([3, 1])
      let variance = try (centred * centred).mean(over: [1]).reshaped([3, 1])
      return try centred / (variance + 1e-5).squareRoot() * x[1] + x[2]
    }
  }

  @Test func gelu() throws {
    try GradientCheck(shapes: [[7]], scale: 2).twice { x, _ in
      try x[0] * ((x[0] * 0.7071067811865476).erf() + 1) * 0.5
    }
  }

  @Test("A strided convolutional network: its gradient, and Hessian times vector")
  func convolutionalNetwork() throws {
    let first = WindowGeometry.same(kernel: [3, 3], strides: [2, 2], picture: [7, 7])
    let second = WindowGeometry(kernel: [2, 2], strides: [1, 2], paddingBefore: [1, 0])
    let shapes: [Shape] = [[2, 7, 7, 1], [3, 3, 1, 3], [3], [2, 2, 3, 2], [12, 3], [3]]
    try GradientCheck(shapes: shapes, integers: [([2], [2, 0])]).twice { x, i in
      let a = try (x[0].convolution(x[1], first) + x[2]).tanh()
      let b = try a.convolution(x[3], second).relu()
      let pooled = try b.maximumPooling(
        WindowGeometry(kernel: [2, 1], strides: [1, 1], paddingAfter: [0, 0]))
      let logits = try pooled.reshaped([2, pooled.shape.elementCount / 2])
        .sliced(from: [0, 0], to: [2, 12]).matrixProduct(x[4])
      return try (logits + x[5]).crossEntropy(i[0])
    }
  }

  /// A chain of dense layers, its first input and its parameters.
  private func chain(
    depth: Int
  ) throws -> (builder: GraphBuilder, input: Tensor, parameters: [Tensor], loss: Tensor) {
    let builder = GraphBuilder()
    let input = try builder.input("x", [2, 3])
    var parameters: [Tensor] = []
    var x = input
    for layer in 0..<depth {
      let weight = try builder.input("w\(layer)", [3, 3], role: .parameter)
      let bias = try builder.input("b\(layer)", [3], role: .parameter)
      parameters += [weight, bias]
      x = try (x.matrixProduct(weight) + bias).tanh()
    }
    return (builder, input, parameters, try (x * x).sum())
  }

  @Test("Partials are shared: the graph grows linearly with depth")
  func sharing() throws {
    let counts = try [4, 8, 12].map { depth in
      let (builder, _, parameters, loss) = try chain(depth: depth)
      _ = try gradient(of: loss, withRespectTo: parameters)
      return builder.graph.nodes.count
    }
    #expect(counts[1] - counts[0] == counts[2] - counts[1])
    #expect(counts[0] < 4 * 20)
  }

  @Test("The gradient by the network's input is not built where it is not asked for")
  func onlyWhatIsAsked() throws {
    let (builder, input, parameters, loss) = try chain(depth: 3)
    _ = try gradient(of: loss, withRespectTo: parameters)
    let before = builder.graph.nodes.count
    // By the parameters: per layer a product with the adjoint for the weight, and from the second
    // layer on one for the layer below; none of the shape of the first layer's input from w0.
    let first = try #require(builder.graph.input(named: "w0"))
    #expect(builder.graph.users[first.index].count == 1)
    _ = try gradient(of: loss, withRespectTo: [input])
    #expect(builder.graph.nodes.count > before)
    #expect(builder.graph.users[first.index].count == 2)
  }
}
