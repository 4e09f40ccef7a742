import QuernErrors
import QuernGraph

/// A convolution of each channel with filters of its own.
///
/// An extent is written `3` for a square, `Extent2D(k)` where `k` is a variable, and
/// `Extent2D(height: 3, width: 5)` for a rectangle.
///
/// - Input: pictures (N, H, W, C).
/// - Output: (N, Y, X, C · multiplier); channel c makes c · multiplier ..< (c + 1) · multiplier.
/// - Parameters: `weight` (I, J, 1, C · multiplier), `bias` (C · multiplier).
public struct DepthwiseConv2D: Layer {
  /// I and J, rows and columns of a filter.
  public var kernel: Extent2D
  /// Filters a channel.
  public var multiplier: Int
  /// Positions a filter moves on.
  public var stride: Extent2D
  public var padding: Padding
  /// Positions between neighbouring taps; 1 where they are adjacent.
  public var dilation: Extent2D
  public var useBias: Bool
  public var weightInitialiser: Initialiser
  public var biasInitialiser: Initialiser

  public init(
    kernel: Extent2D, multiplier: Int = 1, stride: Extent2D = 1, padding: Padding = .valid,
    dilation: Extent2D = 1, useBias: Bool = true, weightInitialiser: Initialiser = .heNormal,
    biasInitialiser: Initialiser = .zeros
  ) {
    self.kernel = kernel
    self.multiplier = multiplier
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.useBias = useBias
    self.weightInitialiser = weightInitialiser
    self.biasInitialiser = biasInitialiser
  }

  public var kind: String { "DepthwiseConv2D" }
  public var stem: String { "depthwise" }
  public var settings: String {
    padding.settings(kernel: kernel, stride: stride, dilation: dilation)
  }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.check("filters a channel", multiplier)
    try context.checkPicture(input)
    let channels = input.shape[3]
    let (filters, overflow) = channels.multipliedReportingOverflow(by: multiplier)
    guard !overflow else {
      throw context.error(
        "\(channels) channels times \(multiplier) filters are too many",
        remedy: "choose a smaller multiplier")
    }
    // A convolution with a group a channel.
    return try Conv2D(
      filters, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: channels, useBias: useBias, weightInitialiser: weightInitialiser,
      biasInitialiser: biasInitialiser
    ).apply(to: input, in: context)
  }
}
