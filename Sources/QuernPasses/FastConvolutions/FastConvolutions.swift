import QuernGraph

/// The same graph with convolutions of stride 1, and their gradients, computed from fewer products
/// where that takes less time: by Winograd's minimal filtering, see `CookToom`, or by Fourier transforms
/// of tiles, see `FourierTile`.
///
/// A convolution becomes four ops. Tiles of the picture and the filter are transformed; for each
/// place of a tile, the transformed tiles are multiplied by the transformed filter, which is
/// a matrix product; what comes out is transformed to tiles of the output. For Winograd's:
///
///     V = Bᵀ·d·B,  U = G·g·Gᵀ,  M[u, v] = V[u, v]·U[u, v],  y = Aᵀ·M·A
///
/// The gradient by the picture is the same with the filter turned round. The gradient by the filter
/// is this bilinear map's own derivative: Gᵀ·(Σ V ⊙ (A·dy·Aᵀ))·G. That sum runs over all pictures, and is
/// kept in a few parts, each over as many of them, so that threads can work on one each; how many does not
/// depend on the threads.
///
/// Values differ from the definition's by rounding: of Winograd's tiles of 6 and 8 about ten times as much
/// as direct sums do, of Fourier transforms less than those. See the tests for bounds.
public func useFastConvolutions(_ graph: Graph, _ costs: ConvolutionCosts) -> Graph {
  let rule: RewriteRule = { node, rewriter in
    guard case .contraction(let contraction) = node.op,
      let sliding = SlidingContraction(contraction, node.operands.map { rewriter[$0].shape })
    else { return nil }
    switch sliding {
    case .convolution(let convolution):
      let isPrepared = rewriter.isFixed(node.operands[1 - convolution.image])
      guard let algorithm = costs.algorithm(convolution.shape, isFilterFixed: isPrepared) else {
        return nil
      }
      return rewriter.convolution(
        convolution, node, algorithm, panelWidths: costs.panelWidths)
    case .filterGradient(let gradient):
      guard let algorithm = costs.algorithm(gradient.shape, isFilterFixed: false) else {
        return nil
      }
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

  private func transform(
    _ operand: NodeID, _ map: TileAlgorithm.Map, _ stage: TileTransform.Stage = .forward,
    axes: [Axis], input: [AffineExpression], output: [AffineExpression], shape: Shape
  ) -> NodeID {
    let transform = TileTransform(
      axes: axes, matrix: map.matrix, matrixName: map.name, stage: stage, mixing: map.mixing,
      input: input, output: output, outputShape: shape)
    return add(.tileTransform(transform), [operand], TensorType(.float32, shape))
  }

  /// Tiles of pictures (N, H, W, C), transformed: (places…, N, rows, columns, C); in panels of P
  /// channels, if `width` is P, (places…, C / P, N, rows, columns, P).
  ///
  /// - Parameters:
  ///   - map: of the algorithm's.
  ///   - offset: where the first tile's first number is read.
  ///   - stage: those of the gradient are not the forward pass's.
  private func tiles(
    of image: NodeID, _ map: TileAlgorithm.Map, _ algorithm: TileAlgorithm,
    _ convolution: ConvolutionShape, _ stage: TileTransform.Stage, offset: (y: Int, x: Int),
    width: Int? = nil
  ) -> NodeID {
    let shape = self[image].shape
    let (places, step) = (algorithm.places, algorithm.outputs)
    let count = algorithm.tiles(convolution)
    // Filters' gradients sum over pictures: they count them by k.
    let name = stage == .forward ? "n" : "k"
    var axes = [Axis(name, shape[0]), Axis("ty", count.rows), Axis("tx", count.columns)]
    let panels = Panels(shape[3], width: width, axes: ("cp", "c"), from: 3)
    axes += panels.axes
    let (a, b) = (axes.count, axes.count + 1)
    let positions = (0..<3).map { AffineExpression.axis($0) }
    let extents = axes[..<3].map(\.extent)
    return transform(
      image, map, stage, axes: axes,
      input: [
        .axis(0), AffineExpression([(1, step), (a, 1)], offset: offset.y),
        AffineExpression([(2, step), (b, 1)], offset: offset.x), panels.whole,
      ],
      output: places.from(axes.count) + panels.outer + positions + [panels.inner],
      shape: Shape(
        places.map(\.extent) + panels.outerExtents + extents + [panels.innerExtent]))
  }

  /// A filter (…) transformed: (places…, C, T), or (places…, T / P, C, P) in panels of P filters.
  private func filter(
    _ id: NodeID, _ map: TileAlgorithm.Map, places: [Axis],
    _ dimensions: (i: Int, j: Int, channels: Int, filters: Int), width: Int?
  ) -> NodeID {
    let shape = self[id].shape
    let panels = Panels(shape[dimensions.filters], width: width, axes: ("tp", "t"), from: 1)
    let axes = [Axis("c", shape[dimensions.channels])] + panels.axes
    var input = [AffineExpression](repeating: .constant(0), count: 4)
    (input[dimensions.i], input[dimensions.j]) = (.axis(axes.count), .axis(axes.count + 1))
    (input[dimensions.channels], input[dimensions.filters]) = (.axis(0), panels.whole)
    return transform(
      id, map, axes: axes, input: input,
      output: places.from(axes.count) + panels.outer + [.axis(0), panels.inner],
      shape: Shape(
        places.map(\.extent) + panels.outerExtents + [axes[0].extent, panels.innerExtent]))
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
    return add(.contraction(movement), [id], TensorType(.float32, movement.outputShape))
  }

  fileprivate func convolution(
    _ convolution: SlidingConvolution, _ node: Node, _ algorithm: TileAlgorithm,
    panelWidths: [Int]
  ) -> NodeID {
    let (m, places, shape) = (algorithm.outputs, algorithm.places, convolution.shape)
    let count = algorithm.tiles(shape)
    let v = tiles(
      of: node.operands[convolution.image], algorithm.input, algorithm, shape, .forward,
      offset: algorithm.offset(shape))
    let filters = shape.output[3]
    let panels = Panels(
      filters, width: Panels.width(filters, of: panelWidths), axes: ("tp", "t"),
      from: places.count + 3)
    var dimensions = convolution.dimensions
    let taps = withFiltersLast(node.operands[1 - convolution.image], &dimensions)
    let u = filter(
      taps, convolution.isReversed ? algorithm.filter.turnedRound : algorithm.filter,
      places: places, dimensions, width: panels.width)
    // M[places…, n, ty, tx, t] = Σ_c V[places…, n, ty, tx, c] · U[places…, c, t]
    let axes =
      places
      + [Axis("n", shape.output[0]), Axis("ty", count.rows), Axis("tx", count.columns)]
      + panels.axes + [Axis("c", shape.channels)]
    let rank = axes.count - 1
    let c = AffineExpression.axis(rank)
    let place = places.from(0)
    let tile = (0..<3).map { AffineExpression.axis(places.count + $0) }
    let product = Contraction(
      axes: axes, outputRank: rank,
      factors: [.init(place + tile + [c]), .init(place + panels.outer + [c, panels.inner])])
    let products = add(
      .contraction(product), [v, u], TensorType(.float32, product.outputShape))
    let free = Array(axes[places.count..<rank])
    let last = Panels(filters, width: panels.width, axes: ("tp", "t"), from: 3)
    let (a, b) = (free.count, free.count + 1)
    return transform(
      products, algorithm.output, axes: free,
      input: places.from(free.count) + free.indices.map { .axis($0) },
      output: [
        .axis(0), AffineExpression([(1, m), (a, 1)]), AffineExpression([(2, m), (b, 1)]),
        last.whole,
      ],
      shape: node.shape)
  }

  fileprivate func filterGradient(
    _ gradient: SlidingGradient, _ node: Node, _ algorithm: TileAlgorithm,
    _ costs: ConvolutionCosts
  ) -> NodeID {
    let (places, shape) = (algorithm.places, gradient.shape)
    let count = algorithm.tiles(shape)
    let v = tiles(
      of: node.operands[gradient.image], algorithm.input, algorithm, shape, .gradient,
      offset: algorithm.offset(shape))
    let (examples, filters) = (shape.output[0], shape.output[3])
    let parts = costs.parts(
      examples: examples, terms: count.rows * count.columns,
      bytes: algorithm.products * shape.channels * filters * 4)
    let panels = Panels(
      filters, width: Panels.width(filters, of: costs.panelWidths), axes: ("tp", "t"),
      from: places.count + 1)
    let d = tiles(
      of: node.operands[1 - gradient.image], algorithm.output.transposed, algorithm, shape,
      .gradient, offset: (0, 0), width: panels.width)
    // dU[places…, c, t] = Σ V[places…, k, ty, tx, c] · D[places…, k, ty, tx, t]
    let axes =
      places + [Axis("c", shape.channels)] + panels.axes
      + [Axis("k", examples), Axis("ty", count.rows), Axis("tx", count.columns)]
    let rank = axes.count - 3
    let place = places.from(0)
    let sums = (rank..<axes.count).map { AffineExpression.axis($0) }
    let product = Contraction(
      axes: axes, outputRank: rank,
      factors: [
        .init(place + sums + [.axis(places.count)]),
        .init(place + panels.outer + sums + [panels.inner]),
      ])
    let products = sum(product, of: [v, d], inParts: parts)
    let free = Array(axes[places.count..<rank])
    let last = Panels(filters, width: panels.width, axes: ("tp", "t"), from: 1)
    let (a, b) = (free.count, free.count + 1)
    return transform(
      products, algorithm.filter.transposed, .gradient, axes: free,
      input: places.from(free.count) + free.indices.map { .axis($0) },
      output: [.axis(a), .axis(b), .axis(0), last.whole], shape: node.shape)
  }
}

extension [Axis] {
  /// Indices that are these axes, the first of which has the number `first`.
  fileprivate func from(_ first: Int) -> [AffineExpression] {
    indices.map { .axis(first + $0) }
  }
}

extension TileAlgorithm {
  /// Tiles of a picture, along its height and its width.
  fileprivate func tiles(_ shape: ConvolutionShape) -> (rows: Int, columns: Int) {
    ((shape.output[1] + outputs - 1) / outputs, (shape.output[2] + outputs - 1) / outputs)
  }

  /// Where the first tile's first input is read.
  fileprivate func offset(_ shape: ConvolutionShape) -> (y: Int, x: Int) {
    (shape.offset.y + firstRead, shape.offset.x + firstRead)
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
