import QuernErrors
import QuernGraph
import QuernMachine
import QuernRuntime
import QuernVectors
import Testing

/// What is refused before anything is compiled.
@Suite struct CompileOptionsTests {
  @Test(arguments: [.min, -1, 0, 257, 1 << 40])
  func threadCountsOutOfRange(_ threads: Int) throws {
    let b = GraphBuilder()
    try b.output("y", try b.input("x", [3]) + 1)
    let text = "threads: \(threads) asked for; give a number from 1 to 256"
    let compiling = #expect(throws: QuernError.self) {
      try CompiledGraph(b.graph, CompileOptions(threads: threads))
    }
    #expect(compiling?.description == text)
    let measuring = #expect(throws: QuernError.self) { try MachineLimits.measure(threads: threads) }
    #expect(measuring?.description == text)
  }

  @Test(arguments: [1, 256]) func threadCounts(_ threads: Int) throws {
    try CompileOptions(threads: threads).validate()
  }

  @Test(arguments: Target.all) func targets(_ target: Target) {
    let options = CompileOptions(target: target)
    if target.isSupported {
      #expect(throws: Never.self) { try options.validate() }
    } else {
      let error = #expect(throws: QuernError.self) { try options.validate() }
      #expect(error?.place == "target \(target)")
    }
  }
}
