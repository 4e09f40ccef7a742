import QuernMachine
import QuernVectors

/// What vector instructions mean, lane by lane in plain Swift.
struct VectorModel {
  let target: Target
  var memory: [String: [UInt8]]
  private var registers: [VectorRegister: [UInt32]] = [:]

  init(target: Target, memory: [String: [UInt8]]) {
    self.target = target
    self.memory = memory
  }

  private var lanes: Int { target.lanes }

  mutating func run(_ block: [VectorInstruction]) {
    for instruction in block {
      if let destination = instruction.destination {
        registers[destination] = result(instruction)
      } else if case .store(let address, let source, let count) = instruction {
        for lane in 0..<(count ?? lanes) {
          let bits = registers[source]![lane]
          for byte in 0..<4 {
            memory[address.base.text]![address.offset + 4 * lane + byte] =
              UInt8(truncatingIfNeeded: bits >> UInt32(8 * byte))
          }
        }
      }
    }
  }

  private func word(_ address: Address, _ lane: Int) -> UInt32 {
    (0..<4).reduce(0) {
      $0 | UInt32(memory[address.base.text]![address.offset + 4 * lane + $1]) << UInt32(8 * $1)
    }
  }

  private func value(_ operand: VectorOperand) -> [UInt32] {
    switch operand {
    case .register(let register): registers[register]!
    case .memory(let address): (0..<lanes).map { word(address, $0) }
    case .broadcast(let address): Array(repeating: word(address, 0), count: lanes)
    }
  }

  private func result(_ instruction: VectorInstruction) -> [UInt32] {
    let all = 0..<lanes
    switch instruction {
    case .load(_, let address, let count):
      return all.map { $0 < count ?? lanes ? word(address, $0) : 0 }
    case .loadBytes(_, let address, let count):
      return all.map {
        $0 < count ?? lanes ? UInt32(memory[address.base.text]![address.offset + $0]) : 0
      }
    case .broadcast(_, let address): return value(.broadcast(address))
    case .constantBits(_, let bits): return Array(repeating: bits, count: lanes)
    case .laneIndices: return all.map(UInt32.init)
    case .move(_, let a): return registers[a]!
    case .unary(let operation, _, let a): return registers[a]!.map { unary(operation, $0) }
    case .binary(let operation, _, let a, let b):
      return zip(registers[a]!, value(b)).map { binary(operation, $0, $1) }
    case .shift(let operation, _, let a, let count):
      return registers[a]!.map {
        switch operation {
        case .left: $0 << UInt32(count)
        case .rightLogical: $0 >> UInt32(count)
        case .rightArithmetic: UInt32(bitPattern: Int32(bitPattern: $0) >> Int32(count))
        }
      }
    case .multiplyAdd(_, let a, let b, let c, let negated, _):
      return all.map { lane in
        let x = Float(bitPattern: registers[a]![lane])
        let y = Float(bitPattern: value(b)[lane])
        let z = Float(bitPattern: registers[c]![lane])
        let sum =
          target.family == .portable
          ? (negated ? z - x * y : x * y + z) : z.addingProduct(negated ? -x : x, y)
        return sum.bitPattern
      }
    case .compareSelect(_, let comparison, let type, let a, let b, let x, let y):
      return all.map { lane in
        let (l, r) = (registers[a]![lane], registers[b]![lane])
        let holds =
          type == .f32
          ? compare(comparison, Float(bitPattern: l), Float(bitPattern: r))
          : compare(comparison, Int32(bitPattern: l), Int32(bitPattern: r))
        return registers[holds ? x : y]![lane]
      }
    case .blend(_, let count, let first, let rest):
      return all.map { registers[$0 < count ? first : rest]![$0] }
    case .reduce(let operation, _, let a, let count): return reduce(operation, a, count)
    case .shuffle(let operation, _, let a, let b):
      return shuffle(operation, registers[a]!, registers[b]!)
    case .store, .prefetch, .end: return []
    }
  }

  private func unary(_ operation: UnaryOperation, _ bits: UInt32) -> UInt32 {
    let x = Float(bitPattern: bits)
    switch operation {
    case .squareRoot: return x.squareRoot().bitPattern
    case .roundToNearest: return x.rounded(.toNearestOrEven).bitPattern
    case .floor: return x.rounded(.down).bitPattern
    case .negate: return bits ^ 0x8000_0000
    case .absolute: return bits & 0x7fff_ffff
    case .convertToFloat: return Float(Int32(bitPattern: bits)).bitPattern
    case .truncateToInteger:
      return UInt32(bitPattern: Int32(exactly: x.rounded(.towardZero)) ?? .min)
    case .nearestToInteger:
      return UInt32(bitPattern: Int32(exactly: x.rounded(.toNearestOrEven)) ?? .min)
    }
  }

  private func binary(_ operation: BinaryOperation, _ a: UInt32, _ b: UInt32) -> UInt32 {
    let (x, y) = (Float(bitPattern: a), Float(bitPattern: b))
    let (i, j) = (Int32(bitPattern: a), Int32(bitPattern: b))
    switch operation {
    case .add: return (x + y).bitPattern
    case .subtract: return (x - y).bitPattern
    case .multiply: return (x * y).bitPattern
    case .divide: return (x / y).bitPattern
    case .maximum: return x > y ? a : b
    case .minimum: return x < y ? a : b
    case .and: return a & b
    case .or: return a | b
    case .xor: return a ^ b
    case .andNot: return ~a & b
    case .addInteger: return a &+ b
    case .subtractInteger: return a &- b
    case .multiplyInteger: return a &* b
    case .maximumInteger: return i > j ? a : b
    case .minimumInteger: return i < j ? a : b
    }
  }

  private func compare<T: Comparable>(_ comparison: Comparison, _ a: T, _ b: T) -> Bool {
    switch comparison {
    case .less: a < b
    case .lessOrEqual: a <= b
    case .equal: a == b
    case .notEqual: a != b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    }
  }

  private func reduce(
    _ operation: ReduceOperation, _ source: VectorRegister, _ count: Int?
  ) -> [UInt32] {
    let identity: Float =
      switch operation {
      case .sum: 0
      case .maximum: -.infinity
      case .minimum: .infinity
      }
    var values = registers[source]!.enumerated().map {
      $0 < count ?? lanes ? Float(bitPattern: $1) : identity
    }
    while values.count > 1 {
      let half = values.count / 2
      values = (0..<half).map { lane in
        let (x, y) = (values[lane], values[lane + half])
        switch operation {
        case .sum: return x + y
        case .maximum: return x > y ? x : y
        case .minimum: return x < y ? x : y
        }
      }
    }
    return Array(repeating: values[0].bitPattern, count: lanes)
  }

  private func shuffle(
    _ operation: ShuffleOperation, _ a: [UInt32], _ b: [UInt32]
  ) -> [UInt32] {
    if case .groups(let choice) = operation {
      let groups: [ArraySlice<UInt32>] =
        lanes == 16
        ? [(a, 0), (a, 2), (b, 4), (b, 6)].map { source, shift in
          source[(choice >> shift & 3) * 4..<(choice >> shift & 3) * 4 + 4]
        }
        : [(a, 0), (b, 1)].map { source, shift in
          source[(choice >> shift & 1) * 4..<(choice >> shift & 1) * 4 + 4]
        }
      return groups.flatMap { $0 }
    }
    return stride(from: 0, to: lanes, by: 4).flatMap { g -> [UInt32] in
      switch operation {
      case .interleaveLow: [a[g], b[g], a[g + 1], b[g + 1]]
      case .interleaveHigh: [a[g + 2], b[g + 2], a[g + 3], b[g + 3]]
      case .interleavePairsLow: [a[g], a[g + 1], b[g], b[g + 1]]
      case .interleavePairsHigh: [a[g + 2], a[g + 3], b[g + 2], b[g + 3]]
      case .groups: []
      }
    }
  }
}
