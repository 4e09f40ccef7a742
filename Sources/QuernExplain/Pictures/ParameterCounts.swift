import QuernErrors
import QuernGraph
import QuernLayers

/// The parameters of a convolution: what a real layer declares, beside the formulas.
public struct ConvolutionParameters: Sendable, Hashable, Encodable {
  /// d; filters have 2d + 1 rows and columns.
  public var radius: Int
  /// C and T.
  public var channels: Int
  public var filters: Int
  /// Weights of a layer that was built; biases, of which there are T, are not among them.
  public var counted: Int
  /// (2d + 1)² · C · T.
  public var formula: Int
  /// (2d + 1) · C · T, as the lecture's slide prints it: the square is missing.
  public var slide: Int

  /// - Throws: `QuernError` where a number is not positive, or the layer is too large.
  public init(radius: Int, channels: Int, filters: Int) throws(QuernError) {
    guard 0...512 ~= radius else {
      throw QuernError("radius", "d is \(radius)", remedy: "give a number from 0 to 512")
    }
    let kernel = 2 * radius + 1
    // The layer checks C and T, and that their product is no more than can be.
    counted = try Network(
      "convolution", input: .picture(height: kernel, width: kernel, channels: channels)
    ) {
      Conv2D(filters, kernel: .square(kernel), useBias: false)
    }.summary().parameters
    self.radius = radius
    self.channels = channels
    self.filters = filters
    formula = kernel * kernel * channels * filters
    slide = kernel * channels * filters
  }
}

/// A convolution of a network beside the fully connected layer that could take its place: one with
/// as many inputs and outputs. Both counts are those of layers that were built, biases included.
public struct FullyConnectedComparison: Sendable, Hashable, Encodable {
  public var layer: String
  /// Of the layer's input and output, without the batch: (H, W, C).
  public var inputShape: [Int]
  public var outputShape: [Int]
  public var convolution: Int
  public var fullyConnected: Int

  /// Compares every layer of a network that convolves pictures.
  ///
  /// - Throws: `QuernError` as `Network.build` does, or where a fully connected layer would have more
  ///   than `Shape.maximumElementCount` weights.
  public static func comparisons(of network: Network) throws(QuernError) -> [Self] {
    let built = try network.build(batch: 1, mode: .inference, in: GraphBuilder())
    let graph = built.builder.graph
    var result: [Self] = []
    for layer in built.layers where layer.outputShape.rank == 4 && layer.multiplyAdds > 0 {
      let product = graph.nodes.first { node in
        guard node.label == layer.name, case .contraction(let contraction) = node.op else {
          return false
        }
        return contraction.factors.count == 2
      }
      guard let product else { continue }
      let input = graph[product.operands[0]].shape
      let inputs = input.elementCount
      let outputs = layer.outputShape.elementCount
      let dense = Network("fully connected", input: .features(inputs)) { Dense(outputs) }
      result.append(
        Self(
          layer: layer.name, inputShape: Array(input.extents.dropFirst()),
          outputShape: Array(layer.outputShape.extents.dropFirst()),
          convolution: layer.parameterCount, fullyConnected: try dense.summary().parameters))
    }
    return result
  }
}
