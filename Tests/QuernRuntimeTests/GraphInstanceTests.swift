import Foundation
import QuernErrors
import QuernGradient
import QuernGraph
import QuernMachine
import QuernRuntime
import Testing

/// Several instances of one compiled graph: they share code, and nothing else.
@Suite struct GraphInstanceTests {
  /// A step of training: y = x · v · w, where w follows the gradient of Σ y², v stays as it is and is
  /// packed into panels before the first step, and a state counts steps.
  private static func trainingStep() throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", [6, 40])
    let v = try b.input("v", [40, 70], role: .parameter)
    let w = try b.input("w", [70, 30], role: .parameter)
    let count = try b.input("count", [], role: .state)
    let y = try x.matrixProduct(v).matrixProduct(w)
    let slope = try gradient(of: (y * y).sum(), withRespectTo: [w])[0]
    try b.update(w, to: w - slope * 1e-5)
    try b.update(count, to: count + 1)
    try b.output("y", y)
    return b.graph
  }

  /// The bits of all that steps leave.
  private static func bits(_ instance: GraphInstance) throws -> [UInt32] {
    try ["y", "v", "w", "count"].flatMap { try instance.floats($0).map(\.bitPattern) }
  }

  /// What an instance with code of its own leaves: inputs of a seed, some steps.
  private static func alone(
    _ graph: Graph, _ options: CompileOptions, seed: UInt64, steps: Int = 3
  ) throws -> [UInt32] {
    let instance = try GraphInstance(graph, options)
    try fill([instance], graph, seed: seed)
    for _ in 0..<steps { instance.run() }
    return try bits(instance)
  }

  @Test("Each has its own inputs, parameters, state and panels", arguments: [1, 2])
  func instancesTakeTurns(threads: Int) throws {
    let graph = try Self.trainingStep()
    let options = CompileOptions(threads: threads)
    let compiled = try CompiledGraph(graph, options)
    #expect(compiled.code.hasPreparation)
    let seeds: [UInt64] = [1, 2, 3]
    let instances = try seeds.map { seed in
      let instance = try compiled.makeInstance()
      try fill([instance], graph, seed: seed)
      return instance
    }
    for _ in 0..<3 {
      for instance in instances { instance.run() }
    }
    let results = try instances.map(Self.bits)
    #expect(Set(results).count == seeds.count)
    for (seed, result) in zip(seeds, results) {
      #expect(try result == Self.alone(graph, options, seed: seed), "seed \(seed)")
    }
    // One gets other weights, which its panels are to follow and those of the others are not.
    try instances[1].write("v", [Float](repeating: 0, count: 40 * 70))
    for instance in instances { instance.run() }
    #expect(try instances[1].floats("y").allSatisfy { $0 == 0 })
    #expect(
      try Self.bits(instances[2]) == Self.alone(graph, options, seed: seeds[2], steps: 4))
  }

  @Test("They run at the same time and give the bits of one alone", arguments: [1, 2, 3])
  func instancesRunTogether(threads: Int) async throws {
    let graph = try Self.trainingStep()
    for target in Target.all where target.isSupported {
      let options = CompileOptions(target: target, threads: threads)
      let compiled = try CompiledGraph(graph, options)
      let results = try await withThrowingTaskGroup(of: (UInt64, [UInt32]).self) { group in
        for seed in 1...6 as ClosedRange<UInt64> {
          group.addTask {
            let instance = try compiled.makeInstance()
            try fill([instance], graph, seed: seed)
            for _ in 0..<50 { instance.run() }
            return (seed, try Self.bits(instance))
          }
        }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      #expect(Set(results.values).count == 6)
      for (seed, result) in results {
        let expected = try Self.alone(graph, options, seed: seed, steps: 50)
        #expect(result == expected, "seed \(seed) on \(target)")
      }
    }
  }

  /// TinyCC, and the system's compiler where there is one.
  static let cCompilers = CompileOptions.CCompilerKind.allCases.filter {
    $0 == .tinycc || CToolchain.system != nil
  }

  @Test("Code stays loaded as long as something can run it", arguments: cCompilers)
  func codeLivesWithItsInstances(_ cCompiler: CompileOptions.CCompilerKind) throws {
    let graph = try Self.trainingStep()
    let options = CompileOptions(cCompiler: cCompiler)
    let expected = try Self.alone(graph, options, seed: 7)
    weak var code: CompiledGraph?
    func makeInstance() throws -> GraphInstance {
      let compiled = try CompiledGraph(graph, options)
      code = compiled
      return try compiled.makeInstance()
    }
    var instance: GraphInstance? = try makeInstance()
    try fill([try #require(instance)], graph, seed: 7)
    for _ in 0..<3 { instance?.run() }
    #expect(try Self.bits(#require(instance)) == expected)
    #expect(code != nil)
    instance = nil
    #expect(code == nil)
  }

  // MARK: What the system gives

  /// y[i, j] = u[i, 0] + v[0, j]: n² numbers of 2 · n.
  private static func sums(_ n: Int) throws -> Graph {
    let b = GraphBuilder()
    try b.output("y", try b.input("u", [n, 1]) + b.input("v", [1, n]))
    return b.graph
  }

  /// Bytes of addresses that this process has mapped.
  private static func mappedBytes() throws -> Int {
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/statm"))
    let text = String(decoding: try #require(try file.readToEnd()), as: UTF8.self)
    let pages = try #require(text.split(separator: " ").first.flatMap { Int($0) })
    return pages * Int(getpagesize())
  }

  private static func threadCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
  }

  /// Other tests run meanwhile: what many instances would hold is far more than they need.
  @Test(
    "Memory and threads go with the instance",
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/statm")))
  func memoryIsFreed() throws {
    let compiled = try CompiledGraph(try Self.sums(1 << 15), CompileOptions(threads: 9))
    let (bytes, threads) = (try Self.mappedBytes(), try Self.threadCount())
    let one = try compiled.makeInstance()
    #expect(try Self.mappedBytes() - bytes > 2 << 30)
    for _ in 0..<100 { _ = try compiled.makeInstance() }
    // 400 GiB and 800 threads, were they kept.
    #expect(try Self.mappedBytes() - bytes < 100 << 30)
    #expect(try Self.threadCount() - threads < 400)
    withExtendedLifetime(one) {}
  }

  @Test func memoryThatCannotBeHad() throws {
    // More than processors have addresses for.
    let graph = try Self.sums(1 << 24)
    let compiled = try CompiledGraph(graph)
    let text =
      "arena: the system does not give \(compiled.code.arenaBytes) bytes; use a smaller batch"
    let making = #expect(throws: QuernError.self) { try compiled.makeInstance() }
    #expect(making?.place == "arena" && making?.description == text)
    let compiling = #expect(throws: QuernError.self) { try GraphInstance(graph) }
    #expect(compiling?.description == text)
  }
}
