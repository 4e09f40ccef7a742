import QuernErrors

// Convolution and pooling over pictures (N, H, W, C): N batch, H height, W width, C channels.

/// How a window moves over a picture, for height and width.
public struct WindowGeometry: Hashable, Sendable {
  public var kernel: (height: Int, width: Int) { (kernelExtents[0], kernelExtents[1]) }
  /// Height and width of the window.
  public var kernelExtents: [Int]
  /// Positions the window moves on, for height and width.
  public var strides: [Int]
  /// Positions between neighbouring taps; 1 where they are adjacent.
  public var dilations: [Int]
  /// Positions added above and to the left.
  public var paddingBefore: [Int]
  /// Positions added below and to the right.
  public var paddingAfter: [Int]

  /// Each argument holds two numbers: height, width.
  public init(
    kernel: [Int], strides: [Int] = [1, 1], dilations: [Int] = [1, 1],
    paddingBefore: [Int] = [0, 0], paddingAfter: [Int] = [0, 0]
  ) {
    self.kernelExtents = kernel
    self.strides = strides
    self.dilations = dilations
    self.paddingBefore = paddingBefore
    self.paddingAfter = paddingAfter
  }

  /// Padding with which the output has ⌈extent / stride⌉ positions; where the sum is odd the extra
  /// zero goes after, as in TensorFlow (and in PyTorch for stride 1).
  public static func same(
    kernel: [Int], strides: [Int] = [1, 1], dilations: [Int] = [1, 1], picture: [Int]
  ) -> Self {
    var before: [Int] = []
    var after: [Int] = []
    for d in 0..<2 {
      let output = (picture[d] + strides[d] - 1) / max(strides[d], 1)
      let reach = dilations[d] * (kernel[d] - 1) + 1
      let total = max((output - 1) * strides[d] + reach - picture[d], 0)
      before.append(total / 2)
      after.append(total - total / 2)
    }
    return Self(
      kernel: kernel, strides: strides, dilations: dilations, paddingBefore: before,
      paddingAfter: after)
  }

  /// Extents of the output for a picture of the given height and width.
  ///
  /// - Throws: `QuernError` for numbers that are not positive (padding: negative), or a kernel that
  ///   is larger than the padded picture.
  public func outputExtents(picture: [Int], of subject: String) throws(QuernError) -> [Int] {
    for (name, values, least) in [
      ("kernel", kernelExtents, 1), ("stride", strides, 1), ("dilation", dilations, 1),
      ("padding", paddingBefore, 0), ("padding", paddingAfter, 0),
    ] {
      guard values.count == 2, values.allSatisfy({ $0 >= least && $0 < 1 << 20 }) else {
        throw QuernError(
          subject, "\(name) is \(values)", remedy: "give height and width of at least \(least)")
      }
    }
    var result: [Int] = []
    for d in 0..<2 {
      let reach = dilations[d] * (kernelExtents[d] - 1) + 1
      let padded = picture[d] + paddingBefore[d] + paddingAfter[d]
      guard reach <= padded else {
        let side = d == 0 ? "high" : "wide"
        throw QuernError(
          subject,
          "the kernel is \(reach) \(side) (dilation counted), its padded input only \(padded)",
          remedy: "use a smaller kernel, more padding, or fewer poolings before")
      }
      result.append((padded - reach) / strides[d] + 1)
    }
    return result
  }

  /// Where output position `output` with kernel position `inner` reads, along height or width.
  func index(_ d: Int, output: Int, inner: Int) -> AffineExpression {
    AffineExpression(
      [(output, strides[d]), (inner, dilations[d])], offset: -paddingBefore[d])
  }
}

extension Tensor {
  private func checkPicture(_ op: String) throws(QuernError) {
    guard shape.rank == 4 else {
      throw QuernError(
        subject(op), "its input has shape \(shape)", remedy: "give a batch of pictures (N, H, W, C)"
      )
    }
  }

  /// Im_out(n,y,x,t) = Σᵢ Σⱼ Σ_c K(i,j,c,t) · Im_in(n, s·y + d·i − p, s·x + d·j − p, c).
  ///
  /// - Parameters:
  ///   - filters: (I, J, C / groups, T): kernel height and width, channels a group, filters.
  ///   - geometry: how the window moves: s strides, d dilations, p padding before.
  ///   - groups: channels and filters are cut into so many groups that do not see each other.
  /// - Returns: pictures (N, Y, X, T).
  /// - Throws: `QuernError` where shapes, groups or geometry do not fit.
  public func convolution(
    _ filters: Tensor, _ geometry: WindowGeometry, groups: Int = 1
  ) throws(QuernError) -> Tensor {
    try checkPicture("convolution")
    let name = subject("convolution")
    let channels = shape[3]
    guard filters.shape.rank == 4,
      filters.shape.extents[0...1].elementsEqual(geometry.kernelExtents)
    else {
      throw QuernError(
        name, "filters of shape \(filters.shape) for a kernel \(geometry.kernelExtents)",
        remedy: "give filters (kernel height, kernel width, channels / groups, filters)")
    }
    let count = filters.shape[3]
    guard groups >= 1, channels % groups == 0, count % groups == 0,
      filters.shape[2] == channels / groups
    else {
      throw QuernError(
        name, "\(channels) channels, filters \(filters.shape), \(groups) groups",
        remedy: "let groups divide channels and filters, and filters have channels / groups")
    }
    let output = try geometry.outputExtents(picture: [shape[1], shape[2]], of: name)
    let inner = channels / groups
    var axes = [Axis("n", shape[0]), Axis("y", output[0]), Axis("x", output[1])]
    if groups > 1 { axes.append(Axis("g", groups)) }
    axes.append(Axis("t", count / groups))
    let rank = axes.count
    axes += [Axis("i", filters.shape[0]), Axis("j", filters.shape[1]), Axis("c", inner)]
    let (i, j, c) = (rank, rank + 1, rank + 2)
    var picture: [AffineExpression] = [
      .axis(0), geometry.index(0, output: 1, inner: i), geometry.index(1, output: 2, inner: j),
    ]
    var kernel: [AffineExpression] = [.axis(i), .axis(j), .axis(c)]
    var operands = [self, filters]
    if groups > 1 {
      picture.append(.axis(3))
      kernel.append(.axis(3))
      operands[0] = try reshaped(Shape(Array(shape.extents[..<3]) + [groups, inner]))
      operands[1] = try filters.reshaped(
        Shape(Array(filters.shape.extents[..<3]) + [groups, count / groups]))
    }
    picture.append(.axis(c))
    kernel.append(.axis(rank - 1))
    let result = try builder.contraction(
      Contraction(axes: axes, outputRank: rank, factors: [.init(picture), .init(kernel)]), operands)
    return try result.reshaped(Shape([shape[0]] + output + [count]))
  }

  private func poolingAxes(_ geometry: WindowGeometry, _ op: String) throws(QuernError) -> (
    axes: [Axis], map: [AffineExpression]
  ) {
    try checkPicture(op)
    let output = try geometry.outputExtents(picture: [shape[1], shape[2]], of: subject(op))
    let axes = [
      Axis("n", shape[0]), Axis("y", output[0]), Axis("x", output[1]), Axis("c", shape[3]),
      Axis("i", geometry.kernelExtents[0]), Axis("j", geometry.kernelExtents[1]),
    ]
    return (
      axes,
      [
        .axis(0), geometry.index(0, output: 1, inner: 4), geometry.index(1, output: 2, inner: 5),
        .axis(3),
      ]
    )
  }

  /// The largest value in each window, (N, Y, X, C); padding does not take part.
  ///
  /// - Throws: `QuernError` where the geometry does not fit the pictures (N, H, W, C).
  public func maximumPooling(_ geometry: WindowGeometry) throws(QuernError) -> Tensor {
    let (axes, map) = try poolingAxes(geometry, "max-pool")
    for d in 0..<2 {
      let reach = geometry.dilations[d] * (geometry.kernelExtents[d] - 1)
      guard max(geometry.paddingBefore[d], geometry.paddingAfter[d]) * 2 <= reach + 1 else {
        throw QuernError(
          subject("max-pool"), "padding is more than half the window", remedy: "pad less")
      }
    }
    let window = Window(axes: axes, outputRank: 4, map: map)
    return builder.tensor(
      builder.add(.maximum(window), [id], TensorType(element, window.outputShape)))
  }

  /// The mean of each window, (N, Y, X, C); padding counts as zeros, as in PyTorch by default.
  ///
  /// - Throws: `QuernError` where the geometry does not fit the pictures (N, H, W, C).
  public func averagePooling(_ geometry: WindowGeometry) throws(QuernError) -> Tensor {
    let (axes, map) = try poolingAxes(geometry, "average-pool")
    let sum = try builder.contraction(
      Contraction(axes: axes, outputRank: 4, factors: [.init(map)]), [self])
    return try sum * (1 / Double(geometry.kernelExtents[0] * geometry.kernelExtents[1]))
  }
}
