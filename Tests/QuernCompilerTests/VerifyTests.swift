import QuernCompiler
import QuernErrors
import QuernGraph
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// Verifiers accept what passes make, and find what is broken.
@Suite struct VerifyTests {
  private static func program() throws -> Program {
    let b = GraphBuilder()
    let x = try b.input("x", [4, 6])
    let w = try b.input("w", [6, 5], role: .parameter)
    let hidden = try x.matrixProduct(w)
    try b.output("y", try hidden.exp())
    try b.output("sums", try hidden.sum(over: [0]))
    return try lower(b.graph)
  }

  @Test("Random graphs are sound after every pass", arguments: 0..<40)
  func randomGraphs(seed: Int) throws {
    for target in [Target.avx512, .avx2, .portable] {
      var options = CompileOptions.varied(seed: seed, target: target, threads: 1 + seed % 3).passes
      options.verifies = true
      _ = try Compiler(options).compile(try RandomGraph(seed: seed).graph)
    }
  }

  @Test("A broken graph is named before the first pass")
  func brokenGraph() throws {
    let b = GraphBuilder()
    try b.output("y", try b.input("x", [2]) + 1)
    var graph = b.graph
    graph.outputs[0].node = NodeID(99)
    var options = CompilerOptions()
    options.verifies = true
    #expect(throws: VerificationError.self) { try Compiler(options).compile(graph) }
  }

  @Test("Storages that overlap, lie outside, or fold elements together are found")
  func storages() throws {
    let sound = try Self.program()
    try sound.verify()
    let ids = sound.storages.keys.sorted()
    let first = try #require(sound.storages[ids[0]]).offset
    func broken(_ change: (inout [NodeID: Storage]) -> Void) -> Program {
      var program = sound
      change(&program.storages)
      return program
    }
    #expect(throws: QuernError.self) {
      try broken { $0[ids[1]]?.offset = first }.verify()
    }
    #expect(throws: QuernError.self) {
      try broken { $0[ids[0]]?.offset = sound.arenaBytes }.verify()
    }
    #expect(throws: QuernError.self) { try broken { $0[ids[0]]?.strides = [1, 1] }.verify() }
  }

  @Test("Nests that name what is not there are found")
  func nests() throws {
    let sound = try Self.program()
    func broken(_ change: (inout Kernel) -> Void) -> Program {
      var program = sound
      change(&program.kernels[0])
      return program
    }
    #expect(throws: QuernError.self) { try broken { $0.name = "not a name" }.verify() }
    #expect(throws: QuernError.self) { try broken { $0.nests[0].axes.removeLast() }.verify() }
    #expect(throws: QuernError.self) { try broken { $0.nests[0].values = [] }.verify() }
    #expect(throws: QuernError.self) { try broken { $0.nests = [] }.verify() }
  }

  @Test("Nests that touch memory outside their tensors are found")
  func addresses() throws {
    let sound = try AddressedProgram(Self.program())
    try sound.verify()
    func broken(_ change: @escaping (inout MemoryAccess) -> Void) -> AddressedProgram {
      sound.mapNests { change(&$0.accesses[0]) }
    }
    #expect(throws: QuernError.self) { try broken { $0.offset -= 64 }.verify() }
    #expect(throws: QuernError.self) { try broken { $0.offset += 1 << 20 }.verify() }
    #expect(throws: QuernError.self) {
      try broken { $0.strides = $0.strides.map { $0 * 100 } }.verify()
    }
    #expect(throws: QuernError.self) { try broken { $0.strides.removeLast() }.verify() }
    #expect(throws: QuernError.self) { try broken { $0.isWritten.toggle() }.verify() }
  }

  @Test("Every storage has the space that its use asks for")
  func spaces() throws {
    let program = try Self.program()
    func space(_ name: String) -> MemorySpace? {
      program.graph.input(named: name).flatMap { program.storages[$0]?.space }
    }
    #expect(space("x") == .inputOutput && space("w") == .weights)
    for (_, node) in program.outputNodes {
      #expect(program.storages[node]?.space == .inputOutput)
    }
  }
}
