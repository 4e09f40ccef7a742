import QuernCompiler
import QuernErrors
import QuernGraph
import QuernLayers
import QuernPasses
import QuernRuntime
import QuernTestSupport
import QuernTraining
import QuernVectors
import Testing

/// Every pass keeps account of which nodes of the given graph its form comes from.
@Suite struct OriginsTests {
  /// Nodes that outputs or updates are computed from.
  private func needed(_ graph: Graph) -> Set<NodeID> {
    var needed = Set(graph.roots)
    for id in graph.ids.reversed() where needed.contains(id) {
      needed.formUnion(graph[id].operands)
    }
    return needed
  }

  /// What no kernel computes: inputs, and other shapes of them or of computed tensors that only outputs
  /// ask for.
  private func nobodys(_ views: ViewedGraph) -> Set<NodeID> {
    let (graph, users) = (views.graph, views.graph.users)
    var result: Set<NodeID> = []
    for id in graph.ids.reversed() {
      switch graph[id].op {
      case .input: result.insert(id)
      case .reshape where !views.copied.contains(id) && result.isSuperset(of: users[id.index]):
        result.insert(id)
      default: break
      }
    }
    return result
  }

  /// - Parameter layers: none of which may be forgotten.
  private func check(
    _ graph: Graph, _ options: CompilerOptions, _ name: String, layers: Set<String> = []
  ) throws {
    let needed = needed(graph)
    // What passes have made an input of, or a shape that is only asked for, has no kernel.
    var uncomputed: [Origins] = []
    try Compiler(options).run(
      graph,
      observe: { run in
        if let groups = run.output as? FusedGraph {
          uncomputed = nobodys(groups.views).map { groups.views.graph[$0].origins }
        }
        // C has no parts of which one could ask.
        if run.pass.name == Pass.all.last?.name { return }
        let isOfNodes =
          run.output is Graph || run.output is ViewedGraph || run.output is FusedGraph
        let origins = run.output.origins + (isOfNodes ? [] : uncomputed)
        for id in needed.subtracting(origins.flatMap(\.nodes)).sorted() {
          Issue.record("\(name), \(run.pass.name): \(id) \(graph[id].op.name) \(graph[id].label)")
        }
        let lost = layers.subtracting(origins.flatMap(\.layers))
        #expect(lost.isEmpty, "\(name), \(run.pass.name)")
      })
  }

  @Test("No node of a random graph is forgotten", arguments: 0..<150)
  func randomGraphs(seed: Int) throws {
    let graph = try RandomGraph(seed: seed).graph
    let options = CompileOptions.varied(seed: seed, target: .avx2, threads: 1 + seed % 3)
    try check(graph, options.passes, "seed \(seed)")
  }

  @Test("No node of a model is forgotten", arguments: BuiltInModel.allCases)
  func models(_ model: BuiltInModel) throws {
    let step = try TrainingStep(model.network(), optimizer: SGD(), batchSize: 16)
    let layers = Set(step.graph.nodes.flatMap(\.origins.layers))
    #expect(layers.count > 4)
    try check(step.graph, CompilerOptions(target: .avx2, threads: 2), model.name, layers: layers)
  }

  /// A graph whose last pass gives one node other origins.
  private func run(_ origins: Origins) throws {
    let b = GraphBuilder()
    try b.output("y", try b.input("x", [2]).tanh())
    var options = CompilerOptions()
    options.verifies = true
    let pass = Pass("forge", "gives a node other origins") { (graph: Graph, _) in
      var forged = graph
      forged.nodes[1].origins = origins
      return forged
    }
    try Compiler(options, passes: [pass]).run(b.graph)
  }

  @Test("A pass that drops or makes up origins is found")
  func forgery() throws {
    try run(Origins([NodeID(0), NodeID(1)]))
    let wrongs = [("has no origins", Origins()), ("%2 is none of", Origins([NodeID(2)]))]
    for (message, origins) in wrongs {
      let error = #expect(throws: VerificationError.self) { try run(origins) }
      #expect(error?.pass == "forge")
      #expect(error?.error.contains(message) == true, "\(String(describing: error))")
    }
  }

  @Test("Kernels without origins, or without those of a node, are found")
  func kernels() throws {
    let b = GraphBuilder()
    let sum = try b.labelled("sum") { () throws(QuernError) in
      try b.input("x", [4, 6]).sum(over: [1])
    }
    try b.output("y", try b.labelled("wave") { () throws(QuernError) in try sum.tanh() })
    let sound = try lower(b.graph)
    try sound.verify()
    #expect(
      sound.kernels.map(\.origins) == [
        Origins(b.graph.ids.dropFirst().map { $0 }, layers: ["sum", "wave"])
      ])
    for origins in [Origins(), Origins([NodeID(1)], layers: ["sum"])] {
      var broken = sound
      broken.kernels[0].origins = origins
      #expect(throws: QuernError.self) { try broken.verify() }
    }
  }
}
