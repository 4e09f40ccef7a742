import QuernMachine
import QuernTinyCC
import QuernVectors
import Testing

/// Pieces that become one statement for TinyCC: pointers that exist in registers alone, and those
/// that C finds moved. How many find registers is x86's.
@Suite struct StatementTests {
  private static let targets = Target.all.filter { $0.isSupported && $0.family == .x86 }

  /// y[t] = Σ_k a[t+k]·b[k] + b[0] + Σ_i others_i[0] for two t, the last k behind the loop.
  private struct Sums {
    let rounds = 10
    var target: Target
    /// Pointers that are used after the loop.
    var others = 0
    /// Whether the loop also reads from where the moving pointer started.
    var readsStart = false
    /// Whether C goes on to use the loop's pointer.
    var keepsPointer = false

    func fragments(_ renderer: inout KernelRenderer) throws -> [CodeFragment] {
      var builder = VectorBuilder(target: target)
      var fragments: [CodeFragment?] = []
      let sum = builder.newRegister()
      try renderer.pin(sum)
      builder.append(.zero(sum))
      fragments.append(try renderer.fragment(builder.takeBlock()))
      fragments.append(.pointer(type: "const float *", name: "a_k", from: "a"))
      fragments.append(.pointer(type: "const float *", name: "b_k", from: "b"))
      func step() {
        builder.append(
          .accumulate(sum, builder.load(Address("b_k")), .broadcast(Address("a_k"))))
      }
      step()
      if readsStart {
        builder.append(.binary(.add, sum, sum, .register(builder.load(Address("b")))))
      }
      fragments.append(
        try renderer.fragment(
          builder.takeBlock(),
          in: BlockLoop(
            "k", rounds: rounds,
            advances: [
              BlockLoop.Advance("a_k", elements: 1),
              BlockLoop.Advance("b_k", elements: target.lanes),
            ])))
      step()
      for name in ["b"] + (0..<others).map({ "c\($0)" }) {
        builder.append(.binary(.add, sum, sum, .register(builder.load(Address(name)))))
      }
      builder.store(sum, to: Address("y"))
      fragments.append(try renderer.fragment(builder.takeBlock()))
      fragments.append(.advance(BlockLoop.Advance("a", elements: 1)))
      fragments.append(.advance(BlockLoop.Advance("y", elements: target.lanes)))
      return fragments.compactMap(\.self)
    }

    /// The statements and what they compute, and what they should.
    func run(_ reader: KernelRenderer.Reader) throws -> (text: String, y: [Float], due: [Float]) {
      var renderer = KernelRenderer(target: target, reader: reader)
      let body = renderer.lines(try fragments(&renderer)) { keepsPointer && $0 == Name("b_k") }
      let end = try renderer.render([.end])
      let names = ["a", "b", "y"] + (0..<others).map { "c\($0)" }
      let lines =
        ["\(Prelude.functionAttribute) void sums(void *const *memory);"]
        + ["\(Prelude.functionAttribute) void sums(void *const *memory) {"]
        + names.enumerated().map { "float *\($1) = (float *)memory[\($0)];" }
        + renderer.declarations + ["for (int t = 0; t < 2; t++) {"] + body
        + (keepsPointer ? ["y[-1] = b_k[0];"] : []) + ["}"] + end + ["}", ""]
      let blocks = try CodeBlocks(renderer.machineCode.map { ($0.name, $0.bytes) })
      let code = try TinyCCCompiler().compile(
        source: Prelude.text(for: target) + lines.joined(separator: "\n"),
        symbols: blocks.symbols)
      let lanes = target.lanes
      let a = (0..<rounds + 2).map { Float($0 % 5) }
      let b = (0..<(rounds + 1) * lanes).map { Float($0 % 7) }
      var memory = [
        "a": bytes(a), "b": bytes(b), "y": bytes([Float](repeating: 0, count: 2 * lanes)),
      ]
      for other in 0..<others {
        memory["c\(other)"] = bytes((0..<lanes).map { Float($0 + other) })
      }
      let result = try QuernVectorsTests.run(
        TestKernel(name: "sums", bases: names, blocks: []), in: code, memory: memory)
      withExtendedLifetime(blocks) {}
      var due: [Float] = []
      for t in 0..<2 {
        for lane in 0..<lanes {
          var sum = b[lane] * (readsStart ? Float(rounds + 1) : 1)
          for k in 0...rounds { sum += a[t + k] * b[k * lanes + lane] }
          for other in 0..<others { sum += Float(lane + other) }
          due.append(sum)
        }
        if keepsPointer { due[due.count - 1] = b[rounds * lanes] }
      }
      return (body.joined(separator: "\n"), floats(result["y"] ?? []), due)
    }
  }

  @Test(arguments: targets, [KernelRenderer.Reader.everyone, .tinycc])
  func computesTheSame(_ target: Target, _ reader: KernelRenderer.Reader) throws {
    for others in [0, 2, 3, 4, 9] {
      for (readsStart, keepsPointer) in [(false, false), (true, false), (false, true)] {
        let sums = Sums(
          target: target, others: others, readsStart: readsStart, keepsPointer: keepsPointer)
        let (text, y, due) = try sums.run(reader)
        #expect(y == due, "\(others), \(readsStart), \(keepsPointer):\n\(text)")
      }
    }
  }

  @Test("One statement where pointers find registers; those that only it needs are not declared")
  func merges() throws {
    for target in Self.targets {
      func counts(_ sums: Sums) throws -> [Int] {
        let text = try sums.run(.tinycc).text
        return ["__asm__", "*a_k =", "*b_k ="].map { text.components(separatedBy: $0).count - 1 }
      }
      #expect(try counts(Sums(target: target)) == [1, 0, 0])
      #expect(try counts(Sums(target: target, others: 3)) == [1, 0, 0])
      #expect(try counts(Sums(target: target, others: 4)) == [2, 0, 0])
      // Declaring the pointer parts what sets the sum to zero from the rest.
      #expect(try counts(Sums(target: target, readsStart: true)) == [2, 0, 1])
      #expect(try counts(Sums(target: target, keepsPointer: true)) == [2, 0, 1])
    }
  }

  @Test("What is too far for an instruction is left to C")
  func movesFar() throws {
    for target in Self.targets {
      func text(_ elements: Int) throws -> String {
        var renderer = KernelRenderer(target: target, reader: .tinycc)
        var builder = VectorBuilder(target: target)
        builder.store(builder.load(Address("a", offset: 4096)), to: Address("y"))
        let block = builder.takeBlock()
        let advance = BlockLoop.Advance("a", elements: elements)
        return renderer.lines([
          .advance(advance),
          try renderer.fragment(
            block, in: BlockLoop("k", rounds: 4, advances: [advance])),
          .advance(advance),
        ]).joined(separator: "\n")
      }
      let near = ((1 << 31) - 4096) / 4 / 6
      #expect(try text(near - 1).components(separatedBy: "__asm__").count == 2)
      #expect(try !text(near - 1).contains("a +="))
      let far = try text(near + 1)
      #expect(far.components(separatedBy: "a += \(near + 1);").count == 4, "\(far)")
      #expect(far.contains("for (long k = 0; k < 4; k++) {") && !far.contains("+S"))
    }
  }
}
