/// A linear map of square tiles, the same along both of their sides:
/// out[output(x…, u, v)] = Σₐ Σᵦ M(u, a) · M(v, b) · in[input(x…, a, b)], that is M·tile·Mᵀ.
///
/// The x… are the positions of the tiles and whatever else the map does not mix, channels above all.
/// Passes make these ops, as the transforms of fast convolution algorithms: a few constants for each
/// row of M, applied in registers. Reads outside the operand are zero; what falls outside the
/// result is dropped. Each element of the result must be written by just one position.
public struct TileTransform: Hashable, Sendable {
  /// What happens to the values of a tile besides M·tile·Mᵀ.
  public enum Mixing: Hashable, Sendable {
    case none
    /// What M·tile·Mᵀ gives is mixed; the result has one index p instead of u and v.
    case after(PairMixing)
    /// The transposed: the operand has an index p, and the sums of what each p is a part of are the tile.
    case before(PairMixing)
  }

  /// What a transform is for. Equal nodes are computed once, but tiles of the forward pass are not kept for the
  /// gradient: computing them again takes less time than writing and reading all of a batch's.
  public enum Stage: Hashable, Sendable {
    case forward, gradient
  }

  /// Positions and channels; the last is the one whose neighbours lie side by side.
  public var axes: [Axis]
  /// M by rows: (side of a tile afterwards, side of a tile before).
  public var matrix: [[Double]]
  /// What the matrix is called where the graph is printed, such as `Bᵀ of F(6, 3)`; none for one without a
  /// name, which is printed in full.
  public var matrixName: String
  public var stage: Stage
  public var mixing: Mixing
  /// For each dimension of the operand, where it is read: by the axes, then a and b, or p.
  public var input: [AffineExpression]
  /// For each dimension of the result, where it is written: by the axes, then u and v, or p.
  public var output: [AffineExpression]
  public var outputShape: Shape

  public init(
    axes: [Axis], matrix: [[Double]], matrixName: String = "", stage: Stage = .forward,
    mixing: Mixing = .none, input: [AffineExpression], output: [AffineExpression],
    outputShape: Shape
  ) {
    self.axes = axes
    self.matrix = matrix
    self.matrixName = matrixName
    self.stage = stage
    self.mixing = mixing
    self.input = input
    self.output = output
    self.outputShape = outputShape
  }

  /// The side of a tile before and after M.
  public var inputSide: Int { matrix.first?.count ?? 0 }
  public var outputSide: Int { matrix.count }

  /// The axes that a tile has where it is read, and where it is written.
  public var inputTile: [Axis] {
    if case .before(let mixing) = mixing { return [Axis("p", mixing.count)] }
    return [Axis("a", inputSide), Axis("b", inputSide)]
  }
  public var outputTile: [Axis] {
    if case .after(let mixing) = mixing { return [Axis("p", mixing.count)] }
    return [Axis("u", outputSide), Axis("v", outputSide)]
  }

  /// The axes with those of a tile behind them, as ``input`` sees them.
  public var inputAxes: [Axis] { axes + inputTile }
  /// The same as ``output`` sees them.
  public var outputAxes: [Axis] { axes + outputTile }
}
