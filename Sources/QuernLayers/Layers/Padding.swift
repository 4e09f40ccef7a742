import QuernGraph

/// Zeros around a picture before a window moves over it.
public enum Padding: Sendable, Hashable {
  /// None: the output is smaller by the kernel's reach.
  case valid
  /// As much as gives ⌈extent / stride⌉ outputs; where the sum is odd the extra zero goes after, as
  /// in TensorFlow (and in PyTorch for stride 1).
  case same
  /// So many on each side, before and after, as PyTorch's `padding=`.
  case explicit(Extent2D)
  /// Different numbers before (top, left) and after (bottom, right).
  case sides(before: Extent2D, after: Extent2D)

  func geometry(
    kernel: Extent2D, stride: Extent2D, dilation: Extent2D, picture: Shape
  ) throws(GraphError) -> WindowGeometry {
    // Before any arithmetic, so that no number overflows.
    for (name, extent) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
      guard extent.values.allSatisfy({ $0 >= 1 && $0 < 1 << 20 }) else {
        throw GraphError(
          "", "\(name) is \(extent.height)×\(extent.width)",
          mend: "give height and width of at least 1 and below \(1 << 20)")
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
  /// - Throws: `GraphError` unless the input holds pictures (N, H, W, C).
  func checkPicture(_ input: Tensor) throws(GraphError) {
    guard input.shape.rank == 4 else {
      throw error(
        "its input has shape \(input.shape), not (N, H, W, C)",
        mend: "put it before Flatten(), and give the network input: .picture(…)")
    }
  }

  /// - Throws: `GraphError` unless the input has a batch and at least one more dimension.
  func checkFeatures(_ input: Tensor) throws(GraphError) {
    guard input.shape.rank >= 2 else {
      throw error(
        "its input has shape \(input.shape), not (N, …, C)",
        mend: "keep the batch and at least one more dimension")
    }
  }

  func check(_ name: String, _ count: Int) throws(GraphError) {
    guard count >= 1 else {
      throw error("it has \(count) \(name)", mend: "give it at least 1")
    }
  }
}
