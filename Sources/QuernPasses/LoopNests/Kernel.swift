import QuernGraph

/// One native function: a part of the graph that is computed in one go.
///
/// A kernel computes, for every position of its output axes, at most one reduction, and then
/// elementwise ops on the result while it is still in registers: its epilogue.
public struct Kernel: Sendable {
  /// Unique in the program, and a C identifier: `conv1_contraction`.
  public var name: String
  /// Those of the nodes that it computes, and of what it reads in another shape or as a constant.
  public var origins: Origins
  /// The nodes computed here, in order.
  public var nodes: [NodeID]
  /// Nodes that are computed here too, wherever else they are, in order.
  public var inlined: [NodeID]
  /// Parts of the output that are computed alike; together they cover it, no two overlap. More than
  /// one arises from strides: each residue class of the positions reads its own filter elements.
  public var nests: [TensorNest]

  public init(
    name: String, origins: Origins, nodes: [NodeID], inlined: [NodeID] = [], nests: [TensorNest]
  ) {
    self.name = name
    self.origins = origins
    self.nodes = nodes
    self.inlined = inlined
    self.nests = nests
  }

  /// The layer or stage that it is named by; "" where there is none.
  public var label: String { origins.label }

  /// Multiply-adds of the kernel's contractions of two factors.
  public var multiplyAdds: Int {
    nests.reduce(0) { sum, nest in
      nest.reduction == .sum && nest.factors.count == 2
        && nest.factors.allSatisfy { $0.match == nil }
        ? sum + nest.axes.reduce(1) { $0 * $1.extent } : sum
    }
  }
}
