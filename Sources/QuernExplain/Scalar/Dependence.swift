import QuernExecution
import QuernGraph
import QuernRandom

/// Whether the derivative of the output by one variable depends on a weight. This is the lecture's
/// quiz, answered from the graph and by measuring.
public struct Dependence: Hashable, Sendable, Encodable {
  /// How the gradient's graph reads the weight.
  public enum Reach: String, Hashable, Sendable, Codable {
    /// A change of the weight changes the derivative.
    case value
    /// Only comparisons read it: the derivative changes where the weight switches a ReLU.
    case switching
    /// Nothing that the derivative is computed from reads it.
    case none
  }

  /// `w11`.
  public var weight: String
  /// `w₁₁`.
  public var symbol: String
  /// Whether the weight lies on a path: it leads from one neuron of the path to the next.
  public var isOnPath: Bool
  public var reach: Reach
  /// Random points at which the weight was changed.
  public var trials: Int
  /// Those of them at which the derivative changed.
  public var changes: Int
}

extension Backprop {
  /// For every weight, whether the derivative of the output by `variable` depends on it.
  ///
  /// The graph's answer: whether the derivative's node is computed from the weight. The measured
  /// answer: whether the derivative changes at all where the weight grows by a half, at random
  /// points with weights and inputs from −1 to 1.
  ///
  /// - Parameters:
  ///   - variable: the number of the variable by which is derived.
  ///   - trials: random points for each weight.
  ///   - seed: equal seeds give equal points.
  ///   - options: how the derivative is computed.
  public func dependences(
    of variable: Int, trials: Int = 64, seed: UInt64 = 1, _ options: ExecutionOptions
  ) throws -> [Dependence] {
    let name = derivative(by: variable)
    guard let root = gradientGraph.output(named: name) else { return [] }
    let all = gradientGraph.inputNames(reachableFrom: root, comparisons: .followed)
    let smooth = gradientGraph.inputNames(reachableFrom: root, comparisons: .ignored)
    let edges = Set(
      network.paths(from: variable).flatMap { zip($0, $0.dropFirst()).map(Edge.init) })

    let graph = gradientGraph.with(outputs: [.init(name: name, node: root)])
    let executable = try options.makeExecutable(graph)
    var random = SeededGenerator(seed: seed)
    return try network.weights.map { number in
      let weight = network.variables[number]
      let reach: Dependence.Reach =
        smooth.contains(weight.name) ? .value : all.contains(weight.name) ? .switching : .none
      var isOnPath = false
      if case .weight(let from, let to) = weight.kind { isOnPath = edges.contains(Edge(from, to)) }
      var changes = 0
      for _ in 0..<trials {
        var value: Float = 0
        for (_, input, _) in graph.inputs {
          let number = random.nextFloat(in: -1...1)
          if input.name == weight.name { value = number }
          try executable.write(input.name, number)
        }
        try executable.run()
        let before = try executable.floats(name)[0]
        try executable.write(weight.name, value + 0.5)
        try executable.run()
        // Equal inputs give equal bits, so any difference comes from the weight.
        if try executable.floats(name)[0] != before { changes += 1 }
      }
      return Dependence(
        weight: weight.name, symbol: weight.symbol, isOnPath: isOnPath, reach: reach,
        trials: trials, changes: changes)
    }
  }

  private struct Edge: Hashable {
    var from: Int
    var to: Int
    init(_ from: Int, _ to: Int) { (self.from, self.to) = (from, to) }
  }
}

extension Graph {
  /// What a search for inputs does at a comparison.
  enum Comparisons {
    /// It goes on to what is compared.
    case followed
    /// It ends: a value moves only where a comparison turns out otherwise.
    case ignored
  }

  /// The names of the inputs that a node is computed from.
  func inputNames(reachableFrom root: NodeID, comparisons: Comparisons) -> Set<String> {
    var visited: Set<NodeID> = [root]
    var pending = [root]
    var names: Set<String> = []
    while let id = pending.popLast() {
      let node = self[id]
      switch node.op {
      case .input(let input): names.insert(input.name)
      case .elementwise(.less), .elementwise(.lessOrEqual), .elementwise(.equal):
        if comparisons == .ignored { continue }
      default: break
      }
      for operand in node.operands where visited.insert(operand).inserted {
        pending.append(operand)
      }
    }
    return names
  }
}

extension SeededGenerator {
  /// A number drawn uniformly from a range, made of 24 random bits.
  mutating func nextFloat(in range: ClosedRange<Float>) -> Float {
    let unit = Float(next() >> 40) * 0x1p-24
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }
}
