import QuernErrors
import QuernGraph

/// Zeros around a picture before a window moves over it.
public enum Padding: Sendable, Hashable, CustomStringConvertible {
  /// None: the output is smaller by the kernel's reach.
  case valid
  /// As much as gives ⌈extent / stride⌉ outputs; where the sum is odd the extra zero goes after, as
  /// in TensorFlow (and in PyTorch for stride 1).
  case same
  /// So many on each side, before and after, as PyTorch's `padding=`.
  case explicit(Extent2D)
  /// Different numbers before (top, left) and after (bottom, right).
  case sides(before: Extent2D, after: Extent2D)

  public var description: String {
    switch self {
    case .valid: "no padding"
    case .same: "padding as wide as the stride asks"
    case .explicit(let extent): "padding \(extent)"
    case .sides(let before, let after): "padding \(before) before, \(after) after"
    }
  }

  /// See ``Layer/settings``: what neither the weights' shape nor the outputs' tells of a convolution.
  /// With a stride, padding of half the kernel is usual.
  func settings(kernel: Extent2D, stride: Extent2D, dilation: Extent2D) -> String {
    var parts: [String] = []
    if dilation != 1 { parts.append("dilation \(dilation)") }
    let half = Extent2D(height: (kernel.height - 1) / 2, width: (kernel.width - 1) / 2)
    let isUsual =
      switch self {
      case .valid: stride == 1 || half == 0
      case .same: stride == 1
      case .explicit(let extent): stride == 1 || half == extent
      case .sides(let before, let after): before == after && (stride == 1 || half == before)
      }
    if !isUsual { parts.append("\(self)") }
    return parts.joined(separator: ", ")
  }

  /// The same of a pool: windows of 2×2 side by side are usual.
  func settings(pool kernel: Extent2D, stride: Extent2D) -> String {
    if kernel == 2, stride == 2, self == .valid { return "" }
    return "kernel \(kernel), stride \(stride), \(self)"
  }

  func geometry(
    kernel: Extent2D, stride: Extent2D, dilation: Extent2D, picture: Shape
  ) throws(QuernError) -> WindowGeometry {
    // Before any arithmetic, so that no number overflows.
    for (name, extent) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
      guard extent.values.allSatisfy({ $0 >= 1 && $0 < 1 << 20 }) else {
        throw QuernError(
          "", "\(name) is \(extent.height)×\(extent.width)",
          remedy: "give height and width of at least 1 and below \(1 << 20)")
      }
    }
    var geometry = WindowGeometry(
      kernel: kernel.values, strides: stride.values, dilations: dilation.values)
    switch self {
    case .valid: break
    case .same:
      geometry = .same(
        kernel: kernel.values, strides: stride.values, dilations: dilation.values,
        picture: [picture[1], picture[2]])
    case .explicit(let extent):
      geometry.paddingBefore = extent.values
      geometry.paddingAfter = extent.values
    case .sides(let before, let after):
      geometry.paddingBefore = before.values
      geometry.paddingAfter = after.values
    }
    return geometry
  }
}

extension LayerContext {
  /// - Throws: `QuernError` unless the input holds pictures (N, H, W, C).
  func checkPicture(_ input: Tensor) throws(QuernError) {
    guard input.shape.rank == 4 else {
      throw error(
        "its input has shape \(input.shape), not (N, H, W, C)",
        remedy: "put it before Flatten(), and give the network input: .picture(…)")
    }
  }

  /// - Throws: `QuernError` unless the input has a batch and at least one more dimension.
  func checkFeatures(_ input: Tensor) throws(QuernError) {
    guard input.shape.rank >= 2 else {
      throw error(
        "its input has shape \(input.shape), not (N, …, C)",
        remedy: "keep the batch and at least one more dimension")
    }
  }

  func check(_ name: String, _ count: Int) throws(QuernError) {
    guard count >= 1 else {
      throw error("it has \(count) \(name)", remedy: "give it at least 1")
    }
  }
}
