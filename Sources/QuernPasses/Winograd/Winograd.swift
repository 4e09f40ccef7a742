import QuernGraph

/// The same graph with convolutions of stride 1, and their gradients, computed from fewer products
/// where that takes less time: Winograd's minimal filtering, see ``CookToom``.
///
/// A convolution becomes four ops. Tiles of the picture and the filter are transformed; for each
/// place (u, v) of a tile, the transformed tiles are multiplied by the transformed filter, which is
/// a matrix product; what comes out is transformed to tiles of the output:
///
///     V = Bᵀ·d·B,  U = G·g·Gᵀ,  M[u, v] = V[u, v]·U[u, v],  y = Aᵀ·M·A
///
/// The gradient by the picture is the same with the filter turned round. The gradient by the filter
/// is this bilinear map's own derivative: Gᵀ·(Σ V ⊙ (A·dy·Aᵀ))·G.
///
/// Values differ from the definition's by rounding, for tiles of 6 and 8 about ten times as much as
/// direct sums do: see the tests for bounds.
public func useFastConvolutions(_ graph: Graph, _ costs: ConvolutionCosts) -> Graph {
  let rule: RewriteRule = { node, rewriter in
    guard case .contraction(let contraction) = node.op,
      let sliding = SlidingContraction(contraction, node.operands.map { rewriter[$0].shape })
    else { return nil }
    switch sliding {
    case .convolution(let convolution):
      let isPrepared = rewriter.isFixed(node.operands[1 - convolution.picture])
      guard
        let algorithm = costs.algorithm(
          taps: convolution.taps, output: convolution.output, channels: convolution.channels,
          isFilterFixed: isPrepared)
      else { return nil }
      return rewriter.convolution(convolution, node, algorithm)
    case .filterGradient(let gradient):
      guard
        let algorithm = costs.algorithm(
          taps: gradient.taps, output: gradient.signal, channels: gradient.channels,
          isFilterFixed: false)
      else { return nil }
      return rewriter.filterGradient(gradient, node, algorithm)
    }
  }
  return eliminateDeadCode(Rewriter([rule]).rewrite(graph))
}

extension Rewriter {
  /// Whether a filter is the same in every step.
  fileprivate func isFixed(_ id: NodeID) -> Bool {
    guard case .input(let input) = self[id].op else { return false }
    return input.role == .parameter && !updated.contains(input.name)
  }

  /// Tiles of `side` positions, `step` apart, of pictures (N, H, W, C), transformed:
  /// (side′, side′, N, rows, columns, C).
  ///
  /// - Parameter name: what the axis over pictures is called.
  private func tiles(
    of picture: NodeID, _ matrix: [[Double]], step: Int, offset: (y: Int, x: Int),
    count: (rows: Int, columns: Int), name: String
  ) -> NodeID {
    let shape = self[picture].shape
    let axes = [
      Axis(name, shape[0]), Axis("ty", count.rows), Axis("tx", count.columns), Axis("c", shape[3]),
    ]
    let side = matrix.count
    let outputShape = Shape([side, side] + axes.map(\.extent))
    let transform = TileTransform(
      axes: axes, matrix: matrix,
      input: [
        .axis(0), AffineExpression([(1, step), (4, 1)], offset: offset.y),
        AffineExpression([(2, step), (5, 1)], offset: offset.x), .axis(3),
      ],
      output: [.axis(4), .axis(5), .axis(0), .axis(1), .axis(2), .axis(3)],
      outputShape: outputShape)
    return builder.add(
      .tileTransform(transform), [picture], TensorType(.float32, outputShape))
  }

  /// A filter's taps transformed: (side, side, …) with the two other dimensions in their order.
  private func filter(
    _ id: NodeID, _ matrix: [[Double]], i: Int, j: Int
  ) -> NodeID {
    let shape = self[id].shape
    let others = (0..<4).filter { $0 != i && $0 != j }
    let axes = zip(["c", "t"], others).map { Axis($0, shape[$1]) }
    var map = [AffineExpression](repeating: .constant(0), count: 4)
    (map[i], map[j], map[others[0]], map[others[1]]) = (.axis(2), .axis(3), .axis(0), .axis(1))
    let outputShape = Shape([matrix.count, matrix.count] + axes.map(\.extent))
    let transform = TileTransform(
      axes: axes, matrix: matrix, input: map, output: [.axis(2), .axis(3), .axis(0), .axis(1)],
      outputShape: outputShape)
    return builder.add(.tileTransform(transform), [id], TensorType(.float32, outputShape))
  }

  fileprivate func convolution(
    _ convolution: SlidingConvolution, _ node: Node, _ algorithm: CookToom
  ) -> NodeID {
    let (m, side) = (algorithm.outputs, algorithm.side)
    let (height, width) = (convolution.output[1], convolution.output[2])
    let count = (rows: (height + m - 1) / m, columns: (width + m - 1) / m)
    let v = tiles(
      of: node.operands[convolution.picture], algorithm.inputTransform, step: m,
      offset: convolution.offset, count: count, name: "n")
    let g =
      convolution.isReversed
      ? algorithm.filterTransform.reversedRows : algorithm.filterTransform
    let dimensions = convolution.dimensions
    let u = filter(
      node.operands[1 - convolution.picture], g, i: dimensions.i, j: dimensions.j)
    // M[u, v, n, ty, tx, t] = Σ_c V[u, v, n, ty, tx, c] · U[u, v, c, t]
    let axes = [
      Axis("u", side), Axis("v", side), Axis("n", convolution.output[0]), Axis("ty", count.rows),
      Axis("tx", count.columns), Axis("t", convolution.output[3]), Axis("c", convolution.channels),
    ]
    let (c, t) = (AffineExpression.axis(6), AffineExpression.axis(5))
    let plain = (0..<5).map { AffineExpression.axis($0) }
    let product = Contraction(
      axes: axes, outputRank: 6,
      factors: [
        .init(plain + [c]),
        .init(
          [.axis(0), .axis(1)] + (dimensions.channels < dimensions.filters ? [c, t] : [t, c])),
      ])
    let products = builder.add(
      .contraction(product), [v, u], TensorType(.float32, product.outputShape))
    let transform = TileTransform(
      axes: [axes[2], axes[3], axes[4], axes[5]], matrix: algorithm.outputTransform,
      input: [.axis(4), .axis(5), .axis(0), .axis(1), .axis(2), .axis(3)],
      output: [
        .axis(0), AffineExpression([(1, m), (4, 1)]), AffineExpression([(2, m), (5, 1)]), .axis(3),
      ],
      outputShape: node.shape)
    return builder.add(.tileTransform(transform), [products], node.type)
  }

  fileprivate func filterGradient(
    _ gradient: SlidingGradient, _ node: Node, _ algorithm: CookToom
  ) -> NodeID {
    let (m, side) = (algorithm.outputs, algorithm.side)
    let count = (
      rows: (gradient.signal[1] + m - 1) / m, columns: (gradient.signal[2] + m - 1) / m
    )
    // The pictures' tiles are those of the forward pass. Computing them again takes less time than
    // keeping them until now would; another name for an axis makes them another node.
    let v = tiles(
      of: node.operands[gradient.picture], algorithm.inputTransform, step: m,
      offset: gradient.offset, count: count, name: "k")
    let d = tiles(
      of: node.operands[1 - gradient.picture], algorithm.outputTransform.transposed, step: m,
      offset: (0, 0), count: count, name: "k")
    // dU[u, v, c, t] = Σ V[u, v, n, ty, tx, c] · D[u, v, n, ty, tx, t]
    let axes = [
      Axis("u", side), Axis("v", side), Axis("c", gradient.channels),
      Axis("t", gradient.signal[3]), Axis("k", gradient.signal[0]), Axis("ty", count.rows),
      Axis("tx", count.columns),
    ]
    let shared: [AffineExpression] = [.axis(0), .axis(1), .axis(4), .axis(5), .axis(6)]
    let product = Contraction(
      axes: axes, outputRank: 4,
      factors: [.init(shared + [.axis(2)]), .init(shared + [.axis(3)])])
    let sums = builder.add(
      .contraction(product), [v, d], TensorType(.float32, product.outputShape))
    let transform = TileTransform(
      axes: [axes[2], axes[3]], matrix: algorithm.filterTransform.transposed,
      input: [.axis(2), .axis(3), .axis(0), .axis(1)],
      output: [.axis(2), .axis(3), .axis(0), .axis(1)], outputShape: node.shape)
    return builder.add(.tileTransform(transform), [sums], node.type)
  }
}
