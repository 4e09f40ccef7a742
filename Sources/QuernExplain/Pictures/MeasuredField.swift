import QuernErrors
import QuernExecution
import QuernGradient
import QuernGraph
import QuernLayers
import QuernRandom
import QuernTraining

/// What one output of a layer sees of the picture, found twice: by composing index maps, and by
/// measuring which pixels have a gradient that is not zero.
///
/// The measured one is the gradient of the output's sum over its channels by every pixel, computed
/// by compiled kernels with direct sums. Nothing may cancel and nothing may be switched off, so
/// weights, scales and pixels are positive random numbers (then every ReLU passes its input on, and
/// every term of every sum is positive), and since a max-pooling passes on one position of each
/// window only, the pixels seen are united over draws of weights and pixels.
public struct MeasuredField: Sendable, Encodable {
  /// The layer's full name, and its output's position.
  public var layer: String
  public var position: [Int]
  /// Of the picture.
  public var height: Int
  public var width: Int
  /// Rows and columns that index maps say are seen; what is seen lies within their product.
  public var composedRows: [Int]
  public var composedColumns: [Int]
  /// Rows and columns of pixels with a gradient.
  public var measuredRows: [Int]
  public var measuredColumns: [Int]
  /// Pixels with a gradient.
  public var measuredPixels: Int
  /// Draws that were united.
  public var draws: Int
  /// The mean gradient of every pixel over channels and draws, row-major; the largest is 1.
  public var weights: [Float]

  /// Whether both found the same rows and columns.
  public var agrees: Bool { composedRows == measuredRows && composedColumns == measuredColumns }
  /// Whether every pixel in a seen row and a seen column is seen: branches can leave some out.
  public var fillsItsBox: Bool {
    measuredPixels == composedRows.count * composedColumns.count
  }

  /// Draws that are made at once, and at most how often.
  private static let batch = 8
  private static let rounds = 16
  /// What gradients are multiplied by: the corner of the field of a deep stack has a gradient that
  /// single precision could not hold otherwise. A power of 2, so that nothing is rounded.
  private static let magnification = 0x1p100

  /// - Parameters:
  ///   - network: one whose input is a picture.
  ///   - layer: the full name of a layer that makes pictures; the last one where it is nil.
  ///   - position: row and column of its output; the middle where it is nil.
  ///   - seed: equal seeds give equal draws.
  ///   - options: how the gradient is computed; convolutions are direct sums in any case.
  /// - Throws: `QuernError` where there is no such layer or position; what compiling throws.
  public init(
    _ network: Network, layer: String? = nil, position: (y: Int, x: Int)? = nil, seed: UInt64 = 1,
    _ options: ExecutionOptions
  ) throws {
    let builder = GraphBuilder()
    let built = try network.build(batch: Self.batch, mode: .inference, in: builder)
    guard case .picture(let height, let width, let channels) = network.input else {
      throw QuernError(
        "receptive field", "\(network.name) takes \(network.input) features, no pictures",
        remedy:
          "use a network with input: .picture(…); each neuron of a fully connected one sees all"
      )
    }
    let record = try Self.record(layer, of: built)
    let (y, x) = try Self.position(position, in: record)
    self.layer = record.name
    self.position = [y, x]
    (self.height, self.width) = (height, width)

    let region = [[0], [y], [x], Array(0..<record.outputShape[3])]
    let seen = try builder.graph.seen(byAny: region, of: record.node, in: built.input.id)
    composedRows = seen?.positions[1] ?? []
    composedColumns = seen?.positions[2] ?? []

    let executable = try Self.gradient(
      of: record, y: y, x: x, by: built.input, in: builder, options)
    try network.initialWeights(seed: seed).copy(to: executable)

    var random = SeededGenerator(seed: seed)
    var sums = [Double](repeating: 0, count: height * width)
    let box = composedRows.count * composedColumns.count
    draws = 0
    for _ in 0..<Self.rounds {
      try Self.draw(built, &random, into: executable)
      for (place, value) in try Self.gradient(of: record, computedBy: executable).enumerated() {
        sums[place / channels % (height * width)] += Double(abs(value))
      }
      draws += Self.batch
      // More draws find nothing more.
      if sums.count(where: { $0 > 0 }) >= box { break }
    }
    let places = sums.indices.filter { sums[$0] > 0 }
    measuredPixels = places.count
    measuredRows = Set(places.map { $0 / width }).sorted()
    measuredColumns = Set(places.map { $0 % width }).sorted()
    let largest = sums.max() ?? 0
    // A pixel that is seen never becomes 0 by rounding.
    weights = sums.map { $0 > 0 ? max(Float($0 / largest), .leastNormalMagnitude) : 0 }
  }

  private static func record(
    _ name: String?, of built: BuiltNetwork
  ) throws(QuernError) -> LayerRecord {
    let layers = built.layers.filter { $0.outputShape.rank == 4 }
    guard let last = layers.last else {
      throw QuernError(
        "receptive field", "no layer of \(built.network.name) makes pictures",
        remedy: "use a network with convolutions; each neuron of a fully connected one sees all")
    }
    guard let name else { return last }
    guard let record = layers.first(where: { $0.name == name }) else {
      throw QuernError(
        "layer \(name)", "\(built.network.name) has no such layer that makes pictures",
        remedy: "use one of \(layers.map(\.name).joined(separator: ", "))")
    }
    return record
  }

  /// - Returns: `position`, checked; the middle where it is nil.
  private static func position(
    _ position: (y: Int, x: Int)?, in record: LayerRecord
  ) throws(QuernError) -> (y: Int, x: Int) {
    let shape = record.outputShape
    let (y, x) = position ?? (shape[1] / 2, shape[2] / 2)
    guard 0..<shape[1] ~= y, 0..<shape[2] ~= x else {
      throw QuernError(
        record.name, "it has no output at row \(y), column \(x)",
        remedy: "give a row below \(shape[1]) and a column below \(shape[2])")
    }
    return (y, x)
  }

  /// Compiles the gradient of one output's sum over its channels by the pixels.
  private static func gradient(
    of record: LayerRecord, y: Int, x: Int, by input: Tensor, in builder: GraphBuilder,
    _ options: ExecutionOptions
  ) throws -> any Executable {
    let output = try builder.tensor(record.node).sliced(
      from: [0, y, x, 0], to: [batch, y + 1, x + 1, record.outputShape[3]]
    ).sum()
    let gradient = try vectorJacobianProduct(
      of: output, seed: builder.constant(magnification), withRespectTo: [input])[0]
    try builder.output("gradient", gradient)
    // Fast algorithms leave rounding errors where sums would have zeros.
    var options = options
    options.convolution = .direct
    return try options.makeExecutable(builder.graph)
  }

  private static func gradient(
    of record: LayerRecord, computedBy executable: any Executable
  ) throws -> [Float] {
    try executable.run()
    let values = try executable.floats("gradient")
    guard values.allSatisfy(\.isFinite) else {
      throw QuernError(
        record.name, "its gradient is not finite in single precision",
        remedy: "measure a layer that is less deep")
    }
    return values
  }

  /// Positive pixels and parameters; weights are scaled so that sums stay near 1.
  ///
  /// Every other picture has a few pixels that outweigh all others. With even pixels an output beside
  /// padding, whose sum has fewer terms, would never be the maximum of a pooling's window.
  private static func draw(
    _ built: BuiltNetwork, _ random: inout SeededGenerator, into executable: any Executable
  ) throws {
    for parameter in built.parameters {
      let scale = parameter.role == .weight ? 1 / Float(parameter.fanIn) : 1
      let range: ClosedRange<Float> =
        switch parameter.role {
        case .weight, .scale: 0.5 * scale...1.5 * scale
        case .bias, .shift: 0...0.1
        }
      try executable.write(
        parameter.name,
        (0..<parameter.shape.elementCount).map { _ in random.nextFloat(in: range) })
    }
    let count = built.input.shape.elementCount
    try executable.write(
      Network.inputName,
      (0..<count).map { place -> Float in
        let number = random.nextFloat(in: 0...1)
        if place / (count / batch) % 2 == 0 { return 0.5 + number }
        // Pareto's distribution with exponent 1/2, cut off.
        let root = max(number, 1e-3)
        return 0.5 / (root * root)
      })
  }
}
