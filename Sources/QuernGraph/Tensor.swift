import QuernErrors

/// A tensor in a graph under construction: a handle, there are no values behind it yet.
///
/// Operators build nodes. Shapes are checked at once; operands are repeated along dimensions of
/// extent 1, and missing leading dimensions count as such.
public struct Tensor {
  /// Where the tensor's node is.
  public let builder: GraphBuilder
  public let id: NodeID

  init(_ builder: GraphBuilder, _ id: NodeID) {
    self.builder = builder
    self.id = id
  }

  public var node: Node { builder.graph[id] }
  public var type: TensorType { node.type }
  public var shape: Shape { node.type.shape }
  public var element: ElementType { node.type.element }

  /// What errors call this computation: the layer, or the op where there is no layer.
  func subject(_ op: String) -> String { builder.label.isEmpty ? op : "\(builder.label) (\(op))" }
}

// MARK: - Elementwise

extension GraphBuilder {
  /// An elementwise op over operands that are repeated to a common shape.
  ///
  /// - Throws: `QuernError` where the shapes or types do not go together, or an operand comes from
  ///   another builder.
  public func elementwise(_ op: ElementwiseOp, _ operands: [Tensor]) throws(QuernError) -> Tensor {
    try checkOwn(operands, of: op.rawValue)
    guard let first = operands.first, let result = op.resultType(operands.map(\.element)) else {
      throw QuernError(
        op.rawValue, "it does not take operands of types \(operands.map(\.element.rawValue))",
        remedy: "convert them with toFloat or toInt")
    }
    let rank = operands.map(\.shape.rank).max() ?? 0
    var extents = [Int](repeating: 1, count: rank)
    for operand in operands {
      let lead = rank - operand.shape.rank
      for (dimension, extent) in operand.shape.extents.enumerated() where extent != 1 {
        guard extents[lead + dimension] == 1 || extents[lead + dimension] == extent else {
          let shapes = operands.map(\.shape.description).joined(separator: " and ")
          throw QuernError(
            first.subject(op.rawValue), "shapes \(shapes) do not go together",
            remedy: "make extents equal, or 1 where a tensor is to be repeated")
        }
        extents[lead + dimension] = extent
      }
    }
    let aligned = operands.map { operand in
      let lead = rank - operand.shape.rank
      return lead == 0
        ? operand.id
        : reshapeUnchecked(
          operand.id, Shape([Int](repeating: 1, count: lead) + operand.shape.extents))
    }
    return tensor(add(.elementwise(op), aligned, TensorType(result, Shape(extents))))
  }

  func reshapeUnchecked(_ id: NodeID, _ shape: Shape) -> NodeID {
    let node = graph[id]
    if node.shape == shape { return id }
    let source = node.op == .reshape ? node.operands[0] : id
    if graph[source].shape == shape { return source }
    return add(.reshape, [source], TensorType(node.type.element, shape))
  }
}

extension Tensor {
  /// An elementwise op of this tensor and others.
  ///
  /// - Throws: `QuernError` where shapes or types do not go together, or one of the others comes
  ///   from another builder.
  public func apply(_ op: ElementwiseOp, _ others: Tensor...) throws(QuernError) -> Tensor {
    try builder.elementwise(op, [self] + others)
  }

  /// A constant of this tensor's element type that goes with it in elementwise ops.
  public func scalar(_ value: Double) -> Tensor { builder.constant(value, [], element) }

  public static func + (a: Self, b: Self) throws(QuernError) -> Self { try a.apply(.add, b) }
  public static func - (a: Self, b: Self) throws(QuernError) -> Self { try a.apply(.subtract, b) }
  public static func * (a: Self, b: Self) throws(QuernError) -> Self { try a.apply(.multiply, b) }
  public static func / (a: Self, b: Self) throws(QuernError) -> Self { try a.apply(.divide, b) }
  public static func + (a: Self, b: Double) throws(QuernError) -> Self { try a + a.scalar(b) }
  public static func - (a: Self, b: Double) throws(QuernError) -> Self { try a - a.scalar(b) }
  public static func * (a: Self, b: Double) throws(QuernError) -> Self { try a * a.scalar(b) }
  public static func / (a: Self, b: Double) throws(QuernError) -> Self { try a / a.scalar(b) }
  public static func + (a: Double, b: Self) throws(QuernError) -> Self { try b.scalar(a) + b }
  public static func - (a: Double, b: Self) throws(QuernError) -> Self { try b.scalar(a) - b }
  public static func * (a: Double, b: Self) throws(QuernError) -> Self { try b.scalar(a) * b }
  public static func / (a: Double, b: Self) throws(QuernError) -> Self { try b.scalar(a) / b }
  public static prefix func - (a: Self) throws(QuernError) -> Self { try a.apply(.negate) }

  /// eˣ.
  public func exp() throws(QuernError) -> Tensor { try apply(.exp) }
  /// The natural logarithm.
  public func log() throws(QuernError) -> Tensor { try apply(.log) }
  /// The sine of an angle in radians.
  public func sin() throws(QuernError) -> Tensor { try apply(.sin) }
  /// The cosine of an angle in radians.
  public func cos() throws(QuernError) -> Tensor { try apply(.cos) }
  /// The hyperbolic tangent.
  public func tanh() throws(QuernError) -> Tensor { try apply(.tanh) }
  /// 1 / (1 + e⁻ˣ).
  public func sigmoid() throws(QuernError) -> Tensor { try apply(.sigmoid) }
  /// The error function, 2/√π · ∫₀ˣ exp(−t²) dt.
  public func erf() throws(QuernError) -> Tensor { try apply(.erf) }
  public func squareRoot() throws(QuernError) -> Tensor { try apply(.squareRoot) }
  /// |x|; the derivative at 0 is 0.
  public func absolute() throws(QuernError) -> Tensor { try apply(.absolute) }
  /// As `float32`; this tensor itself where it is.
  public func toFloat() throws(QuernError) -> Tensor {
    element == .float32 ? self : try apply(.toFloat)
  }
  /// As `int32`, rounded towards zero; this tensor itself where it is.
  public func toInt() throws(QuernError) -> Tensor {
    element == .int32 ? self : try apply(.toInt)
  }
  /// The larger of two elements; NaN if either is.
  public func maximum(_ other: Tensor) throws(QuernError) -> Tensor { try apply(.maximum, other) }
  /// The smaller of two elements; NaN if either is.
  public func minimum(_ other: Tensor) throws(QuernError) -> Tensor { try apply(.minimum, other) }
  /// This tensor where `condition` is not zero, `other` elsewhere.
  public func `where`(_ condition: Tensor, otherwise other: Tensor) throws(QuernError) -> Tensor {
    try condition.apply(.select, self, other)
  }
}
