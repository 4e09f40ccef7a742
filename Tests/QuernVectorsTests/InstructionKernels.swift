import QuernMachine
import QuernVectors

/// Kernels that read "a", "b", "c", "d" and "u" and write "y", and whether NaN results may differ by
/// payload.
struct InstructionKernels {
  let target: Target
  private(set) var kernels: [(kernel: TestKernel, nanIsNaN: Bool)] = []

  init(target: Target) { self.target = target }

  private mutating func add(
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
    kernels.append(
      (
        TestKernel(
          name: "kernel\(kernels.count)", bases: ["a", "b", "c", "d", "y", "u"],
          byteBases: ["u"], blocks: [builder.takeBlock()]), nanIsNaN
      ))
  }

  /// Loads, stores, reductions and blends of the first lanes, and of all.
  mutating func addPartsOfRegisters() {
    for count in [nil] + (1...target.lanes).map(Optional.some) {
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
  }

  mutating func addConstantsAndMoves() {
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
  }

  mutating func addUnary() {
    for operation in UnaryOperation.allCases {
      for source in 0..<4 {
        add(nanIsNaN: true) { builder, r in builder.unary(operation, r[source]) }
      }
    }
  }

  mutating func addBinary() {
    for operation in BinaryOperation.allCases {
      let nanIsNaN = !Self.isIntegral(operation)
      add(nanIsNaN: nanIsNaN) { builder, r in builder.binary(operation, r[0], r[1]) }
      add(nanIsNaN: nanIsNaN) { builder, r in
        builder.binary(operation, r[0], .memory(Address("c", offset: 32)))
      }
      add(nanIsNaN: nanIsNaN) { builder, r in
        builder.binary(operation, r[1], .broadcast(Address("d", offset: 516)))
      }
    }
  }

  private static func isIntegral(_ operation: BinaryOperation) -> Bool {
    switch operation {
    case .add, .subtract, .multiply, .divide, .maximum, .minimum: false
    default: true
    }
  }

  mutating func addShifts() {
    for operation in ShiftOperation.allCases {
      for count in [0, 1, 7, 31] {
        add { builder, r in builder.shift(operation, r[2], by: count) }
      }
    }
  }

  /// The destination shares a register with each operand in turn, or with none.
  mutating func addMultiplyAdd(negated: Bool) {
    for keep in [[], [0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]] {
      add(nanIsNaN: true) { builder, r in
        let sum = builder.multiplyAdd(r[0], r[1], r[2], negated: negated)
        return keep.reduce(sum) { builder.binary(.xor, $0, r[$1]) }
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
  }

  /// What lies behind the lanes that matter is replaced.
  mutating func addPartialMultiplyAdd(negated: Bool) {
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
  }

  mutating func addAccumulate(negated: Bool) {
    add(nanIsNaN: true) { builder, r in
      builder.append(.accumulate(r[2], r[0], .register(r[1]), negated: negated))
      builder.append(.accumulate(r[2], r[2], .register(r[2]), negated: negated))
      return r[2]
    }
  }

  mutating func addSelections() {
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
  }

  mutating func addShuffles() {
    for operation in [
      ShuffleOperation.interleaveLow, .interleaveHigh, .interleavePairsLow, .interleavePairsHigh,
    ] {
      add { builder, r in builder.shuffle(operation, r[0], r[1]) }
    }
    for choice in target.lanes == 16 ? [0, 0x88, 0xdd, 0x4e, 0x1b] : [0, 1, 2, 3] {
      add { builder, r in builder.shuffle(.groups(choice), r[0], r[1]) }
    }
  }
}
