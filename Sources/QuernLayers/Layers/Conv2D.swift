import QuernErrors
import QuernGraph

/// A convolution: out(n, y, x, t) = Σᵢ Σⱼ Σ_c in(n, s·y + d·i − p, s·x + d·j − p, c) ·
/// weight(i, j, c, t) + bias(t), with stride s, dilation d and padding p.
///
/// An extent is written `3` for a square, `Extent2D(k)` where `k` is a variable, and
/// `Extent2D(height: 3, width: 5)` for a rectangle.
///
/// - Input: pictures (N, H, W, C).
/// - Output: (N, Y, X, T).
/// - Parameters: `weight` (I, J, C / groups, T), `bias` (T).
public struct Conv2D: Layer {
  /// T, channels of the output.
  public var filters: Int
  /// I and J, rows and columns of a filter.
  public var kernel: Extent2D
  /// Positions a filter moves on: 2 halves height and width.
  public var stride: Extent2D
  public var padding: Padding
  /// Positions between neighbouring taps; 1 where they are adjacent.
  public var dilation: Extent2D
  /// Channels and filters are cut into so many groups that do not see each other.
  public var groups: Int
  /// Leave the bias out before a normalisation, whose shift does its work.
  public var useBias: Bool
  public var weightInitialiser: Initialiser
  public var biasInitialiser: Initialiser

  public init(
    _ filters: Int, kernel: Extent2D, stride: Extent2D = 1, padding: Padding = .valid,
    dilation: Extent2D = 1, groups: Int = 1, useBias: Bool = true,
    weightInitialiser: Initialiser = .heNormal, biasInitialiser: Initialiser = .zeros
  ) {
    self.filters = filters
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.useBias = useBias
    self.weightInitialiser = weightInitialiser
    self.biasInitialiser = biasInitialiser
  }

  public var kind: String { "Conv2D" }
  public var stem: String { "conv" }
  public var settings: String {
    padding.settings(kernel: kernel, stride: stride, dilation: dilation)
  }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.check("filters", filters)
    try context.checkPicture(input)
    let channels = input.shape[3]
    guard groups >= 1, channels % groups == 0, filters % groups == 0 else {
      throw context.error(
        "\(groups) groups do not divide \(channels) input channels and \(filters) filters",
        remedy: "choose groups that divide both")
    }
    let geometry = try padding.geometry(
      kernel: kernel, stride: stride, dilation: dilation, picture: input.shape)
    _ = try geometry.outputExtents(picture: [input.shape[1], input.shape[2]], of: context.path)
    let taps = kernel.height * kernel.width
    let (fanIn, fanOut) = (taps * (channels / groups), taps * (filters / groups))
    let weight = try context.parameter(
      "weight", [kernel.height, kernel.width, channels / groups, filters],
      initialiser: weightInitialiser, fanIn: fanIn, fanOut: fanOut)
    let sums = try input.convolution(weight, geometry, groups: groups)
    if !useBias { return sums }
    let bias = try context.parameter(
      "bias", [filters], role: .bias, initialiser: biasInitialiser, fanIn: fanIn, fanOut: fanOut)
    return try sums + bias
  }
}
