import Quern

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a neuron and a filter make of shifted copies of one picture.
struct ShiftExperiment {
  enum Direction: String, CaseIterable, Codable {
    case horizontal, vertical, diagonal

    /// Rows and columns for a shift by one.
    var step: (rows: Int, columns: Int) {
      switch self {
      case .horizontal: (0, 1)
      case .vertical: (1, 0)
      case .diagonal: (1, 1)
      }
    }
  }

  /// A value for each shift.
  struct Response {
    /// For people: what responds.
    var title: String
    var values: [Float]
    /// For a filter: where the largest value lies, a row and a column for each shift.
    var places: [(row: Int, column: Int)] = []
    /// For a filter: all responses, (Y, X), for each shift.
    var maps: [[Float]] = []
    var mapHeight = 0
    var mapWidth = 0
  }

  /// H, W and C.
  let height: Int
  let width: Int
  let channels: Int
  /// The value of an empty picture.
  let background: Float
  /// The picture (H, W, C) as it is, for each shift moved.
  let pictures: [[Float]]
  /// Pixels, ascending; 0 is among them.
  let shifts: [Int]
  /// Where 0 is among the shifts.
  var origin: Int { shifts.count / 2 }

  init(
    _ picture: [Float], height: Int, width: Int, channels: Int, background: Float, reach: Int,
    direction: Direction
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    self.background = background
    shifts = Array(-reach...reach)
    pictures = shifts.map { shift in
      Shift.moved(
        picture, height: height, width: width, channels: channels,
        rows: shift * direction.step.rows, columns: shift * direction.step.columns,
        background: background)
    }
  }

  /// The pictures with their channels' mean, (H, W).
  var grey: [[Float]] {
    if channels == 1 { return pictures }
    return pictures.map { picture in
      stride(from: 0, to: picture.count, by: channels).map { start in
        picture[start..<start + channels].reduce(0, +) / Float(channels)
      }
    }
  }

  // MARK: The picture itself as weights

  func template(_ options: ExecutionOptions) throws -> (neuron: Response, filter: Response) {
    let grey = grey
    let pattern = try ShiftPattern(
      in: grey[origin], height: height, width: width, background: background)
    let step = try ShiftStep(
      count: shifts.count, picture: (height, width), filter: (pattern.height, pattern.width))
    let executable = try options.makeExecutable(step.graph)
    try executable.write(ShiftStep.picturesName, grey.flatMap { $0 })
    try executable.write(ShiftStep.neuronName, pattern.neuron(height: height, width: width))
    try executable.write(ShiftStep.filterName, pattern.weights)
    try executable.run()
    let neuron = Response(
      title: "fully connected, \(height)×\(width) weights: the picture itself, at its place",
      values: try executable.floats(ShiftStep.activationName))
    let filter = Response(
      title: "convolution, \(pattern.height)×\(pattern.width) weights: the same, at every place",
      values: try executable.floats(ShiftStep.maximumName),
      places: try executable.integers(ShiftStep.positionName).map {
        (Int($0) / step.places.width, Int($0) % step.places.width)
      },
      maps: try rows(executable.floats(ShiftStep.responseName), count: shifts.count),
      mapHeight: step.places.height, mapWidth: step.places.width)
    return (neuron, filter)
  }

  // MARK: Weights that were learnt

  /// The first layer's response in a trained network, and what the network takes the pictures for.
  struct Trained {
    var isConvolution: Bool
    var response: Response
    var predictions: [(label: Int, probability: Double)]
  }

  /// - Parameter unit: the neuron or filter; nil means the one that responds most at no shift.
  func trained(
    _ network: Network, _ weights: Weights, unit: Int?, _ options: ExecutionOptions
  ) throws -> Trained {
    let builder = GraphBuilder()
    let built = try network.build(batch: shifts.count, mode: .inference, in: builder)
    let layer = try WeightLayer.find(nil, in: built)
    let output = builder.tensor(layer.output)
    let count = layer.shape[3]
    if let unit, !(0..<count).contains(unit) {
      throw Failure(
        "--unit \(unit): \(layer.parameter.layer) has \(count); give a number of 0 … \(count - 1)")
    }
    try builder.output("quern.look.logits", built.output)
    try builder.output("quern.look.response", output)
    if layer.isConvolution {
      try builder.output("quern.look.maximum", output.maximum(over: [1, 2]))
      try builder.output("quern.look.position", output.maximumPosition(over: [1, 2]))
    }
    let executable = try options.makeExecutable(builder.graph)
    try network.initialWeights(seed: 1).copy(to: executable)
    try weights.copy(to: executable)
    try executable.write(Network.inputName, pictures.flatMap { $0 })
    try executable.run()

    let all = try executable.floats("quern.look.response")
    let values = layer.isConvolution ? try executable.floats("quern.look.maximum") : all
    let start = origin * count
    let unit = unit ?? (0..<count).max { values[start + $0] < values[start + $1] } ?? 0
    let extents = layer.shape.prefix(3).map(String.init).joined(separator: "×")
    let name = layer.isConvolution ? "filter" : "neuron"
    var response = Response(
      title: "\(layer.parameter.layer), \(name) \(unit) of \(count), \(extents) weights",
      values: shifts.indices.map { values[$0 * count + unit] })
    if layer.isConvolution {
      let positions = try executable.integers("quern.look.position")
      (response.mapHeight, response.mapWidth) = (output.shape[1], output.shape[2])
      response.places = shifts.indices.map {
        let position = Int(positions[$0 * count + unit])
        return (position / response.mapWidth, position % response.mapWidth)
      }
      let size = response.mapHeight * response.mapWidth
      response.maps = shifts.indices.map { number in
        (0..<size).map { all[(number * size + $0) * count + unit] }
      }
    }
    return Trained(
      isConvolution: layer.isConvolution, response: response,
      predictions: try predictions(executable.floats("quern.look.logits")))
  }

  private func predictions(_ logits: [Float]) throws -> [(label: Int, probability: Double)] {
    rows(logits, count: shifts.count).map { row in
      let largest = row.max() ?? 0
      let sum = row.reduce(0.0) { $0 + exp(Double($1 - largest)) }
      return (row.firstIndex(of: largest) ?? 0, 1 / max(sum, 1))
    }
  }

  private func rows(_ values: [Float], count: Int) -> [[Float]] {
    let size = values.count / max(count, 1)
    return (0..<count).map { Array(values[$0 * size..<($0 + 1) * size]) }
  }

  // MARK: Pictures

  /// The shifted pictures above the filter's responses, in the same places.
  func sheet(_ filter: Response, shown: [Int], magnification: Int, gap: Int) throws -> Picture {
    let grey = grey
    let range = grey[origin].reduce((background, background)) { (min($0.0, $1), max($0.1, $1)) }
    let span = range.1 > range.0 ? range.1 - range.0 : 1
    let above = try shown.map { number in
      try Picture(
        height: height, width: width, channels: 1,
        values: grey[number].map { ($0 - range.0) / span })
    }
    let magnitude = DivergingColours.largestMagnitude(filter.maps.joined())
    let below = try shown.map { number in
      try DivergingColours.picture(
        framed(filter.maps[number], filter), height: height, width: width, magnitude: magnitude)
    }
    return try Montage(columns: shown.count, magnification: magnification, gap: gap)
      .sheet(above + below)
  }

  /// A map of responses in a frame of the picture's size: each lies at the middle of what it is a
  /// response to. A map that is coarser, by a stride, is put into the corner.
  private func framed(_ map: [Float], _ filter: Response) -> [Float] {
    var result = [Float](repeating: 0, count: height * width)
    let top = max((height - filter.mapHeight) / 2, 0)
    let left = max((width - filter.mapWidth) / 2, 0)
    for y in 0..<min(filter.mapHeight, height) {
      for x in 0..<min(filter.mapWidth, width) {
        result[(top + y) * width + left + x] = map[y * filter.mapWidth + x]
      }
    }
    return result
  }
}
