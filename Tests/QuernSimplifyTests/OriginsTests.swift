import QuernErrors
import QuernGradient
import QuernGraph
import QuernPasses
import Testing

/// A layer that computes one tensor of those before it.
private struct Stage {
  var name: String
  var make: ([Tensor]) throws(QuernError) -> Tensor

  init(_ name: String, _ make: @escaping ([Tensor]) throws(QuernError) -> Tensor) {
    (self.name, self.make) = (name, make)
  }
}

/// What simplified nodes come from.
@Suite struct OriginsTests {
  /// The origins of what becomes of an expression, and the graph that it is in, built layer by layer.
  private func simplified(
    _ stages: [Stage]
  ) throws -> (origins: Origins, given: Graph, simple: Graph) {
    let builder = GraphBuilder()
    var values = [try builder.input("x", [2, 3])]
    for stage in stages {
      let known = values
      values.append(
        try builder.labelled(stage.name) { () throws(QuernError) in try stage.make(known) })
    }
    try builder.output("y", values[values.count - 1])
    let simple = simplify(builder.graph)
    try simple.verify()
    let root = try #require(simple.output(named: "y"))
    return (simple[root].origins, builder.graph, simple)
  }

  /// Numbers of the given graph's nodes by what they are.
  private func numbers(_ graph: Graph, _ names: String...) -> [NodeID] {
    graph.ids.filter { names.contains(graph[$0].op.name) }
  }

  @Test("Two layers that compute the same become one node with both names")
  func merging() throws {
    let (_, given, simple) = try simplified([
      Stage("a") { x throws(QuernError) in try x[0].exp() },
      Stage("b") { x throws(QuernError) in try (x[0] * 1).exp() },
      Stage("sum") { x throws(QuernError) in try x[1] + x[2] * x[2] },
    ])
    let merged = try #require(simple.nodes.first { $0.op == .elementwise(.exp) })
    #expect(merged.origins.layers == ["a", "b"])
    #expect(merged.origins.nodes == numbers(given, "exp"))
    // The product by 1 is the input now.
    #expect(simple.nodes[0].origins.layers == ["b"])
    #expect(simple.nodes[0].label == "")
  }

  @Test("A folded constant comes from its op and its operands")
  func folding() throws {
    let (_, given, simple) = try simplified([
      Stage("a") { x throws(QuernError) in x[0].builder.constant(3) },
      Stage("b") { x throws(QuernError) in try x[1] / x[0].builder.constant(2) },
      Stage("c") { x throws(QuernError) in try x[0] * x[2] },
    ])
    let folded = try #require(simple.nodes.first { $0.op == .constant(1.5) })
    #expect(Set(folded.origins.nodes).isSuperset(of: numbers(given, "constant", "divide")))
    #expect(folded.origins.layers == ["c", "b", "a"])
    #expect(simple.nodes[simple.nodes.count - 1].origins.layers == ["c"])
  }

  @Test("What is read through, negated twice or scaled twice is not forgotten")
  func parts() throws {
    // The tensor's own method would ask for the first shape at once.
    func reshape(_ x: Tensor, _ shape: Shape) -> Tensor {
      x.builder.tensor(x.builder.add(.reshape, [x.id], TensorType(.float32, shape)))
    }
    let all: [(stages: [Stage], layers: [String])] = [
      (
        [
          Stage("turn") { x throws(QuernError) in try x[0].transposed([1, 0]) },
          Stage("product") { x throws(QuernError) in try x[0].matrixProduct(x[1]) },
        ], ["product", "turn"]
      ),
      (
        [
          Stage("minus") { x throws(QuernError) in try -x[0].tanh() },
          Stage("plus") { x throws(QuernError) in try -x[1] },
        ], ["minus", "plus"]
      ),
      (
        [
          Stage("twice") { x throws(QuernError) in try x[0] * 2 },
          Stage("thrice") { x throws(QuernError) in try x[1] * 3 },
        ], ["thrice", "twice"]
      ),
      (
        [
          Stage("shape") { x throws(QuernError) in reshape(x[0], [6]) },
          Stage("back") { x throws(QuernError) in reshape(x[1], [3, 2]) },
        ], ["back", "shape"]
      ),
    ]
    for (stages, expected) in all {
      let (origins, given, _) = try simplified(stages)
      #expect(Array(origins.layers) == expected)
      let made = given.ids.filter { if case .input = given[$0].op { false } else { true } }
      #expect(Set(origins.nodes).isSuperset(of: made.filter { given[$0].op.name != "constant" }))
    }
  }

  @Test("What is not chosen is not computed, and names no one")
  func choice() throws {
    let (origins, given, _) = try simplified([
      Stage("yes") { x throws(QuernError) in try x[0].tanh() },
      Stage("no") { x throws(QuernError) in try x[0].exp() },
      Stage("choice") { x throws(QuernError) in
        try x[1].where(x[0].builder.constant(1), otherwise: x[2])
      },
    ])
    #expect(origins.layers == ["yes", "choice"])
    #expect(!origins.nodes.contains(numbers(given, "exp")[0]))
  }

  @Test("What a constant is shared by does not name those who fold it")
  func sharedConstant() throws {
    let (origins, _, _) = try simplified([
      Stage("other") { x throws(QuernError) in try x[0].tanh() * 1 },
      Stage("own") { x throws(QuernError) in try x[0].exp() * 1 },
    ])
    #expect(origins.layers == ["own"])
  }

  @Test("What is left of the layers before a maximum comes from all of them")
  func maxima() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2, 4, 4, 3])
    let b = try builder.input("b", [3])
    func layer(_ name: String, _ make: () throws(QuernError) -> Tensor) throws -> Tensor {
      try builder.labelled(name, make)
    }
    let sum = try layer("bias") { () throws(QuernError) in try x + b }
    let positive = try layer("relu") { () throws(QuernError) in try sum.maximum(sum.scalar(0)) }
    let maxima = try layer("pool") { () throws(QuernError) in
      try positive.maximumPooling(WindowGeometry(kernel: [2, 2], strides: [2, 2]))
    }
    let loss = try layer("loss") { () throws(QuernError) in try (maxima * maxima).sum() }
    try builder.output("db", try gradient(of: loss, withRespectTo: [b])[0])
    let simple = simplify(builder.graph)
    let root = try #require(simple.output(named: "db"))
    #expect(
      Set(simple[root].origins.layers).isSuperset(of: [
        "gradient of bias", "gradient of relu", "gradient of pool",
      ]))
  }
}
