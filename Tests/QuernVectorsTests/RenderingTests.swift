import Foundation
import QuernMachine
import QuernRandom
import QuernTinyCC
import QuernVectors
import Testing

/// Registers, spilling, pinning, many base pointers.
@Suite struct RenderingTests {
  /// Makes random instructions over more live values than any target has registers.
  struct CrowdedBlock {
    static let bases = (0..<8).map { "p\($0)" }
    var generator: SeededGenerator
    var builder: VectorBuilder
    var live: [VectorRegister] = []
    var pinned: [VectorRegister] = []

    init(_ target: Target, seed: UInt64, values: Int) {
      generator = SeededGenerator(seed: seed)
      builder = VectorBuilder(target: target)
      for _ in 0..<values { live.append(builder.load(place())) }
      pinned = [builder.newRegister(), builder.newRegister()]
      builder.append(.zero(pinned[0]))
      builder.append(.constant(pinned[1], Float(0.5)))
    }

    mutating func place() -> Address {
      Address(
        Self.bases.randomElement(using: &generator)!,
        offset: 4 * .random(in: 0...200, using: &generator))
    }

    mutating func pick() -> VectorRegister {
      Int.random(in: 0..<8, using: &generator) == 0
        ? pinned[1] : live.randomElement(using: &generator)!
    }

    /// No value gets out of hand: NaN have payloads that the model does not follow.
    mutating func bound(_ register: VectorRegister) {
      builder.append(.binary(.minimum, register, register, .broadcast(place())))
      builder.append(.binary(.maximum, register, register, .broadcast(place())))
    }

    mutating func addInstruction() {
      let d =
        Bool.random(using: &generator)
        ? builder.newRegister() : live.randomElement(using: &generator)!
      switch Int.random(in: 0..<8, using: &generator) {
      case 0:
        builder.append(.multiplyAdd(d, a: pick(), b: .register(pick()), c: pick()))
        bound(d)
      case 1:
        builder.append(
          .multiplyAdd(d, a: pick(), b: .broadcast(place()), c: pick(), negated: true))
        bound(d)
      case 2: builder.append(.binary(.maximumInteger, d, pick(), .register(pick())))
      case 3: builder.append(.binary(.minimum, d, pick(), .memory(place())))
      case 4:
        builder.append(
          .compareSelect(
            d, .lessOrEqual, .i32, pick(), pick(), ifTrue: pick(), ifFalse: pick()))
      case 5: builder.append(.load(d, place(), count: 5))
      case 6: builder.append(.accumulate(pinned[0], pick(), .register(pick())))
      default: builder.append(.move(d, pick()))
      }
      if builder.instructions.last?.destination == d, !live.contains(d) {
        live[Int.random(in: 0..<live.count, using: &generator)] = d
      }
    }
  }

  /// A random block over many live values, which it stores, and a block that stores a pinned one.
  static func crowdedKernel(_ target: Target, seed: UInt64, values: Int) -> TestKernel {
    var block = CrowdedBlock(target, seed: seed, values: values)
    for _ in 0..<150 { block.addInstruction() }
    var y = 0
    for register in block.live {
      block.builder.append(
        .store(Address("y", offset: y), register, count: target.lanes - 3))
      y += 4 * target.lanes
    }
    var blocks = [block.builder.takeBlock()]
    block.builder.store(block.pinned[0], to: Address("y", offset: y))
    blocks.append(block.builder.takeBlock())
    return TestKernel(
      name: "crowded\(seed)", bases: CrowdedBlock.bases + ["y"], blocks: blocks,
      pinned: block.pinned)
  }

  @Test(arguments: Configuration.runnable)
  func survivesAnyPressure(_ configuration: Configuration) throws {
    let target = configuration.target
    let kernels = (0..<6 as Range<UInt64>).map {
      Self.crowdedKernel(target, seed: $0, values: 8 + 11 * Int($0))
    }
    let spills = try kernels.filter { try $0.text(target: target).contains("float spill_memory[") }
    #expect(!spills.isEmpty && spills.count < kernels.count)
    let code = try compile(kernels, configuration)
    var generator = SeededGenerator(seed: 99)
    var memory: [String: [UInt8]] = ["y": [UInt8](repeating: 0xa5, count: 4 * 16 * 100)]
    for index in 0..<8 {
      memory["p\(index)"] = bytes(
        (0..<256).map { _ in Float.random(in: -2...2, using: &generator) })
    }
    for kernel in kernels {
      var model = VectorModel(target: target, memory: memory)
      for block in kernel.blocks { model.run(block) }
      let found = words(try run(kernel, in: code, memory: memory)["y"]!)
      let expected = words(model.memory["y"]!)
      #expect(found == expected, "\(kernel.name)")
    }
  }

  /// Reads more values than there are registers, and uses them twice: y = (Σ x, Σ x·Σ x).
  ///
  /// - Parameter overwrites: whether what was read is overwritten before it is used again.
  static func twiceUsedKernel(_ target: Target, overwrites: Bool) -> TestKernel {
    var builder = VectorBuilder(target: target)
    let size = target.lanes * 4
    let values = (0..<40).map { builder.load(Address("x", offset: $0 * size)) }
    let sum = builder.zero()
    for value in values { builder.append(.binary(.add, sum, sum, .register(value))) }
    if overwrites { builder.store(sum, to: Address("x", offset: 20 * size)) }
    let total = builder.zero()
    for value in values { builder.append(.accumulate(total, value, .register(sum))) }
    builder.store(sum, to: Address("y", offset: 0))
    builder.store(total, to: Address("y", offset: size))
    return TestKernel(
      name: overwrites ? "overwrites" : "reads", bases: ["x", "y"], blocks: [builder.takeBlock()])
  }

  @Test("What is still in memory is read again, not stored", arguments: Configuration.runnable)
  func readsAgain(_ configuration: Configuration) throws {
    let target = configuration.target
    let kernels = [false, true].map { Self.twiceUsedKernel(target, overwrites: $0) }
    let texts = try kernels.map { try $0.text(target: target) }
    #expect(!texts[0].contains("spill"))
    #expect(texts[1].contains("float spill_memory["))
    let code = try compile(kernels, configuration)
    var generator = SeededGenerator(seed: 5)
    let memory: [String: [UInt8]] = [
      "x": bytes((0..<40 * target.lanes).map { _ in Float.random(in: -1...1, using: &generator) }),
      "y": [UInt8](repeating: 0xa5, count: 8 * target.lanes),
    ]
    for kernel in kernels {
      var model = VectorModel(target: target, memory: memory)
      for block in kernel.blocks { model.run(block) }
      let found = words(try run(kernel, in: code, memory: memory)["y"] ?? [])
      #expect(try found == words(#require(model.memory["y"])), "\(kernel.name)")
    }
  }

  /// y = Σ_k Σ_i a_i[k]·b[k, lanes], and where the loop has left b's pointer.
  private func accumulate(
    factors: Int, rounds: Int, _ configuration: Configuration
  ) throws -> (text: String, passes: Bool) {
    let target = configuration.target
    let names = (0..<factors).map { "a\($0)" }
    var builder = VectorBuilder(target: target)
    var renderer = KernelRenderer(target: target)
    let sum = builder.newRegister()
    try renderer.pin(sum)
    builder.append(.zero(sum))
    let prologue = try renderer.render(builder.takeBlock())
    let b = builder.load(Address("b"))
    for name in names { builder.append(.accumulate(sum, b, .broadcast(Address(name)))) }
    let loop = BlockLoop(
      "k", rounds: rounds,
      advances: names.map { BlockLoop.Advance(Name($0), elements: 1) }
        + [BlockLoop.Advance("b", elements: target.lanes)])
    let body = renderer.lines([try renderer.fragment(builder.takeBlock(), in: loop)])
    builder.store(sum, to: Address("y"))
    builder.store(builder.load(Address("b")), to: Address("y", offset: 4 * target.lanes))
    builder.append(.end)
    let epilogue = try renderer.render(builder.takeBlock())
    let pointers = names.enumerated().map { "const float *\($1) = (const float *)memory[\($0)];" }
    let lines =
      ["\(Prelude.functionAttribute) void loop(void *const *memory);"]
      + ["\(Prelude.functionAttribute) void loop(void *const *memory) {"] + pointers
      + ["const float *b = (const float *)memory[\(factors)];"]
      + ["float *y = (float *)memory[\(factors + 1)];"] + renderer.declarations + prologue
      + body + epilogue + ["}", ""]
    let code = try configuration.compiler.cCompiler.compile(
      source: Prelude.text(for: target) + lines.joined(separator: "\n"))
    let kernel = TestKernel(name: "loop", bases: names + ["b", "y"], blocks: [])
    var memory: [String: [UInt8]] = [:]
    for (number, name) in names.enumerated() {
      memory[name] = bytes((0..<rounds).map { Float($0 % 5 + number) })
    }
    let bValues = (0..<(rounds + 1) * target.lanes).map { Float($0 % 7) }
    memory["b"] = bytes(bValues)
    memory["y"] = [UInt8](repeating: 0, count: 8 * target.lanes)
    let result = floats(try run(kernel, in: code, memory: memory)["y"] ?? [])
    let expected = (0..<target.lanes).map { lane in
      (0..<rounds).reduce(Float(0)) { total, k in
        names.indices.reduce(total) {
          $0 + Float(k % 5 + $1) * bValues[k * target.lanes + lane]
        }
      }
    }
    return (
      body.joined(separator: "\n"), result == expected + bValues.suffix(target.lanes)
    )
  }

  @Test(arguments: Configuration.runnable, [1, 2, 10, 300])
  func loopsAroundABlock(_ configuration: Configuration, rounds: Int) throws {
    let (text, passes) = try accumulate(factors: 2, rounds: rounds, configuration)
    #expect(passes, "\(text)")
    // For TinyCC the loop is one statement, whose pointers come back changed.
    #expect(text.contains("\"+S\"") == (configuration.target.family == .x86), "\(text)")
  }

  @Test("With more pointers than registers for them, the loop is C for TinyCC too")
  func loopsOverManyPointers() throws {
    for configuration in Configuration.runnable where configuration.target.family == .x86 {
      for (factors, isOneStatement) in [(5, true), (6, false), (9, false)] {
        let (text, passes) = try accumulate(factors: factors, rounds: 10, configuration)
        #expect(passes, "\(text)")
        let loops = text.components(separatedBy: "for (long k").count - 1
        #expect(loops == (isOneStatement ? 1 : 2), "\(text)")
      }
    }
  }

  @Test func saysWhatIsWrong() throws {
    var renderer = KernelRenderer(target: .avx2)
    let r = (0..<20).map { VectorRegister(id: $0) }
    #expect(throws: VectorError.self) { try renderer.render([.store(Address("y"), r[0])]) }
    #expect(throws: VectorError.offsetNotAligned(Address("y", offset: 6))) {
      try renderer.render([.zero(r[0]), .store(Address("y", offset: 6), r[0])])
    }
    #expect(throws: VectorError.offsetOutOfRange(Address("y", offset: 1 << 31))) {
      try renderer.render([.zero(r[0]), .store(Address("y", offset: 1 << 31), r[0])])
    }
    for count in [0, -1, 9] {
      #expect(throws: VectorError.self) {
        try renderer.render([.zero(r[0]), .store(Address("y"), r[0], count: count)])
      }
    }
    #expect(throws: VectorError.shiftOutOfRange(32)) {
      try renderer.render([
        .zero(r[0]), .shift(.left, r[1], r[0], by: 32), .store(Address("y"), r[1]),
      ])
    }
    for index in 0..<13 { try renderer.pin(r[index]) }
    #expect(renderer.freeRegisterCount == 0)
    #expect(throws: VectorError.tooManyPinned(r[13], target: .avx2, limit: 13)) {
      try renderer.pin(r[13])
    }
    renderer.release(r[4])
    try renderer.pin(r[13])
  }

  @Test func leavesOutWhatNoOneReads() throws {
    var builder = VectorBuilder(target: .avx512)
    let x = builder.load(Address("x"))
    _ = builder.exp(x)
    builder.store(x, to: Address("y"))
    var renderer = KernelRenderer(target: .avx512)
    let lines = try renderer.render(builder.takeBlock())
    #expect(lines[1...2] == ["  v0 = _mm512_loadu_ps(x);", "  _mm512_storeu_ps(y, v0);"])
    #expect(lines[3] == "#else")
    #expect(renderer.declarations.contains("__m512 v0;"))
  }

  /// All that the prelude and the instructions write, as strict compilers see it.
  @Test(
    .enabled(if: CommandLineTools.has("clang")), arguments: Target.all)
  func clangFindsNothingToWarnOf(_ target: Target) throws {
    var source = Prelude.text(for: target)
    for (kernel, _) in InstructionTests.kernels(target) {
      source += try kernel.text(target: target)
    }
    let compiler = SystemCompiler(
      compiler: "clang", flags: ["-O1", "-Wall", "-Wextra", "-Werror"])
    _ = try compiler.compile(source: source)
  }

  @Test("What has been compared is not compared again, until it changes")
  func comparesOnce() throws {
    for target in [Target.avx512, .avx2] {
      func comparisons(_ change: (inout VectorBuilder, VectorRegister) -> Void) throws -> Int {
        var builder = VectorBuilder(target: target)
        let (a, b) = (builder.load(Address("p")), builder.load(Address("q")))
        for address in [Address("y"), Address("y", offset: 256)] {
          builder.store(builder.select(a, .less, b, ifTrue: a, ifFalse: b), to: address)
          change(&builder, b)
        }
        var renderer = KernelRenderer(target: target)
        let text = try renderer.render(builder.takeBlock()).joined(separator: "\n")
        return text.components(separatedBy: "_CMP_LT_OQ").count - 1
      }
      #expect(try comparisons { _, _ in } == 1)
      #expect(try comparisons { builder, _ in _ = builder.zero() } == 1)
      #expect(try comparisons { builder, b in builder.append(.zero(b)) } == 2)
    }
  }
}
