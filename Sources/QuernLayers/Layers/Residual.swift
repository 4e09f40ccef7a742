import QuernErrors
import QuernGraph

/// body(a) + shortcut(a) (He et al. 2016); without a shortcut the input itself is added.
///
///     Residual {
///       Conv2D(32, kernel: 3, stride: 2, padding: .explicit(1))
///       ReLU()
///       Conv2D(32, kernel: 3, padding: .same)
///     } shortcut: {
///       Conv2D(32, kernel: 1, stride: 2)
///     }
///
/// Layers of the body are named `residual1.conv1`, those of the shortcut
/// `residual1.shortcut.conv1`.
///
/// - Input: any shape.
/// - Output: what body and shortcut both make.
public struct Residual: Layer {
  public var body: [any Layer]
  /// Layers on the way round the body; empty for none.
  public var shortcut: [any Layer]

  public init(@LayerBuilder _ body: () -> [any Layer]) {
    self.body = body()
    self.shortcut = []
  }

  public init(
    @LayerBuilder _ body: () -> [any Layer], @LayerBuilder shortcut: () -> [any Layer]
  ) {
    self.body = body()
    self.shortcut = shortcut()
  }

  public var kind: String { "Residual" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    guard !body.isEmpty else {
      throw context.error("its body has no layers", remedy: "put layers between the braces")
    }
    let result = try context.apply(body, to: input)
    let around = try context.apply(shortcut, to: input, scope: "shortcut")
    guard result.shape == around.shape else {
      let way = shortcut.isEmpty ? "its input has" : "its shortcut makes"
      let channels =
        result.shape.rank == 4 ? "Conv2D(\(result.shape[3]), kernel: 1, …)" : "Dense(…)"
      throw context.error(
        "its body makes \(result.shape), \(way) \(around.shape)",
        remedy: "give it a shortcut: { \(channels) } that makes the body's shape")
    }
    return try result + around
  }
}
