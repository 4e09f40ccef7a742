import QuernErrors
import QuernGraph
import QuernInterpreter
import Testing

@Suite struct InterpreterTests {
  @Test("Updates are applied after everything is computed, and read old values")
  func updates() throws {
    let builder = GraphBuilder()
    let a = try builder.input("a", [2], role: .parameter)
    let b = try builder.input("b", [2], role: .state)
    let rate = try builder.input("rate", [], role: .hyperparameter)
    try builder.update(a, to: b)
    try builder.update(b, to: a)
    try builder.output("sum", try a + b * rate)
    try builder.output("before", a)
    let interpreter = try Interpreter<Float>(builder.graph)
    try interpreter.setValues("a", [1, 2])
    try interpreter.setValues("b", [3, 4])
    try interpreter.write("rate", 10)
    try interpreter.run()
    #expect(try interpreter.floats("sum") == [31, 42])
    #expect(try interpreter.floats("a") == [3, 4])
    #expect(try interpreter.floats("b") == [1, 2])
    #expect(try interpreter.floats("before") == [1, 2])
    try interpreter.run()
    #expect(try interpreter.floats("sum") == [13, 24])
  }

  @Test func everyNodeCanBeAskedFor() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2])
    let square = try x * x
    try builder.output("y", square.sum())
    let interpreter = try Interpreter<Double>(builder.graph)
    try interpreter.setValues("x", [3, 1e-9])
    try interpreter.run()
    #expect(interpreter.value(of: square.id) == [9, 1e-18])
    #expect(try interpreter.values("y") == [9 + 1e-18])
  }

  @Test func badNamesAndSizes() throws {
    let builder = GraphBuilder()
    let x = try builder.input("x", [2])
    let labels = try builder.input("labels", [2], .int32)
    try builder.output("y", try x + labels.toFloat())
    let interpreter = try Interpreter<Float>(builder.graph)
    #expect(throws: QuernError.self) { try interpreter.setValues("z", [1, 2]) }
    #expect(throws: QuernError.self) { try interpreter.write("x", [1, 2, 3] as [Float]) }
    #expect(throws: QuernError.self) { try interpreter.write("labels", [1.0, 2] as [Float]) }
    #expect(throws: QuernError.self) { try interpreter.setValues("labels", [0.5, 1]) }
    #expect(throws: QuernError.self) { try interpreter.floats("z") }
    #expect(throws: QuernError.self) { try interpreter.setValues("y", [1, 2]) }
  }

  @Test("Graphs that are wrong are refused")
  func verify() throws {
    func expectWrong(_ problem: String, _ change: (inout Graph) -> Void) throws {
      let builder = GraphBuilder()
      let x = try builder.input("x", [2, 3], role: .parameter)
      let y = try (x * 2).transposed([1, 0])
      try builder.output("y", y)
      try builder.update(x, to: x * 0.5)
      var graph = builder.graph
      try graph.verify()
      change(&graph)
      #expect {
        try graph.verify()
      } throws: { error in
        (error as? QuernError)?.description.contains(problem) ?? false
      }
      #expect(throws: QuernError.self) { try Interpreter<Float>(graph) }
    }
    func movement(_ graph: Graph) -> Int {
      graph.nodes.firstIndex { $0.op.name == "movement" } ?? 0
    }
    try expectWrong("come before") { $0.nodes[$0.nodes.count - 1].operands[0] = NodeID(99) }
    try expectWrong("its op makes") { $0.nodes[movement($0)].type.shape = [2, 3] }
    try expectWrong("names axis 7 of 2") { graph in
      graph.nodes[movement(graph)].op = .contraction(
        Contraction(
          axes: [Axis("a", 3), Axis("b", 2)], outputRank: 2,
          factors: [.init([.axis(7), .axis(0)])]))
    }
    try expectWrong("extent 0") { graph in
      graph.nodes[movement(graph)].op = .contraction(
        Contraction(
          axes: [Axis("a", 3), Axis("b", 0)], outputRank: 2,
          factors: [.init([.axis(1), .axis(0)])]))
    }
    try expectWrong("1 indices") { graph in
      graph.nodes[movement(graph)].op = .contraction(
        Contraction(
          axes: [Axis("a", 3), Axis("b", 2)], outputRank: 2, factors: [.init([.axis(1)])]))
    }
    try expectWrong("updated twice") { $0.updates.append($0.updates[0]) }
    try expectWrong("is not an input") { $0.updates[0].input = NodeID(1) }
    try expectWrong("two outputs") { $0.outputs.append($0.outputs[0]) }
    try expectWrong("does not take operands") { graph in
      let index = movement(graph)
      graph.nodes[index].op = .elementwise(.toInt)
      graph.nodes[index].operands = []
    }
  }
}
