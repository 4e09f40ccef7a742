/// What is done to a picture: one kernel is moved over it, or two whose results are taken for the
/// sides of a right triangle: sqrt(a² + b²), as for the slope from its two components.
public struct PictureFilter: Sendable, Hashable {
  public let name: String
  /// What it does, in a few words.
  public let purpose: String
  /// One or two.
  public let kernels: [FilterKernel]

  public init(_ name: String, _ kernel: FilterKernel, purpose: String = "") {
    self.init(name, purpose, [kernel])
  }

  private init(_ name: String, _ purpose: String, _ kernels: [FilterKernel]) {
    self.name = name
    self.purpose = purpose
    self.kernels = kernels
  }

  /// The largest magnitude that the filter is sure not to exceed on pictures of values 0 … 1.
  public var largestResponse: Double {
    kernels.map(\.largestResponse).reduce(0) { ($0 * $0 + $1 * $1).squareRoot() }
  }

  /// Whether results can be negative for pictures of values 0 … 1.
  public var isSigned: Bool { kernels.count == 1 && kernels[0].values.contains { $0 < 0 } }

  /// The filters that have names. Sobel's are divided by 4, so that an edge from black to white gives
  /// exactly 1.
  public static let all: [PictureFilter] = [
    PictureFilter("identity", "the picture itself", [.init(known: [0, 0, 0, 0, 1, 0, 0, 0, 0])]),
    PictureFilter("box3", "blur: the mean of 3×3", [box(3)]),
    PictureFilter("box5", "blur: the mean of 5×5", [box(5)]),
    PictureFilter("gaussian3", "blur that weighs the centre more", [binomial([1, 2, 1])]),
    PictureFilter("gaussian5", "the same, wider", [binomial([1, 4, 6, 4, 1])]),
    PictureFilter(
      "sharpen", "differences to the neighbours enlarged",
      [.init(known: [0, -1, 0, -1, 5, -1, 0, -1, 0])]),
    PictureFilter("sobel", "edges: the size of the gradient", [sobelX, sobelY]),
    PictureFilter("sobel-x", "edges from left to right: dark to bright", [sobelX]),
    PictureFilter("sobel-y", "edges from top to bottom: dark to bright", [sobelY]),
    PictureFilter(
      "laplace", "second derivatives: spots and lines",
      [.init(known: [0, 1, 0, 1, -4, 1, 0, 1, 0])]),
    PictureFilter(
      "outline", "what differs from all its neighbours",
      [.init(known: [-1, -1, -1, -1, 8, -1, -1, -1, -1])]),
    PictureFilter(
      "emboss", "a relief, lit from the upper left",
      [.init(known: [-2, -1, 0, -1, 1, 1, 0, 1, 2])]),
  ]

  private static func box(_ size: Int) -> FilterKernel {
    FilterKernel(
      known: [Double](repeating: 1, count: size * size), divisor: Double(size * size))
  }

  private static func binomial(_ row: [Double]) -> FilterKernel {
    let sum = row.reduce(0, +)
    return FilterKernel(known: row.flatMap { a in row.map { a * $0 } }, divisor: sum * sum)
  }

  private static let sobelX = FilterKernel(known: [-1, 0, 1, -2, 0, 2, -1, 0, 1], divisor: 4)
  private static let sobelY = FilterKernel(known: [-1, -2, -1, 0, 0, 0, 1, 2, 1], divisor: 4)
}
