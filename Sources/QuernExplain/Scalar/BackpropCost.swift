import QuernErrors
import QuernGraph
import QuernPasses

/// What all derivatives of a scalar network cost: along every path, and by backpropagation.
///
/// Both are counted on one graph. The number of paths comes from going back through it; the
/// operations of backpropagation are the nodes of its gradient's graph.
public struct BackpropCost: Sendable, Encodable {
  /// Layers of neurons between the inputs and the output.
  public var depth: Int
  /// Neurons in each, and inputs.
  public var width: Int
  public var weights: Int
  /// Paths from the first weight to the output.
  public var pathsOfOneWeight: PathCount
  /// Paths from all weights to the output.
  public var paths: PathCount
  /// Multiplications and additions that turn known partials into the derivatives by all weights, if
  /// each path's product is computed by itself.
  public var pathOperations: PathCount
  /// Operations of the forward pass.
  public var forwardOperations: Int
  /// Operations that the derivatives by all weights take beyond the forward pass, partials included.
  public var backpropOperations: Int

  /// The most weights a network to be counted may have: a second's work.
  public static let maximumWeights = 50_000

  /// - Throws: `QuernError` where depth or width are not positive, or the network is too large.
  public init(depth: Int, width: Int, activation: ScalarActivation) throws(QuernError) {
    guard depth >= 1, width >= 1 else {
      throw QuernError(
        "cost", "a network of depth \(depth) and width \(width)", remedy: "give at least 1 of each")
    }
    let (square, tooWide) = width.multipliedReportingOverflow(by: width)
    let (weights, tooDeep) = square.multipliedReportingOverflow(by: depth)
    guard !tooWide, !tooDeep, weights <= Self.maximumWeights else {
      throw QuernError(
        "cost", "depth \(depth) and width \(width) make more than \(Self.maximumWeights) weights",
        remedy: "give less depth or width")
    }
    self.depth = depth
    self.width = width
    let network = try ScalarNetwork.uniform(depth: depth, width: width, activation: activation)
    self.weights = network.weights.count

    let counts = network.pathCounts()
    pathsOfOneWeight = counts[network.weights[0]].paths
    paths = network.weights.reduce(PathCount(0)) { $0 + counts[$1].paths }
    // A product of n factors takes n − 1 multiplications, a sum of m terms m − 1 additions.
    pathOperations = network.weights.reduce(PathCount(0)) { sum, weight in
      let (paths, factors) = counts[weight]
      return sum + (factors - paths) + (paths - PathCount(1))
    }

    let inputs = network.variables.filter { $0.kind == .input }.map(\.name)
    var graph = try network.differentiated().graph
    // Training derives by weights, not by inputs.
    let unwanted = Set(inputs.map { "d\(network.variables[network.output].name)/d\($0)" })
    graph.outputs.removeAll { unwanted.contains($0.name) }
    graph = simplify(graph)
    let value = graph.outputs[0].node
    forwardOperations = graph.operationCount(of: [value])
    backpropOperations = graph.operationCount(of: graph.roots) - forwardOperations
  }
}
