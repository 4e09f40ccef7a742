import QuernErrors
import QuernGraph

/// The activation function of a neuron: the lecture's f.
public enum ScalarActivation: String, Sendable, Hashable, CaseIterable, Codable {
  case sigmoid, tanh, relu
  /// f(s) = s.
  case linear

  /// Its definition as a formula.
  public var definition: String {
    switch self {
    case .sigmoid: "f(s) = σ(s) = 1 / (1 + e⁻ˢ)"
    case .tanh: "f(s) = tanh(s)"
    case .relu: "f(s) = max(s, 0)"
    case .linear: "f(s) = s"
    }
  }

  func apply(to sum: Tensor) throws(QuernError) -> Tensor {
    switch self {
    case .sigmoid: try sum.sigmoid()
    case .tanh: try sum.tanh()
    case .relu: try sum.maximum(sum.scalar(0))
    case .linear: sum
    }
  }
}

/// A fully connected network in which every input, weight and neuron is a scalar node of a graph, so
/// that derivatives by single weights can be read from it.
///
/// Neuron j of a layer is f(Σᵢ wᵢⱼ · neuron i of the layer before). The one output is the sum without
/// f, as in the lecture: a(x) = p₁₁h₁(x) + p₂₁h₂(x).
public struct ScalarNetwork {
  /// An input, weight or neuron.
  public struct Variable: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
      case input
      /// It leads from one neuron to another. Both are given by their numbers among the variables.
      case weight(from: Int, to: Int)
      case neuron
    }

    /// As it is typed: `w11`.
    public var name: String
    /// As formulas write it: `w₁₁`.
    public var symbol: String
    public var kind: Kind
    /// Its layer; that of the inputs is 0. A weight has the layer of the neuron it leads to.
    public var layer: Int
    /// Its value in the graph.
    public var node: NodeID
  }

  public let builder: GraphBuilder
  public let activation: ScalarActivation
  /// Inputs, then weights in the order of the layers, then neurons.
  public let variables: [Variable]
  /// The numbers of inputs and neurons, layer by layer; the last layer holds the output alone.
  public let layers: [[Int]]

  /// The number of the output among the variables.
  public var output: Int { layers[layers.count - 1][0] }
  /// The numbers of the weights.
  public var weights: [Int] {
    variables.indices.filter { if case .weight = variables[$0].kind { true } else { false } }
  }

  /// The lecture's network x₁, x₂ → z → h → a with the weights w, v and p; two neurons a layer.
  public static func lecture(activation: ScalarActivation) throws(QuernError) -> Self {
    try Self(
      widths: [2, 2, 2, 1], activation: activation, neurons: ["x", "z", "h", "a"],
      weights: ["w", "v", "p"])
  }

  /// A network of `width` inputs, `depth` layers of `width` neurons, and one output.
  public static func uniform(
    depth: Int, width: Int, activation: ScalarActivation
  ) throws(QuernError) -> Self {
    let names = (1...max(depth, 1)).map { "h\($0)." }
    return try Self(
      widths: [Int](repeating: width, count: depth + 1) + [1], activation: activation,
      neurons: ["x"] + names + ["a"], weights: (0...max(depth, 0)).map { "w\($0 + 1)." })
  }

  /// - Parameters:
  ///   - widths: neurons a layer, from the inputs to the output.
  ///   - activation: that of all neurons but the output.
  ///   - neurons: what the neurons of each layer are called; they are numbered from 1.
  ///   - weights: what the weights between layers are called; w₂₁ leads from neuron 2 to neuron 1.
  /// - Throws: `QuernError` where there are too few layers, an empty one, or several outputs.
  public init(
    widths: [Int], activation: ScalarActivation, neurons: [String], weights: [String]
  ) throws(QuernError) {
    guard widths.count >= 2, widths.allSatisfy({ $0 >= 1 }), widths[widths.count - 1] == 1,
      neurons.count == widths.count, weights.count == widths.count - 1
    else {
      throw QuernError(
        "scalar network",
        "its layers have \(widths) neurons, \(neurons.count) and "
          + "\(weights.count) names",
        remedy: "give at least 2 layers of at least 1 neuron, the last of 1, and each a name")
    }
    let builder = GraphBuilder()
    let layers = Self.layers(widths)
    let inputs = layers[0].map { number in
      Self.leaf(
        Self.name(neurons[0], [number + 1]), .input, layer: 0, .data, in: builder)
    }
    let matrices = Self.weights(weights, between: layers, in: builder)
    var variables = inputs + matrices.joined().joined()
    var before = inputs.map(\.node)
    for layer in 1..<widths.count {
      let isOutput = layer == widths.count - 1
      let made = try (0..<widths[layer]).map { j throws(QuernError) in
        let (name, symbol) = Self.name(neurons[layer], isOutput ? [] : [j + 1])
        let node = try Self.neuron(
          name, weights: matrices[layer - 1].map { $0[j].node }, inputs: before,
          activation: isOutput ? .linear : activation, in: builder)
        return Variable(name: name, symbol: symbol, kind: .neuron, layer: layer, node: node)
      }
      variables += made
      before = made.map(\.node)
    }
    self.builder = builder
    self.activation = activation
    self.variables = variables
    self.layers = layers
  }

  /// The numbers of inputs and neurons, layer by layer: neurons stand after all weights.
  private static func layers(_ widths: [Int]) -> [[Int]] {
    let weightCount = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    var layers = [Array(0..<widths[0])]
    var next = widths[0] + weightCount
    for width in widths.dropFirst() {
      layers.append(Array(next..<next + width))
      next += width
    }
    return layers
  }

  /// An input or weight.
  private static func leaf(
    _ names: (name: String, symbol: String), _ kind: Variable.Kind, layer: Int, _ role: Input.Role,
    in builder: GraphBuilder
  ) -> Variable {
    // Added without a check of the name, whose time would be quadratic in the number of names. Names
    // are unique by construction.
    let node = builder.add(.input(Input(names.name, role)), [], TensorType(.float32, []))
    return Variable(
      name: names.name, symbol: names.symbol, kind: kind, layer: layer, node: node)
  }

  /// - Returns: for each layer but the first, and each neuron of the layer before, the weights that
  ///   lead from it.
  private static func weights(
    _ stems: [String], between layers: [[Int]], in builder: GraphBuilder
  ) -> [[[Variable]]] {
    stems.indices.map { number in
      layers[number].indices.map { i in
        layers[number + 1].indices.map { j in
          leaf(
            name(stems[number], [i + 1, j + 1]),
            .weight(from: layers[number][i], to: layers[number + 1][j]), layer: number + 1,
            .parameter, in: builder)
        }
      }
    }
  }

  /// f(Σ weight · input).
  private static func neuron(
    _ name: String, weights: [NodeID], inputs: [NodeID], activation: ScalarActivation,
    in builder: GraphBuilder
  ) throws(QuernError) -> NodeID {
    try builder.labelled(name) { () throws(QuernError) -> NodeID in
      var sum: Tensor?
      for (weight, input) in zip(weights, inputs) {
        let product = try builder.tensor(weight) * builder.tensor(input)
        sum = if let earlier = sum { try earlier + product } else { product }
      }
      // A layer has at least one neuron, so there is a sum.
      return try activation.apply(to: sum ?? builder.constant(0)).id
    }
  }

  /// - Parameter indices: counted from 1; none for what is the only one.
  private static func name(_ stem: String, _ indices: [Int]) -> (name: String, symbol: String) {
    let separator = indices.contains { $0 > 9 } ? "," : ""
    let text = indices.map(String.init).joined(separator: separator)
    return (stem + text, stem + Symbols.below(text))
  }

  /// The number of the variable with a name, typed or as formulas write it.
  ///
  /// - Throws: `QuernError` where there is none, or it is the output; it lists those there are.
  public func variable(named name: String) throws(QuernError) -> Int {
    let typed = Symbols.typed(name)
    if let number = variables.firstIndex(where: { $0.name == typed }), number != output {
      return number
    }
    func list(_ numbers: [Int]) -> String {
      numbers.map { variables[$0].name }.joined(separator: ", ")
    }
    let others = variables.indices.filter { $0 != output && !weights.contains($0) }
    throw QuernError(
      name, "the network has no such weight",
      remedy: "use one of \(list(weights)), or a neuron: \(list(others))")
  }

  /// For each variable, the variables from which its value is computed directly. They are found by
  /// going back through the graph until a variable is met.
  public func operands() -> [[Int]] {
    let graph = builder.graph
    var numbers: [NodeID: Int] = [:]
    for (number, variable) in variables.enumerated() { numbers[variable.node] = number }
    return variables.map { variable in
      var found: [Int] = []
      var pending = Array(graph[variable.node].operands.reversed())
      while let id = pending.popLast() {
        if let number = numbers[id] {
          if !found.contains(number) { found.append(number) }
        } else {
          pending += graph[id].operands.reversed()
        }
      }
      return found
    }
  }

  /// For each variable, the neurons that read it directly.
  public func readers() -> [[Int]] {
    var readers = [[Int]](repeating: [], count: variables.count)
    for (number, operands) in operands().enumerated() {
      for operand in operands { readers[operand].append(number) }
    }
    return readers
  }
}
