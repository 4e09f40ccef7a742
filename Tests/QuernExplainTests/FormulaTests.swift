import QuernErrors
import QuernExplain
import QuernGraph
import Testing

/// The lecture's network, x₁, x₂ → z → h → a.
@Suite struct FormulaTests {
  private func backprop(_ activation: ScalarActivation) throws -> Backprop {
    try Backprop(.lecture(activation: activation))
  }

  private func number(_ name: String, _ backprop: Backprop) throws -> Int {
    try backprop.network.variable(named: name)
  }

  @Test func variables() throws {
    let network = try ScalarNetwork.lecture(activation: .sigmoid)
    #expect(
      network.weights.map { network.variables[$0].name } == [
        "w11", "w12", "w21", "w22", "v11", "v12", "v21", "v22", "p11", "p21",
      ])
    #expect(
      network.layers.map { $0.map { network.variables[$0].symbol } } == [
        ["x₁", "x₂"], ["z₁", "z₂"], ["h₁", "h₂"], ["a"],
      ])
    for spelling in ["w21", "W21", "w_21", "w₂₁"] {
      #expect(try network.variables[network.variable(named: spelling)].symbol == "w₂₁")
    }
    try network.builder.graph.verify()
  }

  @Test(arguments: ["w33", "a", "", "q11"])
  func noSuchWeight(_ name: String) throws {
    let network = try ScalarNetwork.lecture(activation: .sigmoid)
    let error = #expect(throws: QuernError.self) { try network.variable(named: name) }
    #expect(error?.place == name)
    #expect(error?.remedy.contains("w11, w12, w21, w22, v11") == true)
  }

  @Test func neurons() throws {
    let backprop = try backprop(.sigmoid)
    #expect(
      try backprop.formula(ofNeuron: number("h1", backprop)) == "σ(v₁₁ · z₁ + v₂₁ · z₂)")
    #expect(backprop.formula(ofNeuron: backprop.network.output) == "p₁₁ · h₁ + p₂₁ · h₂")
  }

  /// The lecture: ∂a/∂p₁₁ = h₁, ∂a/∂v₁₁ = ∂a/∂h₁ · ∂h₁/∂v₁₁, and the two paths of w₁₁.
  @Test func theLecturesDerivatives() throws {
    let backprop = try backprop(.sigmoid)
    #expect(try backprop.formula(ofDerivativeBy: number("p11", backprop)) == "h₁")
    let v = try backprop.paths(by: number("v11", backprop))
    #expect(v.map(\.partials) == [["∂a/∂h₁", "∂h₁/∂v₁₁"]])
    #expect(v.map(\.formula) == ["p₁₁ · h₁ · (1 − h₁) · z₁"])
    let w = try number("w11", backprop)
    #expect(
      backprop.paths(by: w).map(\.partials) == [
        ["∂a/∂h₁", "∂h₁/∂z₁", "∂z₁/∂w₁₁"], ["∂a/∂h₂", "∂h₂/∂z₁", "∂z₁/∂w₁₁"],
      ])
    #expect(
      backprop.paths(by: w).map(\.formula) == [
        "p₁₁ · h₁ · (1 − h₁) · v₁₁ · z₁ · (1 − z₁) · x₁",
        "p₂₁ · h₂ · (1 − h₂) · v₁₂ · z₁ · (1 − z₁) · x₁",
      ])
    #expect(backprop.sharedFormula(ofDerivativeBy: w) == "∂a/∂z₁ · z₁ · (1 − z₁) · x₁")
  }

  /// The slide's table: ∂p/∂x₁ has four terms, of which backpropagation knows the front.
  @Test func layers() throws {
    let backprop = try backprop(.tanh)
    let x = try number("x1", backprop)
    #expect(
      backprop.paths(by: x).map { $0.partials.joined(separator: " ") } == [
        "∂a/∂h₁ ∂h₁/∂z₁ ∂z₁/∂x₁", "∂a/∂h₂ ∂h₂/∂z₁ ∂z₁/∂x₁",
        "∂a/∂h₁ ∂h₁/∂z₂ ∂z₂/∂x₁", "∂a/∂h₂ ∂h₂/∂z₂ ∂z₂/∂x₁",
      ])
    #expect(backprop.recursion(by: x) == "∂a/∂z₁ · ∂z₁/∂x₁ + ∂a/∂z₂ · ∂z₂/∂x₁")
    #expect(
      try backprop.recursion(by: number("z2", backprop))
        == "∂a/∂h₁ · ∂h₁/∂z₂ + ∂a/∂h₂ · ∂h₂/∂z₂")
  }

  @Test(arguments: [
    (ScalarActivation.sigmoid, "h₁ · (1 − h₁) · v₁₁"), (.tanh, "(1 − h₁²) · v₁₁"),
    (.relu, "[0 < h₁] · v₁₁"), (.linear, "v₁₁"),
  ])
  func partials(_ activation: ScalarActivation, _ formula: String) throws {
    let backprop = try backprop(activation)
    let (h, z) = try (number("h1", backprop), number("z1", backprop))
    #expect(backprop.formula(ofPartialOf: h, by: z) == formula)
    #expect(backprop.nodeCount(ofPartialOf: h, by: z) == 1)
  }

  @Test func parentheses() throws {
    let builder = GraphBuilder()
    let (x, y) = try (builder.input("x", []), builder.input("y", []))
    func text(_ tensor: Tensor) -> String {
      FormulaWriter(builder.graph, names: [x.id: "x", y.id: "y"]).formula(of: tensor.id)
    }
    #expect(try text((x + y) * x) == "(x + y) · x")
    #expect(try text(x - (y - x)) == "x − (y − x)")
    #expect(try text(x - y - x) == "x − y − x")
    #expect(try text(x / (x * y)) == "x / (x · y)")
    #expect(try text(x + -y) == "x + (−y)")
    #expect(try text(x * x * -2) == "(−2) · x²")
    #expect(try text((x * y).exp().maximum(y)) == "max(exp(x · y), y)")
    #expect(try text(-(x + y)) == "−(x + y)")
  }
}
