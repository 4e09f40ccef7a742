import QuernErrors
import QuernGraph

/// The mean of each window; padding counts as zeros, as in PyTorch by default.
///
/// An extent is written `3` for a square, `Extent2D(k)` where `k` is a variable, and
/// `Extent2D(height: 3, width: 5)` for a rectangle.
///
/// - Input: pictures (N, H, W, C).
/// - Output: (N, Y, X, C).
public struct AveragePool: Layer {
  public var kernel: Extent2D
  public var stride: Extent2D
  public var padding: Padding

  /// - Parameters:
  ///   - kernel: the window's height and width.
  ///   - stride: the kernel's size where it is nil, so that windows do not overlap.
  ///   - padding: positions around the picture.
  public init(_ kernel: Extent2D, stride: Extent2D? = nil, padding: Padding = .valid) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
  }

  public var kind: String { "AveragePool" }
  public var settings: String { padding.settings(pool: kernel, stride: stride) }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    try context.checkPicture(input)
    return try input.averagePooling(
      padding.geometry(kernel: kernel, stride: stride, dilation: 1, picture: input.shape))
  }
}
