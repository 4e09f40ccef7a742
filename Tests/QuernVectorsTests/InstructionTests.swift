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

  static func isIntegral(_ operation: BinaryOperation) -> Bool {
    switch operation {
    case .add, .subtract, .multiply, .divide, .maximum, .minimum: false
    default: true
    }
  }

  /// Kernels that read "a", "b", "c" and "d" and write "y", and whether NaN results may differ by
  /// payload.
  static func kernels(_ target: Target) -> [(kernel: TestKernel, nanIsNaN: Bool)] {
    var result: [(kernel: TestKernel, nanIsNaN: Bool)] = []
    let lanes = target.lanes
    func add(
      nanIsNaN: Bool = false, _ body: (inout VectorBuilder, [VectorRegister]) -> VectorRegister
    ) {
      var builder = VectorBuilder(target: target)
      // Offsets that need no displacement, a small one and a large one.
      let inputs = [
        builder.load(Address("a", offset: 0)), builder.load(Address("b", offset: 4)),
        builder.load(Address("c", offset: 64)), builder.load(Address("d", offset: 4096)),
      ]
      let value = body(&builder, inputs)
      builder.store(value, to: Address("y", offset: 132))
      result.append(
        (
          TestKernel(
            name: "kernel\(result.count)", bases: ["a", "b", "c", "d", "y", "u"],
            byteBases: ["u"], blocks: [builder.takeBlock()]), nanIsNaN
        ))
    }
    for count in [nil] + (1...lanes).map(Optional.some) {
      add { builder, _ in builder.load(Address("a", offset: 12), count: count) }
      add { builder, _ in builder.loadBytes(Address("u", offset: 5), count: count) }
      add { builder, r in
        builder.store(r[0], to: Address("y", offset: 8), count: count)
        return r[1]
      }
      for operation in ReduceOperation.allCases {
        add(nanIsNaN: true) { builder, r in
          builder.reduce(operation, r[3], count: count)
        }
      }
      if let count {
        add { builder, r in
          let d = builder.newRegister()
          builder.append(.blend(d, count: count, first: r[0], rest: r[1]))
          return d
        }
      }
    }
    add { builder, _ in builder.broadcast(Address("b", offset: 8)) }
    add { builder, _ in builder.constant(Float(0.1)) }
    add { builder, _ in builder.constant(Float.infinity) }
    add { builder, _ in builder.constant(Float(-0.0)) }
    add { builder, _ in builder.constant(Int32(-3)) }
    add { builder, _ in builder.zero() }
    add { builder, _ in builder.laneIndices() }
    add { builder, r in
      let d = builder.newRegister()
      builder.append(.move(d, r[2]))
      for (number, purpose) in PrefetchPurpose.allCases.enumerated() {
        builder.append(.prefetch(Address("c", offset: 64 * number), purpose))
      }
      return d
    }
    for operation in UnaryOperation.allCases {
      for source in 0..<4 {
        add(nanIsNaN: true) { builder, r in builder.unary(operation, r[source]) }
      }
    }
    for operation in BinaryOperation.allCases {
      let nanIsNaN = !isIntegral(operation)
      add(nanIsNaN: nanIsNaN) { builder, r in builder.binary(operation, r[0], r[1]) }
      add(nanIsNaN: nanIsNaN) { builder, r in
        builder.binary(operation, r[0], .memory(Address("c", offset: 32)))
      }
      add(nanIsNaN: nanIsNaN) { builder, r in
        builder.binary(operation, r[1], .broadcast(Address("d", offset: 516)))
      }
    }
    for operation in ShiftOperation.allCases {
      for count in [0, 1, 7, 31] {
        add { builder, r in builder.shift(operation, r[2], by: count) }
      }
    }
    for negated in [false, true] {
      // The destination shares a register with each operand in turn, or with none.
      for keep in [[], [0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]] {
        add(nanIsNaN: true) { builder, r in
          let sum = builder.multiplyAdd(r[0], r[1], r[2], negated: negated)
          return keep.reduce(sum) { builder.binary(.xor, $0, r[$1]) }
        }
      }
      // What lies behind the lanes that matter is replaced.
      for count in [1, target.lanes / 2, target.lanes - 1] {
        for operand in [
          nil, VectorOperand.memory(Address("d", offset: 8)),
          .broadcast(Address("d", offset: 12)),
        ] {
          add(nanIsNaN: true) { builder, r in
            let (sum, d) = (builder.newRegister(), builder.newRegister())
            let b = operand ?? .register(r[1])
            builder.append(
              .multiplyAdd(sum, a: r[0], b: b, c: r[2], negated: negated, count: count))
            builder.append(.blend(d, count: count, first: sum, rest: r[3]))
            return d
          }
        }
      }
      for operand in [
        VectorOperand.memory(Address("d", offset: 8)), .broadcast(Address("d", offset: 12)),
      ] {
        for keep in [[], [0], [2], [0, 2]] {
          add(nanIsNaN: true) { builder, r in
            let sum = builder.newRegister()
            builder.append(.multiplyAdd(sum, a: r[0], b: operand, c: r[2], negated: negated))
            return keep.reduce(sum) { builder.binary(.xor, $0, r[$1]) }
          }
        }
      }
      add(nanIsNaN: true) { builder, r in
        builder.append(.accumulate(r[2], r[0], .register(r[1]), negated: negated))
        builder.append(.accumulate(r[2], r[2], .register(r[2]), negated: negated))
        return r[2]
      }
    }
    for comparison in Comparison.allCases {
      for type in LaneType.allCases {
        add { builder, r in
          builder.select(r[0], comparison, r[1], type: type, ifTrue: r[2], ifFalse: r[3])
        }
        add { builder, r in
          builder.select(r[0], comparison, r[0], type: type, ifTrue: r[2], ifFalse: r[0])
        }
        // Twice by one comparison, of the same values and of others.
        add { builder, r in
          let x = builder.select(r[0], comparison, r[1], type: type, ifTrue: r[2], ifFalse: r[3])
          let y = builder.select(r[0], comparison, r[1], type: type, ifTrue: r[3], ifFalse: r[0])
          return builder.binary(.xor, x, y)
        }
        for changed in 0...1 {
          add { builder, r in
            builder.append(
              .compareSelect(r[changed], comparison, type, r[0], r[1], ifTrue: r[2], ifFalse: r[3]))
            return builder.select(
              r[0], comparison, r[1], type: type, ifTrue: r[3], ifFalse: r[2])
          }
        }
      }
    }
    for operation in [
      ShuffleOperation.interleaveLow, .interleaveHigh, .interleavePairsLow, .interleavePairsHigh,
    ] {
      add { builder, r in builder.shuffle(operation, r[0], r[1]) }
    }
    for choice in lanes == 16 ? [0, 0x88, 0xdd, 0x4e, 0x1b] : [0, 1, 2, 3] {
      add { builder, r in builder.shuffle(.groups(choice), r[0], r[1]) }
    }
    return result
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

  @Test(
    .enabled(if: Target.avx512.isSupported, "this processor has no AVX-512"),
    arguments: Backend.available)
  func executesAVX512(_ backend: Backend) throws {
    try expectAgreement(Configuration(target: .avx512, backend: backend))
  }

  @Test(
    .enabled(if: Target.avx2.isSupported, "this processor has no AVX2 and FMA"),
    arguments: Backend.available)
  func executesAVX2(_ backend: Backend) throws {
    try expectAgreement(Configuration(target: .avx2, backend: backend))
  }

  @Test(arguments: Backend.available)
  func executesPortable(_ backend: Backend) throws {
    try expectAgreement(Configuration(target: .portable, backend: backend))
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
    arguments: Target.allCases.filter(\.isSupported))
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
