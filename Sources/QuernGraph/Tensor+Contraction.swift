import QuernErrors

// Contractions, and the movements and sums that are special cases of them.

extension GraphBuilder {
  /// A contraction over explicit axes and maps.
  ///
  /// - Throws: `QuernError` where the maps do not fit the operands, or an operand comes from
  ///   another builder.
  public func contraction(
    _ contraction: Contraction, _ operands: [Tensor]
  ) throws(QuernError) -> Tensor {
    try checkOwn(operands, of: "contraction")
    let subject = label.isEmpty ? "contraction" : label
    guard operands.count == contraction.factors.count, 1...2 ~= operands.count else {
      throw QuernError(
        subject, "\(operands.count) operands for \(contraction.factors.count) factors",
        remedy: "give one or two factors, one for each operand")
    }
    _ = try Shape(checking: contraction.extents, of: subject)
    for (factor, operand) in zip(contraction.factors, operands) {
      guard factor.map.count == operand.shape.rank else {
        throw QuernError(
          subject, "\(factor.map.count) indices for an operand of shape \(operand.shape)",
          remedy: "give one index for each dimension")
      }
      guard operand.element == (factor.match == nil ? .float32 : .int32) || contraction.isMovement
      else {
        throw QuernError(
          subject, "an operand is \(operand.element.rawValue)",
          remedy: "multiply float32 tensors; match int32 tensors")
      }
      for expression in factor.map + (factor.match.map { [$0] } ?? []) {
        guard expression.terms.allSatisfy({ contraction.axes.indices.contains($0.axis) }) else {
          throw QuernError(
            subject, "an index names an axis beyond the \(contraction.axes.count) there are",
            remedy: "add the axis")
        }
      }
    }
    let element = contraction.isMovement ? operands[0].element : .float32
    return tensor(
      add(
        .contraction(contraction), operands.map(\.id),
        TensorType(element, contraction.outputShape)))
  }
}

extension Tensor {
  private var axisNames: [String] { Self.axisNames(shape.rank) }

  /// Customary names for the dimensions of a tensor: n, y, x, c for pictures.
  public static func axisNames(_ rank: Int) -> [String] {
    switch rank {
    case 0: []
    case 1: ["c"]
    case 2: ["n", "c"]
    case 3: ["n", "x", "c"]
    case 4: ["n", "y", "x", "c"]
    default: (0..<rank).map { "d\($0)" }
    }
  }

  /// The matrix product: `[…, K] × [K, T] → […, T]`.
  ///
  /// - Throws: `QuernError` where the shapes do not go together.
  public func matrixProduct(_ weight: Tensor) throws(QuernError) -> Tensor {
    guard shape.rank >= 1, weight.shape.rank == 2, shape[shape.rank - 1] == weight.shape[0] else {
      throw QuernError(
        subject("matrix product"), "shapes \(shape) and \(weight.shape) do not go together",
        remedy: "give […, K] and [K, T] with the same K")
    }
    let outer = shape.rank - 1
    let names = outer == 1 ? ["n"] : outer == 3 ? ["n", "y", "x"] : (0..<outer).map { "d\($0)" }
    var axes = zip(names, shape.extents).map { Axis($0, $1) }
    axes.append(Axis("t", weight.shape[1]))
    axes.append(Axis("c", weight.shape[0]))
    let left = (0..<outer).map { AffineExpression.axis($0) } + [.axis(outer + 1)]
    return try builder.contraction(
      Contraction(
        axes: axes, outputRank: outer + 1,
        factors: [.init(left), .init([.axis(outer + 1), .axis(outer)])]),
      [self, weight])
  }

  /// The sum over dimensions, which disappear.
  ///
  /// - Throws: `QuernError` where a dimension is named twice or is not there.
  public func sum(over dimensions: [Int]) throws(QuernError) -> Tensor {
    try checkDimensions(dimensions, "sum")
    if dimensions.isEmpty { return self }
    let kept = (0..<shape.rank).filter { !dimensions.contains($0) }
    let reduced = (0..<shape.rank).filter { dimensions.contains($0) }
    let order = kept + reduced
    var map = [AffineExpression](repeating: .constant(0), count: shape.rank)
    for (axis, dimension) in order.enumerated() { map[dimension] = .axis(axis) }
    return try builder.contraction(
      Contraction(
        axes: order.map { Axis(axisNames[$0], shape[$0]) }, outputRank: kept.count,
        factors: [.init(map)]),
      [self])
  }

  /// The sum of all elements: a scalar.
  public func sum() throws(QuernError) -> Tensor { try sum(over: Array(0..<shape.rank)) }

  /// The mean over dimensions, which disappear.
  ///
  /// - Throws: `QuernError` where a dimension is named twice or is not there.
  public func mean(over dimensions: [Int]) throws(QuernError) -> Tensor {
    let count = dimensions.reduce(1) { $0 * (($1 < shape.rank && $1 >= 0) ? shape[$1] : 1) }
    return try sum(over: dimensions) * (1 / Double(count))
  }

  /// The largest element over dimensions, which disappear.
  ///
  /// - Throws: `QuernError` where a dimension is named twice or is not there.
  public func maximum(over dimensions: [Int]) throws(QuernError) -> Tensor {
    try checkDimensions(dimensions, "maximum")
    if dimensions.isEmpty { return self }
    return builder.tensor(
      builder.add(
        .maximum(window(over: dimensions)), [id],
        TensorType(element, window(over: dimensions).outputShape)))
  }

  /// Where the largest element lies, row-major over the dimensions, which disappear: `int32`.
  public func maximumPosition(over dimensions: [Int]) throws(QuernError) -> Tensor {
    try checkDimensions(dimensions, "maximumPosition")
    let window = window(over: dimensions)
    return builder.tensor(
      builder.add(
        .maximumPosition(window), [id], TensorType(.int32, window.outputShape)))
  }

  private func window(over dimensions: [Int]) -> Window {
    let kept = (0..<shape.rank).filter { !dimensions.contains($0) }
    let order = kept + (0..<shape.rank).filter { dimensions.contains($0) }
    var map = [AffineExpression](repeating: .constant(0), count: shape.rank)
    for (axis, dimension) in order.enumerated() { map[dimension] = .axis(axis) }
    return Window(
      axes: order.map { Axis(axisNames[$0], shape[$0]) }, outputRank: kept.count, map: map)
  }

  private func checkDimensions(_ dimensions: [Int], _ op: String) throws(QuernError) {
    guard Set(dimensions).count == dimensions.count,
      dimensions.allSatisfy({ (0..<shape.rank).contains($0) })
    else {
      throw QuernError(
        subject(op), "dimensions \(dimensions) of a tensor of shape \(shape)",
        remedy: "name each dimension at most once, from 0 to \(shape.rank - 1)")
    }
  }

  /// The same elements in row-major order under another shape.
  ///
  /// - Throws: `QuernError` where the number of elements differs.
  public func reshaped(_ shape: Shape) throws(QuernError) -> Tensor {
    guard shape.elementCount == self.shape.elementCount else {
      throw QuernError(
        subject("reshape"),
        "\(self.shape) holds \(self.shape.elementCount) elements, \(shape) \(shape.elementCount)",
        remedy: "keep the number of elements")
    }
    return builder.tensor(builder.reshapeUnchecked(id, shape))
  }

  /// Dimension `d` of the result is dimension `order[d]` of this tensor.
  public func transposed(_ order: [Int]) throws(QuernError) -> Tensor {
    guard order.sorted() == Array(0..<shape.rank) else {
      throw QuernError(
        subject("transpose"), "order \(order) of a tensor of rank \(shape.rank)",
        remedy: "name every dimension once")
    }
    var map = [AffineExpression](repeating: .constant(0), count: shape.rank)
    for (axis, dimension) in order.enumerated() { map[dimension] = .axis(axis) }
    return try movement(order.map { Axis(axisNames[$0], shape[$0]) }, map)
  }

  /// The part from `start` (inclusive) to `end` (exclusive) of each dimension; what lies outside
  /// the tensor is zero, so this pads as well as slices.
  public func sliced(from start: [Int], to end: [Int]) throws(QuernError) -> Tensor {
    guard start.count == shape.rank, end.count == shape.rank,
      zip(start, end).allSatisfy({ $0 < $1 })
    else {
      throw QuernError(
        subject("slice"), "from \(start) to \(end) of a tensor of shape \(shape)",
        remedy: "give each dimension a start below its end")
    }
    let axes = (0..<shape.rank).map { Axis(axisNames[$0], end[$0] - start[$0]) }
    return try movement(axes, start.enumerated().map { .axis($0, plus: $1) })
  }

  /// Zeros before and after each dimension.
  public func padded(before: [Int], after: [Int]) throws(QuernError) -> Tensor {
    guard before.count == shape.rank, after.count == shape.rank else {
      throw QuernError(
        subject("pad"), "padding \(before), \(after) of a tensor of shape \(shape)",
        remedy: "give one number for each dimension")
    }
    return try sliced(from: before.map(-), to: zip(shape.extents, after).map(+))
  }

  /// Repeated along dimensions of extent 1 (and new leading ones) to a larger shape.
  ///
  /// - Throws: `QuernError` where another dimension would have to be repeated.
  public func broadcast(to target: Shape) throws(QuernError) -> Tensor {
    let lead = target.rank - shape.rank
    guard lead >= 0,
      zip(shape.extents, target.extents.dropFirst(lead)).allSatisfy({ $0 == 1 || $0 == $1 })
    else {
      throw QuernError(
        subject("broadcast"), "\(shape) cannot be repeated to \(target)",
        remedy: "repeat dimensions of extent 1 only")
    }
    if shape == target { return self }
    let names = Self.axisNames(target.rank)
    let map = shape.extents.enumerated().map { dimension, extent in
      extent == 1 ? AffineExpression.constant(0) : .axis(lead + dimension)
    }
    return try movement(target.extents.enumerated().map { Axis(names[$0], $1) }, map)
  }

  func movement(_ axes: [Axis], _ map: [AffineExpression]) throws(QuernError) -> Tensor {
    try builder.contraction(
      Contraction(axes: axes, outputRank: axes.count, factors: [.init(map)]), [self])
  }
}

extension GraphBuilder {
  /// Tensors one after the other along a dimension.
  ///
  /// - Throws: `QuernError` where another extent or the element type differs, or a tensor comes from
  ///   another builder.
  public func concatenate(
    _ tensors: [Tensor], along dimension: Int
  ) throws(QuernError) -> Tensor {
    try checkOwn(tensors, of: "concatenate")
    let subject = label.isEmpty ? "concatenate" : label
    guard let first = tensors.first, (0..<first.shape.rank).contains(dimension) else {
      throw QuernError(
        subject, "dimension \(dimension) of \(tensors.first?.shape.description ?? "no tensor")",
        remedy: "name a dimension of the tensors")
    }
    var extents = first.shape.extents
    extents[dimension] = 0
    for tensor in tensors {
      var others = tensor.shape.extents
      if others.count == extents.count { others[dimension] = extents[dimension] }
      guard others == extents, tensor.element == first.element else {
        throw QuernError(
          subject, "\(tensor.type) does not go with \(first.type) along dimension \(dimension)",
          remedy: "make all other extents equal")
      }
      extents[dimension] += tensor.shape[dimension]
    }
    if tensors.count == 1 { return first }
    let shape = try Shape(checking: extents, of: subject)
    return tensor(
      add(
        .concatenate(dimension: dimension), tensors.map(\.id), TensorType(first.element, shape)))
  }
}
