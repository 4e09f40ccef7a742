import QuernErrors
import QuernGradient
import QuernGraph
import QuernInterpreter
import Testing

@Suite struct OpGradientTests {
  @Test(
    "Functions of one operand",
    arguments: [ElementwiseOp.negate, .absolute, .exp, .sin, .cos, .tanh, .sigmoid, .erf])
  func unary(op: ElementwiseOp) throws {
    try GradientCheck(shapes: [[3, 4]], scale: 2).twice { x, _ in try x[0].apply(op) }
  }

  @Test("Functions of a positive operand", arguments: [ElementwiseOp.log, .squareRoot])
  func positive(op: ElementwiseOp) throws {
    try GradientCheck(shapes: [[3, 4]], shift: 2).twice { x, _ in try x[0].apply(op) }
  }

  @Test(
    "Functions of two operands, one repeated",
    arguments: [ElementwiseOp.add, .subtract, .multiply, .divide, .maximum, .minimum])
  func binary(op: ElementwiseOp) throws {
    let shapes: [[Shape]] = [
      [[2, 3], [2, 3]], [[2, 3], [3]], [[2, 1], [2, 3]], [[2, 1, 3], [4, 1]], [[], [2, 2]],
    ]
    for (number, pair) in shapes.enumerated() {
      // Divisors stay away from zero; for extremes only differences matter.
      try GradientCheck(shapes: pair, shift: 2, seed: UInt32(number * 100)).twice { x, _ in
        try x[0].apply(op, x[1])
      }
    }
  }

  @Test func oneTensorInBothPlaces() throws {
    try GradientCheck(shapes: [[5]], shift: 2).twice { x, _ in try x[0] * x[0] + x[0] / x[0] }
  }

  @Test("No gradient through conditions, rounding and integers")
  func select() throws {
    try GradientCheck(shapes: [[4, 4], [4], [1]], scale: 3).twice { x, _ in
      let condition = try x[0].apply(.less, x[1])
      return try (x[0] * x[0]).where(condition, otherwise: x[1] * x[2])
        + x[0].apply(.floor) * x[2] + x[1].toInt().toFloat() * x[2]
    }
  }

  @Test("At ties: the first operand, or a constant; ReLU has derivative 0 at 0")
  func ties() throws {
    func derivatives(_ function: (Tensor, Tensor) throws -> Tensor) throws -> [[Double]] {
      let builder = GraphBuilder()
      let a = try builder.input("a", [3])
      let b = try builder.input("b", [3])
      let gradients = try gradient(of: function(a, b).sum(), withRespectTo: [a, b])
      try builder.output("da", gradients[0])
      try builder.output("db", gradients[1])
      let interpreter = try Interpreter<Double>(builder.graph)
      try interpreter.setValues("a", [-1, 0, 2])
      try interpreter.setValues("b", [1, 0, 1])
      try interpreter.run()
      return [try interpreter.values("da"), try interpreter.values("db")]
    }
    #expect(try derivatives { try $0.maximum($1) } == [[0, 1, 1], [1, 0, 0]])
    #expect(try derivatives { try $0.minimum($1) } == [[1, 1, 0], [0, 0, 1]])
    #expect(try derivatives { a, _ in try a.maximum(a.scalar(0)) } == [[0, 0, 1], [0, 0, 0]])
    #expect(try derivatives { a, _ in try a.scalar(0).maximum(a) } == [[0, 0, 1], [0, 0, 0]])
    #expect(try derivatives { a, _ in try a.minimum(a.scalar(0)) } == [[1, 0, 0], [0, 0, 0]])
    #expect(
      try derivatives { a, _ in try a.where(a.scalar(0).apply(.less, a), otherwise: a.scalar(0)) }
        == [[0, 0, 1], [0, 0, 0]])
    #expect(try derivatives { a, _ in try a.absolute() } == [[-1, 0, 1], [0, 0, 0]])
  }

  @Test func movement() throws {
    try GradientCheck(shapes: [[2, 3, 4]]) { x, _ in try x[0].transposed([2, 0, 1]) }
    try GradientCheck(shapes: [[2, 3]]) { x, _ in try x[0].reshaped([6]) }
    try GradientCheck(shapes: [[4, 5]]) { x, _ in try x[0].sliced(from: [1, 2], to: [3, 5]) }
    try GradientCheck(shapes: [[4, 5]]) { x, _ in
      try x[0].padded(before: [1, 0], after: [2, 3])
    }
    try GradientCheck(shapes: [[4, 5]]) { x, _ in try x[0].sliced(from: [-1, 2], to: [3, 8]) }
    try GradientCheck(shapes: [[3, 1, 2]]) { x, _ in try x[0].broadcast(to: [2, 3, 4, 2]) }
    try GradientCheck(shapes: [[2, 3], [2, 1], [2, 2]]) { x, _ in
      try x[0].builder.concatenate([x[0], x[1] * 2, x[2], x[0]], along: 1)
    }
  }

  @Test func sums() throws {
    try GradientCheck(shapes: [[2, 3, 4]]) { x, _ in try x[0].sum(over: [1]) }
    try GradientCheck(shapes: [[2, 3, 4]]) { x, _ in try x[0].mean(over: [0, 2]) }
    try GradientCheck(shapes: [[2, 3, 4]]).twice { x, _ in try (x[0] * x[0]).sum() }
  }

  @Test func noDependence() throws {
    let builder = GraphBuilder()
    let a = try builder.input("a", [2])
    let b = try builder.input("b", [2, 3])
    let gradients = try gradient(of: (a * a).sum(), withRespectTo: [b, a])
    #expect(gradients[0].node.op == .constant(0))
    #expect(gradients[0].shape == [2, 3])
    #expect(gradients[1].shape == [2])
  }

  @Test func badRequests() throws {
    let builder = GraphBuilder()
    let a = try builder.input("a", [2])
    let i = try builder.input("i", [2], .int32)
    let other = try GraphBuilder().input("a", [2])
    #expect(throws: QuernError.self) { try gradient(of: a, withRespectTo: [a]) }
    #expect(throws: QuernError.self) { try gradient(of: a.sum(), withRespectTo: [i]) }
    #expect(throws: QuernError.self) { try gradient(of: a.sum(), withRespectTo: [other]) }
    #expect(throws: QuernError.self) {
      try vectorJacobianProduct(of: a, seed: a.sum(), withRespectTo: [a])
    }
  }

  @Test("Nodes are labelled by what they are the gradient of")
  func labels() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2, 3])
    let w = try builder.input("w", [3, 4])
    let y = try builder.labelled("fc1") { () throws(QuernError) in
      try x.matrixProduct(w).tanh().sum()
    }
    let gradients = try gradient(of: y, withRespectTo: [w])
    #expect(gradients[0].node.label == "gradient of fc1")
  }

  @Test("What two layers share has a gradient that is both's")
  func sharedNode() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [3])
    let halves = try ["a", "b"].map { layer in
      try builder.labelled(layer) { () throws(QuernError) in try x.tanh() }
    }
    let gradients = try gradient(of: (halves[0] * halves[1]).sum(), withRespectTo: [x])
    #expect(gradients[0].node.origins.layers == ["gradient of a", "gradient of b"])
  }
}
