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
/// is this bilinear map's own derivative: Gᵀ·(Σ V ⊙ (A·dy·Aᵀ))·G. That sum runs over all pictures, and is
/// kept in a few parts, each over as many of them, so that threads can work on one each; how many does not
/// depend on the threads.
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
      return rewriter.convolution(
        convolution, node, algorithm, panelWidths: costs.panelWidths)
    case .filterGradient(let gradient):
      guard
        let algorithm = costs.algorithm(
          taps: gradient.taps, output: gradient.signal, channels: gradient.channels,
          isFilterFixed: false)
      else { return nil }
      return rewriter.filterGradient(gradient, node, algorithm, costs)
    }
  }
  return eliminateDeadCode(Rewriter(RewriteRules(contraction: [rule])).rewrite(graph))
}

extension Rewriter {
  /// Whether a filter is the same in every step.
  fileprivate func isFixed(_ id: NodeID) -> Bool {
    guard case .input(let input) = self[id].op else { return false }
    return input.role == .parameter && !updated.contains(input.name)
  }

  /// Tiles of pictures (N, H, W, C), transformed: (side′, side′, N, rows, columns, C); in panels of
  /// P channels, if `width` is P, (side′, side′, C / P, N, rows, columns, P).
  ///
  /// - Parameters:
  ///   - step: positions from one tile to the next.
  ///   - name: what the axis over pictures is called.
  private func tiles(
    of picture: NodeID, _ matrix: [[Double]], step: Int, offset: (y: Int, x: Int),
    count: (rows: Int, columns: Int), name: String, width: Int? = nil
  ) -> NodeID {
    let shape = self[picture].shape
    var axes = [Axis(name, shape[0]), Axis("ty", count.rows), Axis("tx", count.columns)]
    let panels = Panels(shape[3], width: width, axes: ("cp", "c"), from: 3)
    axes += panels.axes
    let (a, b) = (axes.count, axes.count + 1)
    let places: [AffineExpression] = [.axis(a), .axis(b)]
    let positions = (0..<3).map { AffineExpression.axis($0) }
    let side = matrix.count
    let extents = positions.map { axes[$0.soleAxis ?? 0].extent }
    let transform = TileTransform(
      axes: axes, matrix: matrix,
      input: [
        .axis(0), AffineExpression([(1, step), (a, 1)], offset: offset.y),
        AffineExpression([(2, step), (b, 1)], offset: offset.x), panels.whole,
      ],
      output: places + panels.outer + positions + [panels.inner],
      outputShape: Shape([side, side] + panels.outerExtents + extents + [panels.innerExtent]))
    return builder.add(
      .tileTransform(transform), [picture], TensorType(.float32, transform.outputShape))
  }

  /// A filter (…) transformed: (side, side, C, T), or (side, side, T / P, C, P) in panels of P filters.
  private func filter(
    _ id: NodeID, _ matrix: [[Double]],
    _ dimensions: (i: Int, j: Int, channels: Int, filters: Int), width: Int?
  ) -> NodeID {
    let shape = self[id].shape
    let panels = Panels(shape[dimensions.filters], width: width, axes: ("tp", "t"), from: 1)
    let axes = [Axis("c", shape[dimensions.channels])] + panels.axes
    let (a, b) = (axes.count, axes.count + 1)
    var map = [AffineExpression](repeating: .constant(0), count: 4)
    (map[dimensions.i], map[dimensions.j]) = (.axis(a), .axis(b))
    (map[dimensions.channels], map[dimensions.filters]) = (.axis(0), panels.whole)
    let side = matrix.count
    let transform = TileTransform(
      axes: axes, matrix: matrix, input: map,
      output: [.axis(a), .axis(b)] + panels.outer + [.axis(0), panels.inner],
      outputShape: Shape(
        [side, side] + panels.outerExtents + [axes[0].extent, panels.innerExtent]))
    return builder.add(
      .tileTransform(transform), [id], TensorType(.float32, transform.outputShape))
  }

  /// A filter with its filters last: what is transformed to panels is read along them.
  private func withFiltersLast(
    _ id: NodeID, _ dimensions: inout (i: Int, j: Int, channels: Int, filters: Int)
  ) -> NodeID {
    guard dimensions.filters != 3 else { return id }
    let shape = self[id].shape
    let order = [dimensions.i, dimensions.j, dimensions.channels, dimensions.filters]
    var map = [AffineExpression](repeating: .constant(0), count: 4)
    for (axis, dimension) in order.enumerated() { map[dimension] = .axis(axis) }
    dimensions = (0, 1, 2, 3)
    let movement = Contraction(
      axes: zip(["i", "j", "c", "t"], order).map { Axis($0, shape[$1]) }, outputRank: 4,
      factors: [.init(map)])
    return builder.add(
      .contraction(movement), [id], TensorType(.float32, movement.outputShape))
  }

  fileprivate func convolution(
    _ convolution: SlidingConvolution, _ node: Node, _ algorithm: CookToom, panelWidths: [Int]
  ) -> NodeID {
    let (m, side) = (algorithm.outputs, algorithm.side)
    let (height, width) = (convolution.output[1], convolution.output[2])
    let count = (rows: (height + m - 1) / m, columns: (width + m - 1) / m)
    let v = tiles(
      of: node.operands[convolution.picture], algorithm.inputTransform, step: m,
      offset: convolution.offset, count: count, name: "n")
    let matrix =
      convolution.isReversed
      ? algorithm.filterTransform.reversedRows : algorithm.filterTransform
    let panels = Panels(
      convolution.output[3], width: Panels.width(convolution.output[3], of: panelWidths),
      axes: ("tp", "t"), from: 5)
    var dimensions = convolution.dimensions
    let taps = withFiltersLast(node.operands[1 - convolution.picture], &dimensions)
    let u = filter(taps, matrix, dimensions, width: panels.width)
    // M[u, v, n, ty, tx, t] = Σ_c V[u, v, n, ty, tx, c] · U[u, v, c, t]
    let axes =
      [
        Axis("u", side), Axis("v", side), Axis("n", convolution.output[0]),
        Axis("ty", count.rows), Axis("tx", count.columns),
      ] + panels.axes + [Axis("c", convolution.channels)]
    let rank = axes.count - 1
    let c = AffineExpression.axis(rank)
    let places: [AffineExpression] = [.axis(0), .axis(1)]
    let product = Contraction(
      axes: axes, outputRank: rank,
      factors: [
        .init(places + [.axis(2), .axis(3), .axis(4), c]),
        .init(places + panels.outer + [c, panels.inner]),
      ])
    let products = builder.add(
      .contraction(product), [v, u], TensorType(.float32, product.outputShape))
    let free = Array(axes[2..<rank])
    let last = Panels(
      convolution.output[3], width: panels.width, axes: ("tp", "t"), from: 3)
    let (a, b) = (free.count, free.count + 1)
    let transform = TileTransform(
      axes: free, matrix: algorithm.outputTransform,
      input: [.axis(a), .axis(b)] + free.indices.map { .axis($0) },
      output: [
        .axis(0), AffineExpression([(1, m), (a, 1)]), AffineExpression([(2, m), (b, 1)]),
        last.whole,
      ],
      outputShape: node.shape)
    return builder.add(.tileTransform(transform), [products], node.type)
  }

  fileprivate func filterGradient(
    _ gradient: SlidingGradient, _ node: Node, _ algorithm: CookToom, _ costs: ConvolutionCosts
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
    let pictures = gradient.signal[0]
    let parts = costs.parts(
      pictures: pictures, terms: count.rows * count.columns,
      bytes: side * side * gradient.channels * gradient.signal[3] * 4)
    let panels = Panels(
      gradient.signal[3], width: Panels.width(gradient.signal[3], of: costs.panelWidths),
      axes: ("tp", "t"), from: 3)
    let d = tiles(
      of: node.operands[1 - gradient.picture], algorithm.outputTransform.transposed, step: m,
      offset: (0, 0), count: count, name: "k", width: panels.width)
    // dU[u, v, c, t] = Σ V[u, v, k, ty, tx, c] · D[u, v, k, ty, tx, t]
    let axes =
      [Axis("u", side), Axis("v", side), Axis("c", gradient.channels)] + panels.axes
      + [Axis("k", pictures), Axis("ty", count.rows), Axis("tx", count.columns)]
    let rank = 3 + panels.axes.count
    let places: [AffineExpression] = [.axis(0), .axis(1)]
    let sums: [AffineExpression] = [.axis(rank), .axis(rank + 1), .axis(rank + 2)]
    let product = Contraction(
      axes: axes, outputRank: rank,
      factors: [
        .init(places + sums + [.axis(2)]), .init(places + panels.outer + sums + [panels.inner]),
      ])
    let products = sum(product, of: [v, d], inParts: parts)
    let free = Array(axes[2..<rank])
    let last = Panels(gradient.signal[3], width: panels.width, axes: ("tp", "t"), from: 1)
    let (a, b) = (free.count, free.count + 1)
    let transform = TileTransform(
      axes: free, matrix: algorithm.filterTransform.transposed,
      input: [.axis(a), .axis(b)] + free.indices.map { .axis($0) },
      output: [.axis(a), .axis(b), .axis(0), last.whole], outputShape: node.shape)
    return builder.add(.tileTransform(transform), [products], node.type)
  }
}

/// A dimension of channels cut into panels of equal width, so that the operand of a product lies in
/// the order in which the product reads it: all its rows for one panel, then for the next.
private struct Panels {
  /// nil where the dimension stays whole.
  let width: Int?
  /// One axis, or that of the panels and that within them.
  let axes: [Axis]
  private let first: Int

  /// - Parameters:
  ///   - axes: what the two are called; the second also where there is just one.
  ///   - first: the number of the first of them among the op's axes.
  init(_ extent: Int, width: Int?, axes names: (String, String), from first: Int) {
    self.width = width
    self.first = first
    if let width {
      axes = [Axis(names.0, extent / width), Axis(names.1, width)]
    } else {
      axes = [Axis(names.1, extent)]
    }
  }

  /// The first of some widths that divides the dimension; nil where none does, or one is enough.
  static func width(_ extent: Int, of widths: [Int]) -> Int? {
    widths.first { extent % $0 == 0 }.flatMap { extent > $0 ? $0 : nil }
  }

  /// The index of the panel, where there are any, and their number.
  var outer: [AffineExpression] { width == nil ? [] : [.axis(first)] }
  var outerExtents: [Int] { width == nil ? [] : [axes[0].extent] }
  /// The index within the panel, and its extent.
  var inner: AffineExpression { .axis(width == nil ? first : first + 1) }
  var innerExtent: Int { axes[axes.count - 1].extent }
  /// The index in the whole dimension.
  var whole: AffineExpression {
    width.map { AffineExpression([(first, $0), (first + 1, 1)]) } ?? .axis(first)
  }
}
