import QuernErrors
import QuernGraph
import QuernInterpreter
import QuernPasses
import Testing

extension Graph {
  /// What a node computes, written out down to the inputs.
  func expression(_ id: NodeID) -> String {
    let node = self[id]
    switch node.op {
    case .input(let input): return input.name
    case .constant(let value): return value == value.rounded() ? "\(Int(value))" : "\(value)"
    default:
      return "(" + node.formula(node.operands.map(expression)) + ")"
    }
  }
}

/// The expression is simplified to `expected`, which it was not before, and keeps its value.
private func check(
  _ expected: String, _ shapes: [Shape] = [[2, 3], [2, 3], [3]],
  sourceLocation: SourceLocation = #_sourceLocation, _ expression: ([Tensor]) throws -> Tensor
) throws {
  let builder = GraphBuilder()
  let names = ["x", "y", "z"]
  let inputs = try zip(names, shapes).map { try builder.input($0, $1) }
  try builder.output("result", expression(inputs))
  let simple = simplify(builder.graph)
  try simple.verify()
  let root = try #require(simple.output(named: "result"))
  #expect(simple.expression(root) == expected, sourceLocation: sourceLocation)
  #expect(
    builder.graph.expression(builder.graph.outputs[0].node) != expected,
    sourceLocation: sourceLocation)
  let values = try [builder.graph, simple].map { graph in
    let interpreter = try Interpreter<Double>(graph)
    for (name, shape) in zip(names, shapes) {
      let count = shape.elementCount
      try interpreter.setValues(name, (0..<count).map { Double($0 * 7 % 5) - 1.75 })
    }
    try interpreter.run()
    return try interpreter.values("result")
  }
  #expect(values[0].count == values[1].count, sourceLocation: sourceLocation)
  for (a, b) in zip(values[0], values[1]) {
    #expect(abs(a - b) <= 1e-12 * max(1, abs(a)), sourceLocation: sourceLocation)
  }
}

@Suite struct RuleTests {
  @Test func constants() throws {
    try check("(x · 1.5)") { x in try x[0] * (x[0].scalar(3) / x[0].scalar(2)) }
    try check("(x · 3)") { x in
      try x[0] * (x[0].scalar(2).maximum(x[0].scalar(9)).squareRoot())
    }
    try check("(x · 0)") { x in try x[0] * 1 * 0 }
  }

  @Test("What has no finite value is left to run time")
  func infiniteConstants() throws {
    let builder = GraphBuilder()
    try builder.output("result", try builder.constant(0) / builder.constant(0))
    let simple = simplify(builder.graph)
    #expect(simple.expression(simple.outputs[0].node) == "(0 / 0)")
  }

  @Test func identityElements() throws {
    try check("x") { x in try x[0] * 1 / 1 + 0 - 0 }
    try check("x") { x in try 1 * (0 + x[0]) }
    // Where the operand is repeated, the result is not the operand: it has another shape.
    try check("(z[0, c])", [[2, 3], [2, 3], [1, 3]]) { x in
      try x[2] + x[0].builder.constant(0, [2, 3])
    }
  }

  @Test func negation() throws {
    try check("x") { x in try -(-x[0]) }
    try check("(−(x))") { x in try x[0] * -1 }
    try check("(−(x))") { x in try 0 - x[0] }
    try check("(y − x)") { x in try -(x[0] - x[1]) }
    try check("(x · -3)") { x in try -(x[0] * 3) }
    try check("(x · -3)") { x in try -x[0] * 3 }
    try check("(y − x)") { x in try (-x[0]) + x[1] }
    try check("(x − y)") { x in try x[0] + (-x[1]) }
    try check("(x + y)") { x in try x[0] - (-x[1]) }
    try check("(x · y)") { x in try (-x[0]) * (-x[1]) }
  }

  @Test func constantFactors() throws {
    try check("(x · 6)") { x in try 2 * (x[0] * 3) }
    try check("(x · 2)") { x in try x[0] + x[0] }
    try check("(((reshape z) · 2) · x)") { x in try x[2] * x[0] + x[2] * x[0] }
    try check("(x · 0.25)") { x in try x[0] / 4 }
    // A third is not a binary fraction, and these constants leave the range of float32.
    try check("((x / 3) · 2)") { x in try 2 * (x[0] / 3) }
    try check("((x · 1e-30) · 1e-30)") { x in
      try 1e-30 * (1e-30 * x[0])
    }
  }

  @Test func select() throws {
    try check("x") { x in try x[0].where(x[0].scalar(1), otherwise: x[1]) }
    try check("y") { x in try x[0].where(x[0].scalar(0), otherwise: x[1]) }
    try check("x") { x in try x[0].where(x[1], otherwise: x[0]) }
  }

  @Test func commonSubexpressions() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2])
    let y = try builder.input("y", [2])
    try builder.output("result", try (x * y).exp() / (y * x * 1).exp())
    let simple = simplify(builder.graph)
    #expect(simple.nodes.count == 5)  // x, y, their product, its exponential, the quotient
  }

  @Test func reshapes() throws {
    try check("(reshape x)") { x in
      let flat = x[0].builder.add(.reshape, [x[0].id], TensorType(.float32, [6]))
      let back = x[0].builder.add(.reshape, [flat], TensorType(.float32, [3, 2]))
      return x[0].builder.tensor(back)
    }
    try check("x") { x in
      let flat = x[0].builder.add(.reshape, [x[0].id], TensorType(.float32, [6]))
      return x[0].builder.tensor(x[0].builder.add(.reshape, [flat], TensorType(.float32, [2, 3])))
    }
    try check("x") { x in
      x[0].builder.tensor(x[0].builder.add(.concatenate(dimension: 1), [x[0].id], x[0].type))
    }
  }

  @Test func movementOfMovement() throws {
    try check("x") { x in try x[0].transposed([1, 0]).transposed([1, 0]) }
    try check("x") { x in
      try x[0].padded(before: [1, 2], after: [1, 1]).sliced(from: [1, 2], to: [3, 5])
    }
    try check("(x[n, 0])", [[2, 3]]) { x in
      try x[0].sliced(from: [0, 0], to: [2, 1]).broadcast(to: [2, 3]).transposed([1, 0])
    }
    // What was cut off must not come back: x[n, c + 1] would be wrong.
    try check("((x[n, c])[n, c + 1])") { x in
      let cut = try x[0].sliced(from: [0, 0], to: [2, 1]).padded(before: [0, 0], after: [0, 2])
      return try cut.sliced(from: [0, 1], to: [2, 3])
    }
  }

  @Test func products() throws {
    try check("(Σ{c<3} x[n, c] · y[t, c])") { x in
      try x[0].matrixProduct(x[1].transposed([1, 0]))
    }
    // The mean of a tensor of one row, over both dimensions.
    try check("(Σ{c<3} x[0, c])", [[1, 3]]) { x in try x[0].sum() }
    try check("(Σ{x<3} x[x])", [[3]]) { x in
      try x[0].reshaped([1, 3, 1]).sum(over: [0, 1, 2])
    }
  }

  @Test func constantsInSums() throws {
    try check("(reshape ((Σ{c<3} x[n, c]) · 3))") { x in
      try x[0].matrixProduct(x[0].builder.constant(3, [3, 1])).reshaped([2])
    }
    try check("6") { x in try x[0].builder.constant(1, [2, 3]).sum() }
    // A constant read outside its tensor tells inside from outside, and stays.
    let index = AffineExpression.axis(1, plus: -1)
    let graph = GraphBuilder()
    let x = try graph.input("x", [4, 4])
    let product = try graph.contraction(
      Contraction(
        axes: [Axis("n", 4), Axis("k", 4)], outputRank: 1,
        factors: [.init([.axis(0), .axis(1)]), .init([index])]), [x, graph.constant(1, [2])])
    try graph.output("result", product)
    #expect(simplify(graph.graph).nodes.count == 3)
  }

  @Test func signsOfSums() throws {
    try check("(−((Σ{c<3} x[n, c])))") { x in try (-x[0]).sum(over: [1]) }
    try check("((Σ{c<3} x[n, c] · y[t, c]) · 3)") { x in
      try (x[0] * 3).matrixProduct(x[1].transposed([1, 0]))
    }
    // The result is larger than the operand.
    try check("((−(x))[n, c])") { x in
      try (-x[0]).reshaped([2, 1, 3]).broadcast(to: [2, 2, 3])
    }
  }

  @Test("A product of vectors is the elementwise op")
  func productWithoutSum() throws {
    func product(_ x: [Tensor], _ first: AffineExpression) throws -> Tensor {
      try x[0].builder.contraction(
        Contraction(
          axes: [Axis("a", 2), Axis("b", 3)], outputRank: 2,
          factors: [.init([first]), .init([.axis(1)])]), [x[0], x[1]])
    }
    try check("((reshape x) · (reshape y))", [[2], [3]]) { x in try product(x, .axis(0)) }
    // Read backwards, it is not.
    try check("(x[−a + 1] · y[b])", [[2], [3]]) { x in
      try product(x, AffineExpression([(0, -1)], offset: 1)) * 1
    }
  }

  @Test func repeats() throws {
    // Over axes that nothing reads, a sum is a product with their extent.
    try check("(z · 2)") { x in try x[2].broadcast(to: [2, 3]).sum(over: [0]) }
    // An op repeats its operands itself.
    try check("(x + (reshape z))") { x in try x[0] + x[2].broadcast(to: [2, 3]) }
    // Where all operands are repeated, the op comes first.
    try check("((exp((reshape z)))[0, c])") { x in
      try x[2].broadcast(to: [2, 3]).exp()
    }
  }

  @Test("Inputs, outputs, updates and labels stay; dead code goes")
  func signature() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2])
    let unused = try builder.input("unused", [3], role: .state)
    let w = try builder.input("w", [2], role: .parameter)
    _ = try x.exp()
    let y = try builder.labelled("layer") { () throws(QuernError) in try w * x * 1 }
    try builder.output("y", y)
    try builder.output("same", try y + 0)
    try builder.update(w, to: try w - y)
    try builder.update(unused, to: unused)
    let simple = simplify(builder.graph)
    try simple.verify()
    #expect(simple.inputs.map(\.input.name) == ["x", "unused", "w"])
    #expect(simple.outputs.map(\.name) == ["y", "same"])
    #expect(simple.outputs[0].node == simple.outputs[1].node)
    #expect(simple[simple.outputs[0].node].label == "layer")
    #expect(simple.updates.count == 2)
    #expect(simple.nodes.count == 5)
  }
}
