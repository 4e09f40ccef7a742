import Foundation
import QuernCodegen
import QuernGradient
import QuernGraph
import QuernLayers
import QuernMachine
import QuernPasses
import QuernRandom
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// The generated C, as other compilers see it: without a warning, and clean under sanitizers.
@Suite struct SanitizerTests {
  /// A graph, and the bits of its inputs.
  struct Subject: Sendable, CustomTestStringConvertible {
    var name: String
    var steps: Int
    /// Sides of tiles by whose Fourier transforms convolutions are computed; none for what is chosen.
    var fourierSides: [Int] = []
    var make: @Sendable () throws -> (graph: Graph, inputs: [String: [UInt32]])

    func options(_ target: Target, threads: Int) -> CompileOptions {
      var options = CompileOptions(target: target, threads: threads)
      if !fourierSides.isEmpty {
        options.numerics.convolutions = .onlyProducts(largestSide: 0, fourierSides: fourierSides)
      }
      return options
    }

    var testDescription: String { name }
  }

  static let subjects =
    [
      Subject(name: "lenet", steps: 1, make: lenetStep),
      Subject(name: "Fourier transforms", steps: 1, fourierSides: [12], make: convolutionStep),
    ] + randomSubjects

  private static let randomSubjects = [24, 85].map { seed in
    Subject(name: "random graph \(seed)", steps: 2) {
      let graph = try RandomGraph(seed: seed).graph
      var random = SeededGenerator(seed: UInt64(seed))
      var inputs: [String: [UInt32]] = [:]
      for (_, input, type) in graph.inputs {
        inputs[input.name] = (0..<type.shape.elementCount).map { _ in
          switch type.element {
          case .float32: Float.random(in: -1...1, using: &random).bitPattern
          case .int32: UInt32.random(in: 0..<10, using: &random)
          case .uint8: UInt32.random(in: 0...255, using: &random)
          }
        }
      }
      return (graph, inputs)
    }
  }

  /// A training step of the built-in model, with w ← w − η·dw.
  @Sendable private static func lenetStep() throws -> (graph: Graph, inputs: [String: [UInt32]]) {
    let builder = GraphBuilder()
    let built = try BuiltInModel.lenet.network().build(batch: 2, mode: .training, in: builder)
    let objective = try built.objective(SoftmaxCrossEntropy())
    let rate = try builder.input("learningRate", [], role: .hyperparameter)
    let parameters = built.parameters.map { built.tensor(of: $0) }
    for (parameter, gradient) in zip(
      parameters, try gradient(of: objective.loss, withRespectTo: parameters))
    {
      try builder.update(parameter, to: parameter - gradient * rate)
    }
    try builder.output("loss", objective.loss)
    var random = SeededGenerator(seed: 9)
    var inputs: [String: [UInt32]] = ["learningRate": [Float(0.05).bitPattern]]
    for parameter in built.parameters {
      inputs[parameter.name] = parameter.initialValues(seed: 1).map(\.bitPattern)
    }
    inputs[Network.inputName] = (0..<built.input.shape.elementCount).map { _ in
      Float.random(in: 0...1, using: &random).bitPattern
    }
    inputs[Network.exampleWeightName] = [Float](repeating: 1, count: 2).map(\.bitPattern)
    inputs[SoftmaxCrossEntropy().targetName] = [7, 0]
    return (builder.graph, inputs)
  }

  /// A convolution and its gradients, over a picture that is read whole and one of several tiles.
  @Sendable private static func convolutionStep() throws -> (
    graph: Graph, inputs: [String: [UInt32]]
  ) {
    let builder = GraphBuilder()
    var inputs: [String: [UInt32]] = [:]
    var random = SeededGenerator(seed: 10)
    func input(_ name: String, _ shape: Shape) throws -> Tensor {
      inputs[name] = (0..<shape.elementCount).map { _ in
        Float.random(in: -1...1, using: &random).bitPattern
      }
      return try builder.input(name, shape, role: .parameter)
    }
    for (name, size) in [("small", [2, 9, 9, 5]), ("large", [1, 10, 17, 16])] {
      let x = try input(name, Shape(size))
      let w = try input(name + "Filter", [5, 5, size[3], 19])
      let geometry = WindowGeometry(
        kernel: [5, 5], paddingBefore: [2, 2], paddingAfter: [2, 2])
      let y = try x.convolution(w, geometry)
      let gradients = try gradient(of: (y * y).sum(), withRespectTo: [x, w])
      try builder.output(name + "Gradient", gradients[0])
      try builder.update(w, to: w - gradients[1] * 0.01)
    }
    return (builder.graph, inputs)
  }

  // MARK: Warnings

  @Test(
    "No warning, for any target", .enabled(if: CToolchain.clang != nil, "there is no clang"),
    arguments: subjects, Target.all)
  func clangAccepts(subject: Subject, target: Target) throws {
    let clang = try #require(CToolchain.clang)
    try compile(
      subject, target, with: clang, ["-fsyntax-only", "-Wall", "-Wextra", "-Werror"])
  }

  @Test(
    "The system's compiler takes it as it stands",
    .enabled(if: CToolchain.system != nil, "there is no cc"), arguments: subjects, Target.all)
  func systemCompilerAccepts(subject: Subject, target: Target) throws {
    let compiler = try #require(CToolchain.system)
    try compile(subject, target, with: compiler, ["-c", "-o", "/dev/null", "-Werror"])
  }

  private func compile(
    _ subject: Subject, _ target: Target, with compiler: String, _ flags: [String]
  ) throws {
    // With AVX-512's vectors alone, and with AVX2's among them.
    for machine in [MachineFacts(target)] + (target == .avx512 ? [.halved(target)] : []) {
      var options = subject.options(target, threads: 2)
      options.machine = machine
      let code = try CompiledGraph.plan(try subject.make().graph, options).code
      try CToolchain.inTemporaryFolder { folder in
        let text = folder.appendingPathComponent("kernels.c")
        try Data(code.source.utf8).write(to: text)
        let (status, message) = try CToolchain.run(compiler, flags + [text.path])
        #expect(status == 0 && message.isEmpty, "\(message.prefix(2000))")
      }
    }
  }

  // MARK: Running

  static let supported = Target.all.filter(\.isSupported)

  @Test(
    "No access out of bounds, nothing undefined, TinyCC's results",
    .enabled(if: CToolchain.checksAddresses, "clang has no address and undefined sanitizers"),
    arguments: subjects, supported)
  func addressesAndBehaviour(subject: Subject, target: Target) throws {
    let clang = try #require(CToolchain.clang)
    for threads in [1, 2] {
      try check(
        subject, target, threads: threads, with: clang,
        ["-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"])
    }
  }

  @Test(
    "Threads wait for each other where they must",
    .enabled(if: CToolchain.threadChecker != nil, "there is no thread sanitizer"),
    arguments: subjects)
  func races(subject: Subject) throws {
    let compiler = try #require(CToolchain.threadChecker)
    try check(subject, .best, threads: 3, with: compiler, ["-O1", "-fsanitize=thread"])
  }

  /// Runs the steps in a program of its own, and with TinyCC, and compares them bit by bit.
  private func check(
    _ subject: Subject, _ target: Target, threads: Int, with compiler: String, _ flags: [String]
  ) throws {
    let (graph, inputs) = try subject.make()
    let options = subject.options(target, threads: threads)
    let instance = try GraphInstance(graph, options)
    let code = try CompiledGraph.plan(graph, options).code
    let arenaBytes = instance.compiled.code.arenaBytes
    var image = ArenaImage(instance.compiled.program, byteCount: arenaBytes)
    for (name, words) in inputs {
      image.write(name, words)
      try write(name, words, to: instance)
    }
    for _ in 0..<subject.steps { instance.run() }
    try CToolchain.inTemporaryFolder { folder in
      func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
      try Data(code.source.utf8).write(to: URL(fileURLWithPath: path("kernels.c")))
      try Data(Self.host.utf8).write(to: URL(fileURLWithPath: path("main.c")))
      try Data(image.bytes).write(to: URL(fileURLWithPath: path("before")))
      let built = try CToolchain.run(
        compiler,
        flags + [
          "-g", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-pthread", "-o",
          path("program"), path("kernels.c"), path("main.c"), "-lm",
        ])
      try #require(built.status == 0, "\(built.text.prefix(2000))")
      let ran = try CToolchain.run(
        path("program"),
        [
          "\(arenaBytes)", "\(threads)", "\(subject.steps)", path("before"),
          path("after"),
        ])
      try #require(ran.status == 0, "\(threads) threads: \(ran.text.prefix(4000))")
      image.bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path("after"))))
    }
    for name in graph.outputs.map(\.name) + graph.inputs.map(\.input.name) {
      let found = try #require(image.words(name))
      #expect(try found == words(name, of: instance), "\(name), \(threads) threads")
    }
  }

  private func write(_ name: String, _ words: [UInt32], to executable: any Executable) throws {
    if try executable.type(of: name).element == .uint8 {
      try words.map { UInt8($0) }.withUnsafeBytes { try executable.write(name, from: $0) }
    } else {
      try words.withUnsafeBytes { try executable.write(name, from: $0) }
    }
  }

  private func words(_ name: String, of executable: any Executable) throws -> [UInt32] {
    let type = try executable.type(of: name)
    if type.element == .uint8 {
      var bytes = [UInt8](repeating: 0, count: type.byteCount)
      try bytes.withUnsafeMutableBytes { try executable.read(name, into: $0) }
      return bytes.map(UInt32.init)
    }
    var words = [UInt32](repeating: 0, count: type.shape.elementCount)
    try words.withUnsafeMutableBytes { try executable.read(name, into: $0) }
    return words
  }

  /// A host in C: the arena is exactly as large as it must be, and comes from a file.
  private static let host = """
    #include <pthread.h>
    #include <stdio.h>
    #include <stdlib.h>

    typedef void function(char *arena, long thread, void *team);
    function quern_prepare, quern_run;
    void quern_barrier_wait(void *team);
    long quern_next_share(void *team, long thread, long list, long count);

    static char *arena;
    static function *called;
    static pthread_barrier_t meeting;

    static long taken[4096];

    void quern_barrier_wait(void *team) { pthread_barrier_wait(team); }

    // Whoever comes next takes the next turn.
    long quern_next_share(void *team, long thread, long list, long count) {
      (void)team, (void)thread;
      long turn = __atomic_fetch_add(&taken[list], 1, __ATOMIC_RELAXED);
      return turn < count ? turn : count;
    }

    static void *work(void *thread) {
      called(arena, *(long *)thread, &meeting);
      return NULL;
    }

    // Arguments: bytes, threads, steps, file before, file after.
    int main(int argc, char **argv) {
      if (argc != 6) return 2;
      size_t bytes = (size_t)atoll(argv[1]);
      long threads = atol(argv[2]), steps = atol(argv[3]);
      void *memory;
      if (posix_memalign(&memory, 64, bytes) != 0) return 3;
      arena = memory;
      FILE *file = fopen(argv[4], "rb");
      if (!file || fread(arena, 1, bytes, file) != bytes) return 4;
      fclose(file);
      pthread_barrier_init(&meeting, NULL, (unsigned)threads);
      for (long step = -1; step < steps; step++) {
        called = step < 0 ? quern_prepare : quern_run;
        for (int i = 0; i < 4096; i++) taken[i] = 0;
        pthread_t handles[16];
        long numbers[16];
        for (long i = 0; i < threads; i++) {
          numbers[i] = i;
          if (pthread_create(&handles[i], NULL, work, &numbers[i]) != 0) return 5;
        }
        for (long i = 0; i < threads; i++) pthread_join(handles[i], NULL);
      }
      file = fopen(argv[5], "wb");
      if (!file || fwrite(arena, 1, bytes, file) != bytes || fclose(file) != 0) return 6;
      pthread_barrier_destroy(&meeting);
      free(arena);
      return 0;
    }

    """
}
