import QuernCompiler
import QuernErrors
import QuernGraph
import QuernPasses
import Testing

/// The list of passes, and the driver that runs it.
@Suite struct PassTests {
  @Test("Each pass takes what the one before it makes, and names are unique")
  func listFitsTogether() {
    let passes = Pass.all
    #expect(passes.first?.input == Graph.name && passes.last?.output == "c")
    for (pass, next) in zip(passes, passes.dropFirst()) { #expect(pass.output == next.input) }
    #expect(Set(passes.map(\.name)).count == passes.count)
    for pass in passes where pass.restart != nil {
      #expect(passes.contains { $0.name == pass.restart })
    }
  }

  @Test("A graph that a view cannot serve is fused again, with a copy more")
  func restart() throws {
    // The convolution reads the reshaped tensor outside its bounds.
    let b = GraphBuilder()
    let x = try b.input("x", [2, 24])
    let picture = try (x + x).reshaped([2, 4, 6, 1])
    let w = try b.input("w", [3, 3, 1, 8], role: .parameter)
    let geometry = WindowGeometry(
      kernel: [3, 3], strides: [1, 1], paddingBefore: [1, 1], paddingAfter: [1, 1])
    try b.output("y", try picture.convolution(w, geometry))
    var names: [String] = []
    var restarts = 0
    try Compiler().run(
      b.graph,
      observe: { run in
        names.append(run.pass.name)
        if run.isRestart { restarts += 1 }
      })
    #expect(restarts == 1)
    #expect(names.filter { $0 == "fuse" }.count == 2)
    #expect(names.filter { $0 == "order" }.count == 1)
  }

  @Test("A pass of another form is refused")
  func wrongOrder() throws {
    let b = GraphBuilder()
    try b.output("y", try b.input("x", [2]) + 1)
    let compiler = Compiler(CompilerOptions(), passes: Array(Pass.all.reversed()))
    #expect(throws: QuernError.self) { try compiler.run(b.graph) }
  }

  @Test("What a pass changes is told without nodes' numbers")
  func changes() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [4])
    try b.output("y", try (x * 1 + 0).exp())
    let simple = simplify(b.graph)
    let changes = FormChanges(from: b.graph, to: simple)
    #expect(!changes.isEmpty)
    #expect(changes.lines.contains { $0.hasPrefix("− ") })
    #expect(FormChanges(from: simple, to: simplify(simple)).description == "unchanged")
  }
}
