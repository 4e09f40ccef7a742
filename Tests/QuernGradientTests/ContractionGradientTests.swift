import QuernGradient
import QuernGraph
import QuernInterpreter
import Testing

/// The gradient of a contraction of squares by each operand, checked to second order.
private func check(
  _ contraction: Contraction, _ shapes: [Shape], sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try GradientCheck(shapes: shapes).twice(sourceLocation: sourceLocation) { x, _ in
    try x[0].builder.contraction(contraction, x.map { x in try x * x })
  }
}

@Suite struct ContractionGradientTests {
  @Test func products() throws {
    try GradientCheck(shapes: [[2, 3], [3, 4]]).twice { x, _ in try x[0].matrixProduct(x[1]) }
    try GradientCheck(shapes: [[2, 2, 3], [3, 2]]) { x, _ in try x[0].matrixProduct(x[1]) }
  }

  @Test("Convolution: stride, dilation, padding", arguments: 1...3, 1...2)
  func convolution(stride: Int, dilation: Int) throws {
    for (before, after) in [(0, 0), (1, 1), (1, 2), (3, 0)] {
      let geometry = WindowGeometry(
        kernel: [3, 2], strides: [stride, 2], dilations: [dilation, 1],
        paddingBefore: [before, 1], paddingAfter: [after, 0])
      try GradientCheck(shapes: [[1, 6, 5, 2], [3, 2, 2, 2]]).twice { x, _ in
        try x[0].convolution(x[1], geometry)
      }
    }
  }

  @Test("Same padding", arguments: 1...3)
  func same(stride: Int) throws {
    let geometry = WindowGeometry.same(
      kernel: [4, 3], strides: [stride, stride], picture: [5, 6])
    try GradientCheck(shapes: [[1, 5, 6, 1], [4, 3, 1, 2]]).twice { x, _ in
      try x[0].convolution(x[1], geometry)
    }
  }

  @Test("Groups, and as many groups as channels", arguments: [1, 2, 4])
  func groups(groups: Int) throws {
    try GradientCheck(shapes: [[1, 4, 4, 4], [3, 3, 4 / groups, 4]]) { x, _ in
      try x[0].convolution(
        x[1], WindowGeometry(kernel: [3, 3], strides: [2, 1], paddingBefore: [1, 1]),
        groups: groups)
    }
  }

  @Test("Pooling, with windows that overlap, and with ties", arguments: 1...3)
  func pooling(stride: Int) throws {
    let geometry = WindowGeometry(
      kernel: [3, 2], strides: [stride, stride], paddingBefore: [1, 0], paddingAfter: [1, 1])
    try GradientCheck(shapes: [[2, 5, 6, 2]]) { x, _ in try x[0].averagePooling(geometry) }
    try GradientCheck(shapes: [[2, 5, 6, 2]]).twice { x, _ in
      let squares = try x[0] * x[0]
      return try squares.maximumPooling(geometry)
    }
    try GradientCheck(shapes: [[3, 4, 2]]).twice { x, _ in
      try (x[0] * x[0]).maximum(over: [1]) * x[0].maximum(over: [0, 2]).sum()
    }
  }

  @Test("A tie in a window goes to the first maximum only")
  func tie() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [1, 2, 3, 1])
    let y = try x.maximumPooling(WindowGeometry(kernel: [2, 2]))
    try builder.output("dx", gradient(of: y.sum(), withRespectTo: [x])[0])
    let interpreter = try Interpreter<Double>(builder.graph)
    try interpreter.setValues("x", [0, 7, 7, 7, 7, 1])
    try interpreter.run()
    #expect(try interpreter.values("dx") == [0, 2, 0, 0, 0, 0])
  }

  // Reads that no layer makes, one for each way in which an axis can be solved or guarded.

  @Test("A reduction axis read at an offset needs a guard")
  func guardedReduction() throws {
    // out[t] = Σ_k x[k + 1, t] · w[k + 2]: nothing reads k plainly.
    try check(
      Contraction(
        axes: [Axis("t", 2), Axis("k", 3)], outputRank: 1,
        factors: [.init([.axis(1, plus: 1), .axis(0)]), .init([.axis(1, plus: 2)])]),
      [[5, 2], [6]])
    // The same with one factor, where there is room for the guard.
    try check(
      Contraction(
        axes: [Axis("t", 2), Axis("k", 3)], outputRank: 1,
        factors: [.init([.axis(1, times: 2, plus: -1), .axis(0)])]), [[7, 2]])
  }

  @Test func windowsSummedOverTheirPositions() throws {
    // out[i] = Σ_y x[2·y + i − 1], solved for the output axis i.
    try check(
      Contraction(
        axes: [Axis("i", 3), Axis("y", 4)], outputRank: 1,
        factors: [.init([AffineExpression([(1, 2), (0, 1)], offset: -1)])]), [[8]])
    // Both axes are summed over.
    try check(
      Contraction(
        axes: [Axis("y", 4), Axis("i", 3)], outputRank: 0,
        factors: [.init([AffineExpression([(0, 2), (1, 3)], offset: -1)])]), [[9]])
  }

  @Test func diagonalsAndReversal() throws {
    try check(
      Contraction(axes: [Axis("a", 3)], outputRank: 1, factors: [.init([.axis(0), .axis(0)])]),
      [[3, 3]])
    try check(
      Contraction(
        axes: [Axis("a", 3), Axis("k", 2)], outputRank: 1,
        factors: [.init([.axis(0), .axis(0, plus: 1), .axis(1)]), .init([.axis(1), .axis(0)])]),
      [[3, 4, 2], [2, 3]])
    try check(
      Contraction(
        axes: [Axis("a", 4)], outputRank: 1,
        factors: [.init([AffineExpression([(0, -1)], offset: 3)])]), [[4]])
    try check(
      Contraction(
        axes: [Axis("a", 4), Axis("k", 2)], outputRank: 1,
        factors: [
          .init([AffineExpression([(0, -2), (1, 1)], offset: 6)]), .init([.axis(1)]),
        ]), [[7], [2]])
  }

  @Test func constantIndices() throws {
    try check(
      Contraction(
        axes: [Axis("a", 3)], outputRank: 1, factors: [.init([.constant(1), .axis(0)])]),
      [[2, 3]])
    try check(
      Contraction(
        axes: [Axis("a", 3), Axis("k", 2)], outputRank: 1,
        factors: [.init([.constant(2), .axis(0), .axis(1)]), .init([.axis(1), .constant(0)])]),
      [[4, 3, 2], [2, 2]])
  }

  @Test func axesThatNothingReads() throws {
    try check(
      Contraction(axes: [Axis("a", 3), Axis("k", 4)], outputRank: 1, factors: [.init([.axis(0)])]),
      [[3]])
    try check(
      Contraction(
        axes: [Axis("a", 3), Axis("k", 4), Axis("m", 2)], outputRank: 1,
        factors: [.init([.axis(0), .axis(1)]), .init([.axis(1)])]), [[3, 4], [4]])
  }

  @Test func quotients() throws {
    try check(
      Contraction(
        axes: [Axis("a", 9), Axis("i", 3)], outputRank: 1,
        factors: [
          .init([AffineExpression([(0, 1), (1, -1)], offset: 1, divisor: 2)]), .init([.axis(1)]),
        ]), [[5], [3]])
    // Two axes in two dimensions at once: y + i and y + 3·i.
    try check(
      Contraction(
        axes: [Axis("y", 4), Axis("i", 3)], outputRank: 1,
        factors: [
          .init([AffineExpression([(0, 1), (1, 1)]), AffineExpression([(0, 1), (1, 3)])]),
          .init([.axis(1)]),
        ]), [[6, 10], [3]])
  }

  @Test("A matched factor is constant")
  func matches() throws {
    try GradientCheck(shapes: [[3, 4]], integers: [([3], [2, 0, 3])]).twice { x, i in
      let pick = try x[0].builder.contraction(
        Contraction(
          axes: [Axis("n", 3), Axis("t", 4)], outputRank: 1,
          factors: [.init([.axis(0), .axis(1)]), .init([.axis(0)], match: .axis(1))]),
        [x[0], i[0]])
      return try pick * pick
    }
  }
}
