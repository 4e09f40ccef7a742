import QuernErrors
import QuernExecution
import QuernGraph

/// A filter laid over a part of a picture of its own size: Σᵢ Σⱼ K(i, j) · Im(i, j), computed by a
/// compiled convolution.
public struct ConvolutionExample: Sendable, Hashable, Encodable {
  /// Rows of pixels.
  public var picture: [[Float]]
  /// Rows of as many taps.
  public var filter: [[Float]]
  /// What the kernel made of them.
  public var value: Float

  /// The products, row by row: their sum is the value.
  public var products: [Float] {
    zip(picture, filter).flatMap { zip($0, $1).map { $0 * $1 } }
  }

  /// The lecture's pictures, each 2×2.
  public static let lecturePictures: [[[Float]]] = [
    [[1, 1], [1, 1]], [[1, 2], [3, 0]], [[0, 2], [3, 0]], [[3, 0], [0, 3]], [[5, 0], [0, 5]],
  ]
  /// The lecture's filter: a pattern from the upper left to the lower right.
  public static let lectureFilter: [[Float]] = [[1, 0], [0, 1]]

  /// One example for each picture, by one convolution of the pictures as a batch.
  ///
  /// - Throws: `QuernError` where rows differ in length, or a picture from the filter in size; what
  ///   compiling throws.
  public static func examples(
    _ pictures: [[[Float]]], filter: [[Float]], _ options: ExecutionOptions
  ) throws -> [Self] {
    let (height, width) = try extents(filter, "filter")
    for picture in pictures {
      guard try extents(picture, "picture") == (height, width) else {
        throw QuernError(
          "picture", "it is \(picture.count)×\(picture[0].count), the filter \(height)×\(width)",
          remedy: "make both of one size")
      }
    }
    guard !pictures.isEmpty else { return [] }
    let builder = GraphBuilder()
    let input = try builder.input("picture", [pictures.count, height, width, 1])
    let taps = try builder.input("filter", [height, width, 1, 1], role: .parameter)
    let result = try builder.labelled("convolution") { () throws(QuernError) in
      try input.convolution(taps, WindowGeometry(kernel: [height, width]))
    }
    try builder.output("value", result)
    let executable = try options.makeExecutable(builder.graph)
    try executable.write("picture", pictures.flatMap { $0.flatMap { $0 } })
    try executable.write("filter", filter.flatMap { $0 })
    try executable.run()
    return try zip(pictures, executable.floats("value")).map {
      Self(picture: $0, filter: filter, value: $1)
    }
  }

  private static func extents(
    _ rows: [[Float]], _ subject: String
  ) throws(QuernError) -> (Int, Int) {
    guard let width = rows.first?.count, width > 0 else {
      throw QuernError(subject, "it has no values", remedy: "give rows of numbers, such as 1,0/0,1")
    }
    guard let ragged = rows.first(where: { $0.count != width }) else { return (rows.count, width) }
    throw QuernError(
      subject, "one row has \(width) values, another \(ragged.count)",
      remedy: "give every row as many values")
  }
}

/// The lecture's three formulas of convolution, as graphs.
public struct ConvolutionFormula: Sendable {
  /// What it says: `one channel`.
  public var title: String
  /// As the lecture writes it.
  public var formula: String
  /// A batch of one picture through the convolution.
  public var graph: Graph

  /// One channel; C channels; C channels and T filters.
  ///
  /// - Parameters:
  ///   - size: height and width of the picture.
  ///   - radius: d; filters have 2d + 1 rows and columns.
  ///   - channels: C.
  ///   - filters: T.
  /// - Throws: `QuernError` where a number is not positive, or the filter is larger than the picture.
  public static func lecture(
    size: Int, radius: Int, channels: Int, filters: Int
  ) throws(QuernError) -> [Self] {
    guard 0...512 ~= radius else {
      throw QuernError("radius", "d is \(radius)", remedy: "give a number from 0 to 512")
    }
    let sum = "Σᵢ₌₋d..d Σⱼ₌₋d..d"
    return [
      Self(
        title: "one channel", formula: "Im_out(x, y) = \(sum) K(i, j) · Im_in(x + i, y + j)",
        graph: try graph(size, radius, 1, 1)),
      Self(
        title: "C = \(channels) channels",
        formula: "Im_out(x, y) = \(sum) Σ_c K(i, j, c) · Im_in(x + i, y + j, c)",
        graph: try graph(size, radius, channels, 1)),
      Self(
        title: "C = \(channels) channels, T = \(filters) filters",
        formula: "Im_out(x, y, t) = \(sum) Σ_c K_t(i, j, c) · Im_in(x + i, y + j, c)",
        graph: try graph(size, radius, channels, filters)),
    ]
  }

  private static func graph(
    _ size: Int, _ radius: Int, _ channels: Int, _ filters: Int
  ) throws(QuernError) -> Graph {
    let builder = GraphBuilder()
    let kernel = 2 * radius + 1
    let input = try builder.input(
      "Im_in", Shape(checking: [1, size, size, channels], of: "picture"))
    let taps = try builder.input(
      "K", Shape(checking: [kernel, kernel, channels, filters], of: "filters"), role: .parameter)
    let result = try builder.labelled("convolution") { () throws(QuernError) in
      try input.convolution(
        taps,
        WindowGeometry(
          kernel: [kernel, kernel], paddingBefore: [radius, radius],
          paddingAfter: [radius, radius]))
    }
    try builder.output("Im_out", result)
    return builder.graph
  }
}
