import QuernMachine
import QuernRandom
import QuernTinyCC
import QuernVectors
import Testing

/// Every instruction, on every target that runs here and through every compiler, against the model.
@Suite struct InstructionTests {
  static let special: [Float] = [
    0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, -1.5, .infinity, -.infinity, .nan, .pi, -7.25,
    0x1p-130,
    -0x1p-130, .greatestFiniteMagnitude, .leastNormalMagnitude, 2_147_483_648, -2_147_483_648,
    2_147_483_520, -2_147_483_904, 8_388_609.0, 4_194_304.5, -4_194_305.5, 1e10, -1e10, 3, 100.49,
    0.49999997, -0.49999997,
  ]

  /// Kernels of every instruction; see ``InstructionKernels``.
  static func kernels(_ target: Target) -> [(kernel: TestKernel, nanIsNaN: Bool)] {
    var all = InstructionKernels(target: target)
    all.addPartsOfRegisters()
    all.addConstantsAndMoves()
    all.addUnary()
    all.addBinary()
    all.addShifts()
    for negated in [false, true] {
      all.addMultiplyAdd(negated: negated)
      all.addPartialMultiplyAdd(negated: negated)
      all.addAccumulate(negated: negated)
    }
    all.addSelections()
    all.addShuffles()
    return all.kernels
  }

  static func memory(seed: UInt64) -> [String: [UInt8]] {
    var generator = SeededGenerator(seed: seed)
    var memory: [String: [UInt8]] = [:]
    for base in ["a", "b", "c", "d"] {
      memory[base] = bytes(
        (0..<1041).map { _ -> UInt32 in
          switch UInt8.random(in: 0..<4, using: &generator) {
          case 0: special.randomElement(using: &generator)!.bitPattern
          case 1: UInt32.random(in: 0...UInt32.max, using: &generator)
          default: Float.random(in: -100...100, using: &generator).bitPattern
          }
        })
    }
    memory["y"] = (0..<256).map { UInt8($0) }
    memory["u"] = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
    return memory
  }

  @Test(arguments: Configuration.runnable)
  func agreesWithTheModel(_ configuration: Configuration) throws {
    try expectAgreement(configuration)
  }

  /// All kernels, compared with the model.
  func expectAgreement(_ configuration: Configuration) throws {
    let kernels = Self.kernels(configuration.target)
    let code = try compile(kernels.map(\.kernel), configuration)
    for seed in 0..<3 as Range<UInt64> {
      let memory = Self.memory(seed: seed)
      for (kernel, nanIsNaN) in kernels {
        var model = VectorModel(target: configuration.target, memory: memory)
        for block in kernel.blocks { model.run(block) }
        let result = try run(kernel, in: code, memory: memory)
        for base in kernel.bases where result[base]! != model.memory[base]! {
          let (found, expected) = (words(result[base]!), words(model.memory[base]!))
          let differing = found.indices.filter { index in
            if found[index] == expected[index] { return false }
            let (x, y) = (
              Float(bitPattern: found[index]), Float(bitPattern: expected[index])
            )
            return !(nanIsNaN && x.isNaN && y.isNaN)
          }
          let first = differing.first
          #expect(
            differing.isEmpty,
            """
            \(kernel.blocks[0].suffix(3)) seed \(seed), \(base)[\(first ?? 0)]: \
            \(Float(bitPattern: found[first ?? 0])) for \(Float(bitPattern: expected[first ?? 0]))
            """)
        }
      }
    }
  }
}

/// The same text as checked by clang for undefined behaviour: a violation would be a trap.
@Suite struct DefinedBehaviourTests {
  @Test(
    .enabled(if: CommandLineTools.has("clang"), "clang is not installed"),
    arguments: Target.all.filter(\.isSupported))
  func nothingIsUndefined(_ target: Target) throws {
    let kernels = InstructionTests.kernels(target).map(\.kernel)
    var source = Prelude.text(for: target)
    for kernel in kernels { source += try kernel.text(target: target) }
    let compiler = SystemCompiler(
      compiler: "clang",
      flags: ["-O1", "-fsanitize=undefined,float-cast-overflow", "-fsanitize-trap=all"])
    let code = try compiler.compile(source: source)
    for seed in 0..<3 as Range<UInt64> {
      let memory = InstructionTests.memory(seed: seed)
      for kernel in kernels {
        let result = try run(kernel, in: code, memory: memory)
        #expect(result["a"] == memory["a"], "an input was changed")
      }
    }
  }
}
