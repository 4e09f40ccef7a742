/// A loop axis of a contraction: the name people and generated C call it by, and its extent.
public struct Axis: Hashable, Sendable {
  public var name: String
  /// Positions, at least 1.
  public var extent: Int

  public init(_ name: String, _ extent: Int) {
    self.name = name
    self.extent = extent
  }
}

/// The one op that sums products: out[o…] = Σ over reduction axes of Π factors.
///
/// Each factor reads its tensor at an affine expression of the axes a dimension; reads outside the
/// tensor, and at indices that do not exist (see ``AffineExpression``), are zero. The lecture's
/// convolution `Im_out(x,y,t) = Σᵢ Σⱼ Σ_c K_t(i,j,c)·Im_in(x+i,y+j,c)` is one of these, and so are
/// matrix products, sums, and, with a single factor and nothing summed, transposes, slices,
/// broadcasts and padding. The gradient of a contraction is a contraction.
public struct Contraction: Hashable, Sendable {
  /// How one operand enters the product.
  public struct Factor: Hashable, Sendable {
    /// For each dimension of the operand, where it is read.
    public var map: [AffineExpression]
    /// If set, the operand holds `int32`, and the factor is 1 where the value read equals this
    /// expression and 0 elsewhere, and so outside the operand: a one-hot vector that is never stored.
    public var match: AffineExpression?

    public init(_ map: [AffineExpression], match: AffineExpression? = nil) {
      self.map = map
      self.match = match
    }
  }

  /// Output axes first, in the order of the output's dimensions, then reduction axes.
  public var axes: [Axis]
  /// How many of the axes are the output's.
  public var outputRank: Int
  /// One or two, in the order of the node's operands.
  public var factors: [Factor]

  public init(axes: [Axis], outputRank: Int, factors: [Factor]) {
    self.axes = axes
    self.outputRank = outputRank
    self.factors = factors
  }

  /// Of all axes, in their order.
  public var extents: [Int] { axes.map(\.extent) }
  public var outputAxes: ArraySlice<Axis> { axes[..<outputRank] }
  public var reductionAxes: ArraySlice<Axis> { axes[outputRank...] }
  /// The extents of the output's axes.
  public var outputShape: Shape { Shape(outputAxes.map(\.extent)) }
  /// Whether elements are only moved, none are combined.
  public var isMovement: Bool {
    factors.count == 1 && factors[0].match == nil && outputRank == axes.count
  }
  /// Terms of one output element's sum.
  public var reductionCount: Int { reductionAxes.reduce(1) { $0 * $1.extent } }
  /// Multiply-adds of the whole op, those with zeros outside included.
  public var multiplyAdds: Int { axes.reduce(1) { $0 * $1.extent } }
}

/// A maximum over a window: out[o…] = max over reduction axes of the tensor at `map`.
///
/// Positions outside the tensor do not take part; every window must hold at least one position
/// inside. Ties go to the first position in the order of the reduction axes.
public struct Window: Hashable, Sendable {
  /// Output axes first, then reduction axes.
  public var axes: [Axis]
  public var outputRank: Int
  public var map: [AffineExpression]

  public init(axes: [Axis], outputRank: Int, map: [AffineExpression]) {
    self.axes = axes
    self.outputRank = outputRank
    self.map = map
  }

  public var extents: [Int] { axes.map(\.extent) }
  public var outputShape: Shape { Shape(axes[..<outputRank].map(\.extent)) }
  /// A position in the window as one number: row-major over the reduction axes.
  public var linearPosition: AffineExpression {
    var terms: [(axis: Int, coefficient: Int)] = []
    var stride = 1
    for axis in axes.indices.reversed() where axis >= outputRank {
      terms.append((axis, stride))
      stride *= axes[axis].extent
    }
    return AffineExpression(terms)
  }
}
