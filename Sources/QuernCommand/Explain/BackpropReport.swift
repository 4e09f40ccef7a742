import Quern
import QuernExplain

/// What `quern explain backprop` prints.
struct BackpropReport: Encodable {
  struct Term: Encodable {
    /// `z1 → h1 → a`.
    var path: String
    var partials: String
    var formula: String
    var value: Float
  }

  struct Derivative: Encodable {
    /// `∂a/∂w₁₁`.
    var derivative: String
    var terms: [Term]
    /// As backpropagation computes it: from derivatives that are known, and in variables alone.
    var shared: String
    var formula: String
    var value: Float
    var dependences: [Dependence]
  }

  struct LayerRow: Encodable {
    var derivative: String
    /// The sum over paths, as the slide writes it; the same with what the layer before has found.
    var paths: String
    var shared: String
    var value: Float
  }

  /// How often a partial stands in the sums over paths of all weights, and how many nodes of the
  /// graph compute it.
  struct Use: Encodable {
    var partial: String
    var formula: String
    var value: Float
    var uses: Int
    var nodes: Int
  }

  struct Neuron: Encodable {
    var name: String
    var formula: String
    var value: Float
  }

  var activation: ScalarActivation
  var point: [String: Float]
  var neurons: [Neuron]
  var derivatives: [Derivative]
  /// From the output back; not there where one derivative was asked for.
  var layers: [[LayerRow]]
  var partials: [Use]
  /// Of the forward pass, and beyond it of all derivatives.
  var forwardOperations: Int
  var backpropOperations: Int
  private var drawing: [String] = []
  private var values: [(symbol: String, value: Float)] = []

  enum CodingKeys: CodingKey {
    case activation, point, neurons, derivatives, layers, partials
    case forwardOperations, backpropOperations
  }

  init(
    _ backprop: Backprop, point: [String: Float], chosen: Int?, seed: UInt64,
    _ options: ExecutionOptions
  ) throws {
    let reader = BackpropReader(
      backprop: backprop, values: try backprop.values(at: point, options))
    activation = backprop.network.activation
    self.point = point
    values = backprop.network.variables.filter { $0.kind != .neuron }
      .map { ($0.symbol, reader.value($0.name)) }
    neurons = reader.neurons()
    drawing = TerminalNetwork.lines(backprop.network)

    // The lecture asks for the first weight of each layer, from the output back.
    let asked =
      try chosen.map { [$0] }
      ?? ["p11", "v11", "w11"].map { try backprop.network.variable(named: $0) }
    derivatives = try asked.map { number in
      reader.derivative(
        by: number,
        // The quiz is about the weights of the first layer, the last one asked for.
        dependences: number == asked[asked.count - 1]
          ? try backprop.dependences(of: number, seed: seed, options) : [])
    }
    (forwardOperations, backpropOperations) = backprop.operationCounts
    layers = chosen == nil ? reader.layers() : []
    partials = chosen == nil ? reader.partials() : []
  }

  // MARK: Text

  var lines: [String] {
    var lines = drawing
    lines += ["", activation.definition]
    lines += neurons.map { "\($0.name) = \($0.formula) = \(Self.text($0.value))" }
    lines.append(
      "at " + values.map { "\($0.symbol) = \(Self.text($0.value))" }.joined(separator: ", "))
    for derivative in derivatives { lines += Self.lines(derivative) }
    if !layers.isEmpty { lines += layerLines }
    if !partials.isEmpty { lines += partialLines }
    return lines
  }

  private static func lines(_ derivative: Derivative) -> [String] {
    let sum = derivative.terms.map(\.partials).joined(separator: " + ")
    // A weight of the last layer has one path of one partial: itself.
    var lines = [
      "", sum == derivative.derivative ? sum : "\(derivative.derivative) = \(sum)",
    ]
    if derivative.terms.count > 1 || derivative.terms[0].formula != derivative.formula {
      for term in derivative.terms {
        lines.append("  \(term.path):  \(term.formula) = \(text(term.value))")
      }
      lines.append("  their sum: \(text(derivative.terms.reduce(0) { $0 + $1.value }))")
      if derivative.shared != derivative.formula {
        lines.append("  backpropagation: \(derivative.shared)")
      }
      lines.append("  = \(derivative.formula) = \(text(derivative.value))")
    } else {
      lines.append("  = \(derivative.formula) = \(text(derivative.value))")
    }
    guard !derivative.dependences.isEmpty else { return lines }
    lines += ["", "Does \(derivative.derivative) depend on …"]
    var table = TextTable([
      ("weight", .left), ("", .left), ("because, in the gradient's graph,", .left),
      ("it changed at", .right),
    ])
    for dependence in derivative.dependences {
      table.add([
        dependence.symbol, dependence.reach == .none ? "no" : "yes", reason(dependence),
        "\(dependence.changes) of \(dependence.trials) points",
      ])
    }
    return lines + table.lines
  }

  private static func reason(_ dependence: Dependence) -> String {
    switch dependence.reach {
    case .none: "nothing leads from it to the derivative"
    case .switching: "it can switch a ReLU, which is then on or off"
    case .value:
      dependence.isOnPath
        ? "it is on a path" : "it moves the sums at which f′ is taken"
    }
  }

  private var layerLines: [String] {
    var lines = ["", "Back through the graph, layer by layer:"]
    for (number, layer) in layers.enumerated() {
      for (place, row) in layer.enumerated() {
        let front = place == 0 ? "\(layers.count - number): " : "   "
        let indent = String(repeating: " ", count: 3 + row.derivative.count)
        let forms = [row.paths, row.shared].filter { $0 != row.derivative }
        lines.append("\(front)\(row.derivative) = \(forms[0])")
        if forms.count > 1, forms[0] != forms[1] { lines.append("\(indent) = \(forms[1])") }
        lines.append("\(indent) = \(Self.text(row.value))")
      }
    }
    return lines
  }

  private var partialLines: [String] {
    var table = TextTable([
      ("partial", .left), ("formula", .left), ("value", .right), ("in products of paths", .right),
      ("nodes", .right),
    ])
    for use in partials {
      table.add([use.partial, use.formula, Self.text(use.value), "\(use.uses)", "\(use.nodes)"])
    }
    table.rule()
    let total = partials.reduce(0) { $0 + $1.uses }
    let nodes = partials.reduce(0) { $0 + $1.nodes }
    table.add(["\(partials.count) partials", "", "", "\(total)", "\(nodes)"])
    return ["", "Many formulas share their factors; the graph holds each once:"] + table.lines + [
      "the forward pass takes \(forwardOperations) operations, all derivatives "
        + "\(backpropOperations) more; see 'quern explain cost' for deeper networks"
    ]
  }

  /// Four decimals at most.
  private static func text(_ value: Float) -> String {
    guard value.isFinite else { return "–" }
    if value != 0, abs(value) < 1e-3 || abs(value) >= 1e6 { return "\(value)" }
    var text = Numbers.fixed(Double(value), 4)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text.replacing("-", with: "−")
  }
}

/// The report's parts, read from derivatives and their values at a point.
private struct BackpropReader {
  let backprop: Backprop
  let values: [String: Float]

  private var network: ScalarNetwork { backprop.network }
  private var variables: [ScalarNetwork.Variable] { network.variables }

  /// Of a variable or derivative, by its name.
  func value(_ name: String) -> Float { values[name] ?? .nan }

  func neurons() -> [BackpropReport.Neuron] {
    variables.indices.filter { variables[$0].kind == .neuron }.map {
      BackpropReport.Neuron(
        name: variables[$0].symbol, formula: backprop.formula(ofNeuron: $0),
        value: value(variables[$0].name))
    }
  }

  func derivative(by number: Int, dependences: [Dependence]) -> BackpropReport.Derivative {
    BackpropReport.Derivative(
      derivative: backprop.symbol(by: number), terms: backprop.paths(by: number).map(term),
      shared: backprop.sharedFormula(ofDerivativeBy: number),
      formula: backprop.formula(ofDerivativeBy: number),
      value: value(backprop.derivative(by: number)), dependences: dependences)
  }

  private func term(_ path: Backprop.Path) -> BackpropReport.Term {
    BackpropReport.Term(
      path: path.variables.map { variables[$0].symbol }.joined(separator: " → "),
      partials: path.partials.joined(separator: " · "), formula: path.formula,
      value: zip(path.variables.dropFirst(), path.variables).reduce(1) {
        $0 * value(backprop.partial(of: $1.0, by: $1.1))
      })
  }

  /// The derivatives by all neurons and inputs, from the output back.
  func layers() -> [[BackpropReport.LayerRow]] {
    network.layers.dropLast().reversed().map { layer in
      layer.map { number in
        BackpropReport.LayerRow(
          derivative: backprop.symbol(by: number),
          paths: backprop.paths(by: number).map { $0.partials.joined(separator: " · ") }
            .joined(separator: " + "),
          shared: layer == network.layers[network.layers.count - 2]
            ? backprop.formula(ofDerivativeBy: number) : backprop.recursion(by: number),
          value: value(backprop.derivative(by: number)))
      }
    }
  }

  /// The partials that stand in the sums over paths of all weights, from the output back.
  func partials() -> [BackpropReport.Use] {
    var uses: [String: Int] = [:]
    for weight in network.weights {
      for partial in backprop.paths(by: weight).flatMap(\.partials) {
        uses[partial, default: 0] += 1
      }
    }
    return network.operands().enumerated().reversed().flatMap { neuron, operands in
      operands.compactMap { operand in
        let symbol = Symbols.partial(of: variables[neuron].symbol, by: variables[operand].symbol)
        return uses[symbol].map {
          BackpropReport.Use(
            partial: symbol, formula: backprop.formula(ofPartialOf: neuron, by: operand),
            value: value(backprop.partial(of: neuron, by: operand)), uses: $0,
            nodes: backprop.nodeCount(ofPartialOf: neuron, by: operand))
        }
      }
    }
  }
}
