import QuernErrors
import QuernGraph

/// What several branches make of one input, side by side in the last dimension.
///
///     Concat {
///       Conv2D(16, kernel: 1)
///       Sequential {
///         Conv2D(8, kernel: 1)
///         Conv2D(16, kernel: 3, padding: .same)
///       }
///     }
///
/// Each layer between the braces is a branch; a branch of several layers is a ``Sequential``, a
/// branch that passes the input on is a `Sequential {}`.
///
/// - Input: (N, …, C).
/// - Output: (N, …, C₁ + C₂ + …).
public struct Concat: Layer {
  public var branches: [any Layer]

  public init(@LayerBuilder _ branches: () -> [any Layer]) { self.branches = branches() }

  public var kind: String { "Concat" }

  public func apply(to input: Tensor, in context: LayerContext) throws(QuernError) -> Tensor {
    var results: [Tensor] = []
    for branch in branches { results.append(try context.apply(branch, to: input)) }
    guard let first = results.first, first.shape.rank >= 2 else {
      throw context.error("it has no branches", remedy: "put layers between the braces")
    }
    guard results.allSatisfy({ $0.shape.extents.dropLast() == first.shape.extents.dropLast() })
    else {
      let shapes = results.map(\.shape.description).joined(separator: ", ")
      throw context.error(
        "its branches make \(shapes)",
        remedy: "let them differ in the last dimension only, by the same strides and padding")
    }
    return try context.builder.concatenate(results, along: first.shape.rank - 1)
  }
}
