import QuernErrors
import QuernExecution
import QuernGradient
import QuernGraph
import QuernPasses

/// The derivatives of a scalar network's output, as formulas and as numbers. Each can be had in two
/// ways: as the sum over paths that the chain rule gives, and as backpropagation computes it.
///
/// All of it comes from the graph: derivatives are nodes that `gradient(of:withRespectTo:)` makes,
/// paths are those of the graph, and formulas are nodes written out.
public struct Backprop {
  /// A path from a variable to the output, as a product of partials.
  public struct Path: Hashable, Sendable {
    /// The numbers of the variables, from the one by which is derived to the output.
    public var variables: [Int]
    /// `∂a/∂h₁`, `∂h₁/∂z₁`, …, from the output back.
    public var partials: [String]
    /// The product with each partial derivative written out: `p₁₁ · h₁ · (1 − h₁) · v₁₁ · x₁`.
    public var formula: String
  }

  public let network: ScalarNetwork
  /// The simplified graph. Its outputs are every neuron under its name, the derivative of the
  /// network's output by every variable (``derivative(by:)``), and the partial derivative of every
  /// neuron by what it reads directly (``partial(of:by:)``).
  public let graph: Graph
  /// ``graph`` with only the network's output and its derivatives: what backpropagation computes.
  public let gradientGraph: Graph
  private let direct: [[Int]]
  private let writer: FormulaWriter
  /// A writer as ``writer``, in whose formulas derivatives by neurons have names too.
  private let sharing: FormulaWriter

  /// The name of the output with the derivative by a variable: `da/dw11`.
  public func derivative(by variable: Int) -> String { partial(of: network.output, by: variable) }

  /// The derivative of the network's output, `∂a/∂w₁₁`.
  public func symbol(by variable: Int) -> String {
    Symbols.partial(of: symbol(network.output), by: symbol(variable))
  }

  /// The name of the output with a neuron's partial by a variable it reads: `dh1/dz1`.
  public func partial(of neuron: Int, by variable: Int) -> String {
    network.partialName(of: neuron, by: variable)
  }

  private func symbol(_ variable: Int) -> String { network.variables[variable].symbol }

  /// - Throws: `QuernError` where the network's graph cannot be differentiated.
  public init(_ network: ScalarNetwork) throws(QuernError) {
    self.network = network
    let variables = network.variables
    let output = network.output
    direct = network.operands()

    // Every derivative of the output in one backward pass.
    let builder = try network.differentiated()
    gradientGraph = simplify(builder.graph)
    func name(_ whole: Int, _ part: Int) -> String { network.partialName(of: whole, by: part) }

    // Each neuron's partial derivatives by what it reads.
    for number in variables.indices
    where variables[number].kind == .neuron && number != output {
      try builder.output(variables[number].name, builder.tensor(variables[number].node))
      let partials = try gradient(
        of: builder.tensor(variables[number].node),
        withRespectTo: direct[number].map { builder.tensor(variables[$0].node) })
      for (operand, partial) in zip(direct[number], partials) {
        try builder.output(name(number, operand), partial)
      }
    }
    let graph = simplify(builder.graph)
    self.graph = graph

    var names: [NodeID: String] = [:]
    for variable in variables {
      let node = graph.input(named: variable.name) ?? graph.output(named: variable.name)
      if let node { names[node] = variable.symbol }
    }
    writer = FormulaWriter(graph, names: names)
    for number in variables.indices
    where variables[number].kind == .neuron && number != output {
      guard let node = graph.output(named: name(output, number)), names[node] == nil else {
        continue
      }
      names[node] = Symbols.partial(of: variables[output].symbol, by: variables[number].symbol)
    }
    sharing = FormulaWriter(graph, names: names)
  }

  // MARK: Formulas

  /// A neuron's formula: `σ(w₁₁ · x₁ + w₂₁ · x₂)`.
  public func formula(ofNeuron neuron: Int) -> String {
    written(network.variables[neuron].name, writer)
  }

  /// A neuron's partial by a variable it reads, written out: `h₁ · (1 − h₁) · v₁₁`.
  public func formula(ofPartialOf neuron: Int, by variable: Int) -> String {
    written(partial(of: neuron, by: variable), writer)
  }

  /// The derivative of the output as backpropagation computes it, in variables alone.
  public func formula(ofDerivativeBy variable: Int) -> String {
    written(derivative(by: variable), writer)
  }

  /// The same, written with the derivatives by neurons that are known already:
  /// `∂a/∂z₁ · z₁ · (1 − z₁) · x₁`.
  public func sharedFormula(ofDerivativeBy variable: Int) -> String {
    written(derivative(by: variable), sharing)
  }

  private func written(_ name: String, _ writer: FormulaWriter) -> String {
    guard let node = graph.output(named: name) else { return name }
    // A derivative that equals a variable, such as ∂a/∂p₁₁ = h₁, is written as that variable.
    let isVariable =
      writer.names[node].map { !$0.hasPrefix("∂") } == true
      && !network.variables.contains { $0.name == name }
    return writer.formula(of: node, as: isVariable ? .name : .definition)
  }

  /// The derivative by a variable as the sum over paths.
  public func paths(by variable: Int) -> [Path] {
    network.paths(from: variable).map { path in
      let steps = zip(path.dropFirst(), path).reversed()
      return Path(
        variables: path,
        partials: steps.map { Symbols.partial(of: symbol($0), by: symbol($1)) },
        formula: steps.map { factor(partial(of: $0, by: $1)) }.joined(separator: " · "))
    }
  }

  /// A partial as a factor of a product.
  private func factor(_ name: String) -> String {
    guard let node = graph.output(named: name) else { return name }
    return writer.factor(node)
  }

  /// The derivative by a neuron or input, from those by the layer that follows:
  /// `∂a/∂h₁ · ∂h₁/∂z₁ + …`. The first factor of each product is known already.
  public func recursion(by variable: Int) -> String {
    network.readers()[variable].map { reader in
      let step = Symbols.partial(of: symbol(reader), by: symbol(variable))
      return reader == network.output ? step : "\(symbol(by: reader)) · \(step)"
    }.joined(separator: " + ")
  }

  /// How many nodes of ``graph`` compute a neuron's partial derivative by a variable it reads. It is
  /// one, since equal nodes are made once: all products with this factor read the same node.
  public func nodeCount(ofPartialOf neuron: Int, by variable: Int) -> Int {
    guard let id = graph.output(named: partial(of: neuron, by: variable)) else { return 0 }
    let node = graph[id]
    return graph.nodes.count {
      $0.op == node.op && $0.operands == node.operands && $0.type == node.type
    }
  }

  /// Operations of the forward pass, and those that the derivatives by all weights, neurons and
  /// inputs take in addition.
  public var operationCounts: (forward: Int, backward: Int) {
    let output = network.variables[network.output].name
    let forward = gradientGraph.output(named: output).map { gradientGraph.operationCount(of: [$0]) }
    let all = gradientGraph.operationCount(of: gradientGraph.roots)
    return (forward ?? 0, all - (forward ?? 0))
  }

  // MARK: Numbers

  /// Every output of ``graph`` at a point, by compiled kernels.
  ///
  /// - Parameters:
  ///   - point: the value of each input and weight by its name.
  ///   - options: how the graph is run.
  /// - Throws: `QuernError` where a value is missing; what compiling throws.
  public func values(
    at point: [String: Float], _ options: ExecutionOptions
  ) throws -> [String: Float] {
    let executable = try options.makeExecutable(graph)
    for (_, input, _) in graph.inputs {
      guard let value = point[input.name] else {
        throw QuernError(input.name, "it has no value", remedy: "give it one")
      }
      try executable.write(input.name, value)
    }
    try executable.run()
    var values = point
    for output in graph.outputs { values[output.name] = try executable.floats(output.name)[0] }
    return values
  }
}
