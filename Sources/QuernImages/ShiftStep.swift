import QuernErrors
import QuernGraph

/// One pattern looked for in two ways in shifted copies of a picture: by a fully connected neuron,
/// which has the pattern as weights at one place, and by a convolution, which tries every place.
///
/// The lecture's reason for convolutions: the neuron no longer sees what has moved, while the
/// convolution's largest value stays and moves along (equivariance).
public struct ShiftStep: Sendable {
  /// Data input: N pictures (N, H, W).
  public static let picturesName = "pictures"
  /// Parameter: the neuron's weights, (H, W).
  public static let neuronName = "neuron"
  /// Parameter: the convolution's filter, (I, J).
  public static let filterName = "filter"
  /// Output (N): Σ over the picture of weight · pixel.
  public static let activationName = "activation"
  /// Output (N, Y, X): the filter's response at every place where it lies wholly in the picture,
  /// Y = H − I + 1, X = W − J + 1.
  public static let responseName = "response"
  /// Output (N): the largest response.
  public static let maximumName = "maximum"
  /// Output (N), `int32`: where it lies, y · X + x.
  public static let positionName = "position"

  public let graph: Graph
  /// N.
  public let count: Int
  /// Y and X, places that the filter can take.
  public let places: (height: Int, width: Int)

  /// - Parameters:
  ///   - count: N, pictures.
  ///   - picture: H and W.
  ///   - filter: I and J.
  /// - Throws: `QuernError` where an extent is below 1, or the filter larger than the picture.
  public init(
    count: Int, picture: (height: Int, width: Int), filter: (height: Int, width: Int)
  ) throws(QuernError) {
    let builder = GraphBuilder()
    let pictures = try builder.input(
      Self.picturesName, Shape(checking: [count, picture.height, picture.width], of: "pictures"))
    let size = picture.height * picture.width
    let neuron = try builder.input(
      Self.neuronName, [picture.height, picture.width], role: .parameter)
    let weights = try builder.input(
      Self.filterName, Shape(checking: [filter.height, filter.width], of: "filter"),
      role: .parameter)

    let activation = try builder.labelled("neuron") { () throws(QuernError) -> Tensor in
      try pictures.reshaped([count, size]).matrixProduct(neuron.reshaped([size, 1]))
        .reshaped([count])
    }
    let response = try builder.labelled("convolution") { () throws(QuernError) -> Tensor in
      let result = try pictures.reshaped([count, picture.height, picture.width, 1]).convolution(
        weights.reshaped([filter.height, filter.width, 1, 1]),
        WindowGeometry(kernel: [filter.height, filter.width]))
      return try result.reshaped([count, result.shape[1], result.shape[2]])
    }
    try builder.output(Self.activationName, activation)
    try builder.output(Self.responseName, response)
    try builder.output(Self.maximumName, response.maximum(over: [1, 2]))
    try builder.output(Self.positionName, response.maximumPosition(over: [1, 2]))
    graph = builder.graph
    self.count = count
    places = (response.shape[1], response.shape[2])
  }
}

/// A rectangle of a grey picture that is looked for.
public struct ShiftPattern: Sendable, Equatable {
  /// Its first row and column in the picture it is from.
  public let row: Int
  public let column: Int
  /// I and J.
  public let height: Int
  public let width: Int
  /// (I, J): what responds with 1 to the pattern itself, and with 0 to an even surface.
  public let weights: [Float]

  /// The smallest rectangle with all that is not background.
  ///
  /// With p the rectangle's values and p̄ their mean, the weights are (p − p̄) / ‖p − p̄‖²: their sum
  /// is 0, and Σ w·p = Σ w·(p − p̄) = 1.
  ///
  /// - Parameters:
  ///   - picture: (H, W), row-major.
  ///   - height: H, rows.
  ///   - width: W, columns.
  ///   - background: the value of an empty picture.
  /// - Throws: `QuernError` where there is nothing but background, or no difference to it.
  public init(in picture: [Float], height: Int, width: Int, background: Float = 0) throws {
    let places = picture.indices.filter { picture[$0] != background }
    let rows = places.map { $0 / max(width, 1) }
    let columns = places.map { $0 % max(width, 1) }
    guard picture.count == height * width, let top = rows.min(), let bottom = rows.max(),
      let left = columns.min(), let right = columns.max()
    else {
      throw QuernError(
        .empty, in: "picture", found: "nothing but background",
        expected: "a picture with something to be found", remedy: "Choose another picture.")
    }
    (row, column) = (top, left)
    (self.height, self.width) = (bottom - top + 1, right - left + 1)
    var values: [Float] = []
    for y in top...bottom { values += picture[y * width + left...y * width + right] }
    let mean = values.reduce(0, +) / Float(values.count)
    let square = values.reduce(Float(0)) { $0 + ($1 - mean) * ($1 - mean) }
    guard square > 0, square.isFinite else {
      throw QuernError(
        .empty, in: "picture", found: "an even rectangle", expected: "a picture with differences",
        remedy: "Choose another picture.")
    }
    weights = values.map { ($0 - mean) / square }
  }

  /// The weights of a neuron for whole pictures: the pattern's at its place, 0 elsewhere.
  public func neuron(height: Int, width: Int) -> [Float] {
    var result = [Float](repeating: 0, count: height * width)
    for y in 0..<self.height {
      for x in 0..<self.width {
        result[(row + y) * width + column + x] = weights[y * self.width + x]
      }
    }
    return result
  }
}

/// Moves pictures by whole pixels.
public enum Shift {
  /// A picture (H, W, C) moved down by `rows` and to the right by `columns`; what leaves the frame
  /// is lost, what comes in is background.
  public static func moved(
    _ picture: [Float], height: Int, width: Int, channels: Int = 1, rows: Int, columns: Int,
    background: Float = 0
  ) -> [Float] {
    var result = [Float](repeating: background, count: picture.count)
    for y in 0..<height where (0..<height).contains(y - rows) {
      for x in 0..<width where (0..<width).contains(x - columns) {
        let (to, from) = ((y * width + x) * channels, ((y - rows) * width + x - columns) * channels)
        for c in 0..<channels { result[to + c] = picture[from + c] }
      }
    }
    return result
  }
}
