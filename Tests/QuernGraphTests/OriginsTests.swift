import QuernErrors
import QuernGraph
import Testing

@Suite struct OriginsTests {
  private func origins(_ nodes: [Int], _ layers: [String] = []) -> Origins {
    Origins(nodes.map(NodeID.init), layers: layers)
  }

  @Test("A union has the nodes and layers of both, and the first one's label")
  func union() {
    let a = origins([7, 2, 7], ["conv1", "relu1", "conv1"])
    #expect(a.nodes == [NodeID(2), NodeID(7)])
    #expect(a.layers == ["conv1", "relu1"])
    let b = origins([9, 1, 7], ["relu1", "pool1"])
    #expect(a.union(b).nodes.map(\.index) == [1, 2, 7, 9])
    #expect(a.union(b).layers == ["conv1", "relu1", "pool1"])
    #expect(b.union(a).label == "relu1")
    #expect(Set(b.union(a).layers) == Set(a.union(b).layers))
    #expect(a.union(a) == a && a.union(origins([])) == a)
    for part in [a, b] { #expect(a.union(b).isSuperset(of: part)) }
    #expect(!a.isSuperset(of: b))
    #expect(!a.isSuperset(of: origins([2], ["pool1"])))
    #expect(!a.isSuperset(of: origins([3])))
  }

  @Test("Every union of small sets is right")
  func unionsOfAll() {
    for left in 0..<32 {
      for right in 0..<32 {
        let (a, b) = (
          (0..<5).filter { left >> $0 & 1 == 1 }, (0..<5).filter { right >> $0 & 1 == 1 }
        )
        let both = origins(a).union(origins(b))
        #expect(both.nodes.map(\.index) == Set(a + b).sorted())
        #expect(origins(a).isSuperset(of: origins(b)) == (left & right == right))
      }
    }
  }

  @Test("What belongs to no layer keeps no label, and still says for whom it is")
  func withoutLayer() {
    let none = origins([1])
    #expect(none.label == "" && none.layers == [] && none.description == "")
    let both = none.union(origins([2], ["conv1"]))
    #expect(both.label == "" && both.layers == ["conv1"] && both.description == "conv1")
    #expect(origins([2], ["conv1"]).union(none).layers == ["conv1"])
    #expect(origins([]).isEmpty && !none.isEmpty)
  }

  @Test("A part brings its layer, unless it was made for this one too")
  func absorbing() {
    var conv = origins([3], ["conv1"])
    conv.absorb(origins([1], ["pad1", "other"]))
    #expect(conv.layers == ["conv1", "pad1", "other"])
    var second = origins([5], ["conv2"])
    second.absorb(origins([2], ["conv1", "conv2"]))
    #expect(second.layers == ["conv2"] && second.nodes == [NodeID(2), NodeID(5)])
    second.absorb(constant: origins([0], ["conv3", "conv4"]))
    #expect(second.layers == ["conv2"] && second.nodes.count == 3)
  }

  @Test("A copy is named by what it is for")
  func named() {
    let copy = origins([4], ["conv1"]).named("output")
    #expect(copy.label == "output" && copy.layers == ["output", "conv1"])
    #expect(copy.nodes == [NodeID(4)])
    #expect(origins([4]).named("update").layers == ["update"])
  }

  @Test("Of many layers the first few are printed")
  func text() {
    func text(_ count: Int) -> String {
      origins([0], (0..<count).map { "l\($0)" }).description
    }
    #expect(text(5) == "l0, l1, l2, l3, l4")
    #expect(text(6) == "l0, l1, l2, l3 and 2 more")
  }

  // MARK: In graphs

  @Test("In the graph as it is built each node comes from itself, and is for all who asked for it")
  func builder() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [3])
    for layer in ["a", "b", "a"] {
      try builder.labelled(layer) { () throws(QuernError) in _ = try x.tanh() }
    }
    _ = try x.tanh()
    let graph = builder.graph
    #expect(graph.nodes.count == 2)
    for id in graph.ids { #expect(graph[id].origins.nodes == [id]) }
    #expect(graph.nodes[1].origins.layers == ["a", "b"] && graph.nodes[1].label == "a")
    #expect(graph.description.hasSuffix("tanh(%0)    // a, b"))
    #expect(graph.dot.contains("a, b\\ntanh"))
    try graph.verify()
  }

  @Test("A graph that is built on is the given one, whatever passes made of it")
  func goingOn() throws {
    let builder = GraphBuilder()
    let x = try builder.labelled("a") { () throws(QuernError) in try builder.input("x", [3]) }
    _ = try x.tanh()
    var graph = builder.graph
    graph.nodes[0].origins = origins([40, 41], ["a", "b"])
    let next = GraphBuilder(graph).graph
    #expect(next.nodes[0].origins == origins([0], ["a", "b"]))
    #expect(next.nodes[1].origins == origins([1]))
  }

  @Test("A node without origins is refused")
  func verification() throws {
    let builder = GraphBuilder()
    try builder.output("y", try builder.input("x", [3]).tanh())
    let wrongs = [("has no origins", origins([])), ("comes from node %-1", origins([-1, 0]))]
    for (message, wrong) in wrongs {
      var graph = builder.graph
      graph.nodes[1].origins = wrong
      let error = #expect(throws: QuernError.self) { try graph.verify() }
      #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }
  }
}
