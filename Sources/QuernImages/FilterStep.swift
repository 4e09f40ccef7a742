import QuernErrors
import QuernGraph

/// A filter as a graph for pictures of one size: the lecture's
///
///     Im_out(x, y) = Σᵢ Σⱼ K(i, j) · Im_in(x + i, y + j),   −d ≤ i, j ≤ d,
///
/// for each channel by itself; x counts rows, y columns. (The kernel is not turned round, as it is
/// in what mathematicians call convolution.)
public struct FilterStep: Sendable {
  /// What lies around the picture.
  public enum Border: String, Sendable, Hashable, CaseIterable, Codable {
    /// The nearest pixel of the picture.
    case replicate
    /// Zeros: black.
    case zero
  }

  /// Data input: the picture with what lies around it, (H + 2m, (W + 2m)·C); see ``margin``.
  public static let pictureName = "picture"
  /// Output: the filtered picture, (H, W·C).
  public static let resultName = "filtered"

  public let graph: Graph
  public let filter: PictureFilter
  public let height: Int
  public let width: Int
  public let channels: Int
  /// m, pixels that ``load(_:into:)`` puts around the picture: as far as kernels reach where pixels
  /// are repeated; none for zeros, which is what a graph reads outside a tensor anyway.
  public let margin: Int

  /// - Throws: `QuernError` where there is no such graph, as for extents below 1.
  public init(
    _ filter: PictureFilter, height: Int, width: Int, channels: Int, border: Border = .replicate
  ) throws(QuernError) {
    let builder = GraphBuilder()
    let margin = border == .replicate ? filter.kernels.map(\.reach).max() ?? 0 : 0
    let row = try Shape(checking: [height, width * channels], of: "picture")
    // A row lies as W·C numbers, so that the next column is C further: the sum over j then runs
    // along the memory for grey and colour alike, and what lies outside a row is outside its picture
    // in every channel.
    let picture = try builder.input(
      Self.pictureName,
      Shape(
        checking: [height + 2 * margin, (width + 2 * margin) * channels], of: "picture"))
    var results: [Tensor] = []
    for (number, kernel) in filter.kernels.enumerated() {
      let weights = try builder.input(
        Self.kernelName(number), [kernel.size, kernel.size], role: .parameter)
      results.append(
        try builder.labelled(filter.name) { () throws(QuernError) -> Tensor in
          try Self.convolution(
            picture, weights, row: row, channels: channels, before: kernel.reach - margin)
        })
    }
    var result = results[0]
    if results.count == 2 {
      result = try (results[0] * results[0] + results[1] * results[1]).squareRoot()
    }
    try builder.output(Self.resultName, result)
    graph = builder.graph
    self.filter = filter
    self.height = height
    self.width = width
    self.channels = channels
    self.margin = margin
  }

  private static func kernelName(_ number: Int) -> String { "kernel\(number + 1)" }

  private static func convolution(
    _ picture: Tensor, _ kernel: Tensor, row: Shape, channels: Int, before: Int
  ) throws(QuernError) -> Tensor {
    let axes = [
      Axis("y", row[0]), Axis("x", row[1]), Axis("i", kernel.shape[0]), Axis("j", kernel.shape[1]),
    ]
    return try picture.builder.contraction(
      Contraction(
        axes: axes, outputRank: 2,
        factors: [
          .init([
            AffineExpression([(0, 1), (2, 1)], offset: -before),
            AffineExpression([(1, 1), (3, channels)], offset: -before * channels),
          ]),
          .init([.axis(2), .axis(3)]),
        ]),
      [picture, kernel])
  }

  /// Writes the picture and the kernels.
  ///
  /// - Throws: `QuernError` where the picture is of another size.
  public func load(_ picture: Picture, into executable: any Executable) throws {
    guard [picture.height, picture.width, picture.channels] == [height, width, channels] else {
      throw QuernError(
        .countMismatch, in: "picture",
        found: "\(picture.height)×\(picture.width)×\(picture.channels)",
        expected: "\(height)×\(width)×\(channels), for which the filter was made")
    }
    try executable.write(
      Self.pictureName, margin == 0 ? picture.values : widened(picture))
    for (number, kernel) in filter.kernels.enumerated() {
      try executable.write(Self.kernelName(number), kernel.values)
    }
  }

  /// The picture with `margin` more pixels on every side, each a copy of the nearest there is.
  private func widened(_ picture: Picture) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity((height + 2 * margin) * (width + 2 * margin) * channels)
    for row in -margin..<height + margin {
      let nearest = min(max(row, 0), height - 1)
      let (first, last) = (picture[nearest, 0], picture[nearest, width - 1])
      for _ in 0..<margin { result += first }
      result += picture.values[nearest * width * channels..<(nearest + 1) * width * channels]
      for _ in 0..<margin { result += last }
    }
    return result
  }

  /// What the last run made, (H, W, C), row-major: numbers of any size and sign.
  public func result(of executable: any Executable) throws -> [Float] {
    try executable.floats(Self.resultName)
  }
}
