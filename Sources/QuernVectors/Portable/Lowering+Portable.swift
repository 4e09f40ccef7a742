// On the portable target every vector instruction is one macro of the prelude.
extension Lowering {
  private mutating func statement(
    _ text: StaticString, _ operands: OperandList<VectorRegister>, writes: Bool = true,
    immediate: Int = 0, memory: Address? = nil, use: MachineInstruction.MemoryUse = .plain
  ) {
    emit(
      MachineInstruction(
        text: text, operands: operands, writes: writes,
        immediate: UInt32(truncatingIfNeeded: immediate),
        memory: memory.map { operand($0) }, memoryUse: use))
  }

  private mutating func inRegister(_ operand: VectorOperand) -> VectorRegister {
    if let register = operand.register { return register }
    let d = temporary()
    statement(
      operand.isBroadcast ? "quern_broadcast($0, $p);" : "quern_load($0, $p);", [d],
      memory: operand.address)
    return d
  }

  mutating func lowerPortable(_ instruction: VectorInstruction) {
    switch instruction {
    case .load(let d, let address, let count):
      if let count, count < target.lanes {
        statement("quern_load_partial($0, $p, $i);", [d], immediate: count, memory: address)
      } else {
        statement("quern_load($0, $p);", [d], memory: address)
      }
    case .loadBytes(let d, let address, let count):
      statement(
        "quern_load_bytes($0, $p, $i);", [d], immediate: count ?? target.lanes, memory: address,
        use: .bytes)
    case .store(let address, let a, let count):
      if let count, count < target.lanes {
        statement(
          "quern_store_partial($p, $0, $i);", [a], writes: false, immediate: count,
          memory: address)
      } else {
        statement("quern_store($p, $0);", [a], writes: false, memory: address)
      }
    case .broadcast(let d, let address):
      statement("quern_broadcast($0, $p);", [d], memory: address)
    case .constantBits(let d, let bits):
      statement(
        StatementText.isReadable(bits)
          ? "quern_constant($0, $f);" : "quern_constant_bits($0, $f);", [d], immediate: Int(bits))
    case .laneIndices(let d): statement("quern_lane_indices($0);", [d])
    case .move(let d, let a):
      emit(MachineInstruction(text: "quern_move($0, $1);", operands: [d, a], isMove: true))
    case .unary(let operation, let d, let a): statement(operation.portableText, [d, a])
    case .binary(let operation, let d, let a, let b):
      statement(operation.portableText, [d, a, inRegister(b)])
    case .shift(let operation, let d, let a, let count):
      statement(operation.portableText, [d, a], immediate: count)
    case .multiplyAdd(let d, let a, let b, let c, let negated, _):
      statement(
        negated
          ? "quern_multiply_subtract_from($0, $1, $2, $3);"
          : "quern_multiply_add($0, $1, $2, $3);", [d, a, inRegister(b), c])
    case .compareSelect(let d, let comparison, let type, let a, let b, let x, let y):
      statement(
        type == .f32
          ? "quern_select_f32($0, $1, $2, $3, $l, $o);"
          : "quern_select_i32($0, $1, $2, $3, $l, $o);", [d, a, b, x, y],
        immediate: Comparison.allCases.firstIndex(of: comparison) ?? 0)
    case .blend(let d, let count, let first, let rest):
      statement("quern_blend($0, $1, $2, $i);", [d, first, rest], immediate: count)
    case .reduce(let operation, let d, let a, let count):
      let input = reductionInput(operation, a, count: count)
      statement(operation.portableText, [d, input])
    case .shuffle(let operation, let d, let a, let b):
      statement(operation.portableText, [d, a, b])
    case .prefetch(let address, _):
      statement("quern_prefetch($p);", [], writes: false, memory: address)
    case .end: break
    }
  }
}

extension UnaryOperation {
  fileprivate var portableText: StaticString {
    switch self {
    case .squareRoot: "quern_square_root($0, $1);"
    case .roundToNearest: "quern_round_to_nearest($0, $1);"
    case .floor: "quern_floor($0, $1);"
    case .negate: "quern_negate($0, $1);"
    case .absolute: "quern_absolute($0, $1);"
    case .convertToFloat: "quern_convert_to_float($0, $1);"
    case .truncateToInteger: "quern_truncate_to_i32($0, $1);"
    case .nearestToInteger: "quern_nearest_to_i32($0, $1);"
    }
  }
}

extension BinaryOperation {
  fileprivate var portableText: StaticString {
    switch self {
    case .add: "quern_add($0, $1, $2);"
    case .subtract: "quern_subtract($0, $1, $2);"
    case .multiply: "quern_multiply($0, $1, $2);"
    case .divide: "quern_divide($0, $1, $2);"
    case .maximum: "quern_maximum($0, $1, $2);"
    case .minimum: "quern_minimum($0, $1, $2);"
    case .and: "quern_and($0, $1, $2);"
    case .or: "quern_or($0, $1, $2);"
    case .xor: "quern_xor($0, $1, $2);"
    case .andNot: "quern_and_not($0, $1, $2);"
    case .addInteger: "quern_add_i32($0, $1, $2);"
    case .subtractInteger: "quern_subtract_i32($0, $1, $2);"
    case .multiplyInteger: "quern_multiply_i32($0, $1, $2);"
    case .maximumInteger: "quern_maximum_i32($0, $1, $2);"
    case .minimumInteger: "quern_minimum_i32($0, $1, $2);"
    }
  }
}

extension ShiftOperation {
  fileprivate var portableText: StaticString {
    switch self {
    case .left: "quern_shift_left($0, $1, $i);"
    case .rightLogical: "quern_shift_right_logical($0, $1, $i);"
    case .rightArithmetic: "quern_shift_right_arithmetic($0, $1, $i);"
    }
  }
}

extension ReduceOperation {
  fileprivate var portableText: StaticString {
    switch self {
    case .sum: "quern_reduce_sum($0, $1);"
    case .maximum: "quern_reduce_maximum($0, $1);"
    case .minimum: "quern_reduce_minimum($0, $1);"
    }
  }
}

extension ShuffleOperation {
  fileprivate var portableText: StaticString {
    switch self {
    case .interleaveLow: "quern_shuffle($0, $1, $2, 0, 8, 1, 9, 4, 12, 5, 13);"
    case .interleaveHigh: "quern_shuffle($0, $1, $2, 2, 10, 3, 11, 6, 14, 7, 15);"
    case .interleavePairsLow: "quern_shuffle($0, $1, $2, 0, 1, 8, 9, 4, 5, 12, 13);"
    case .interleavePairsHigh: "quern_shuffle($0, $1, $2, 2, 3, 10, 11, 6, 7, 14, 15);"
    case .groups(let choice):
      switch choice & 3 {
      case 0: "quern_shuffle($0, $1, $2, 0, 1, 2, 3, 8, 9, 10, 11);"
      case 1: "quern_shuffle($0, $1, $2, 4, 5, 6, 7, 8, 9, 10, 11);"
      case 2: "quern_shuffle($0, $1, $2, 0, 1, 2, 3, 12, 13, 14, 15);"
      default: "quern_shuffle($0, $1, $2, 4, 5, 6, 7, 12, 13, 14, 15);"
      }
    }
  }
}
