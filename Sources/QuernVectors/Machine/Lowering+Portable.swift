// On the portable target every vector instruction is one macro of the prelude.
extension Lowering {
  private mutating func statement(
    _ name: String, _ d: VectorRegister, _ sources: [VectorRegister], _ rest: String...,
    memory: Address? = nil
  ) {
    let operands = (0...sources.count).map { "$\($0)" }
    let arguments = (operands + rest).joined(separator: ", ")
    emit(
      MachineInstruction(
        text: "quern_\(name)(\(arguments));", operands: [d] + sources, memory: memory))
  }

  private mutating func inRegister(_ operand: VectorOperand) -> VectorRegister {
    switch operand {
    case .register(let register): return register
    case .memory(let address):
      let d = temporary()
      statement("load", d, [], "$p", memory: address)
      return d
    case .broadcast(let address):
      let d = temporary()
      statement("broadcast", d, [], "$p", memory: address)
      return d
    }
  }

  mutating func lowerPortable(_ instruction: VectorInstruction) {
    switch instruction {
    case .load(let d, let address, let count):
      if let count, count < target.lanes {
        statement("load_partial", d, [], "$p", "\(count)", memory: address)
      } else {
        statement("load", d, [], "$p", memory: address)
      }
    case .loadBytes(let d, let address, let count):
      statement("load_bytes", d, [], "$p", "\(count ?? target.lanes)", memory: address)
    case .store(let address, let a, let count):
      let text =
        if let count, count < target.lanes {
          "quern_store_partial($p, $0, \(count));"
        } else {
          "quern_store($p, $0);"
        }
      emit(MachineInstruction(text: text, operands: [a], writes: false, memory: address))
    case .broadcast(let d, let address): statement("broadcast", d, [], "$p", memory: address)
    case .constantBits(let d, let bits):
      if let literal = Float.literal(bits: bits) {
        statement("constant", d, [], literal)
      } else {
        statement("constant_bits", d, [], "\(bits)u")
      }
    case .laneIndices(let d): statement("lane_indices", d, [])
    case .move(let d, let a):
      emit(MachineInstruction(text: "quern_move($0, $1);", operands: [d, a], isMove: true))
    case .unary(let operation, let d, let a): statement(operation.portableName, d, [a])
    case .binary(let operation, let d, let a, let b):
      statement(operation.portableName, d, [a, inRegister(b)])
    case .shift(let operation, let d, let a, let count):
      statement(operation.portableName, d, [a], "\(count)")
    case .multiplyAdd(let d, let a, let b, let c, let negated):
      statement(
        negated ? "multiply_subtract_from" : "multiply_add", d, [a, inRegister(b), c])
    case .compareSelect(let d, let comparison, let type, let a, let b, let x, let y):
      statement("select_\(type.rawValue)", d, [a, b, x, y], comparison.operatorText)
    case .blend(let d, let count, let first, let rest):
      statement("blend", d, [first, rest], "\(count)")
    case .reduce(let operation, let d, let a, let count):
      let input = reductionInput(operation, a, count: count) { $0.lowerPortable($1) }
      statement("reduce_\(operation.rawValue)", d, [input])
    case .shuffle(let operation, let d, let a, let b):
      switch operation {
      case .interleaveLow: statement("shuffle", d, [a, b], "0, 8, 1, 9, 4, 12, 5, 13")
      case .interleaveHigh: statement("shuffle", d, [a, b], "2, 10, 3, 11, 6, 14, 7, 15")
      case .interleavePairsLow: statement("shuffle", d, [a, b], "0, 1, 8, 9, 4, 5, 12, 13")
      case .interleavePairsHigh: statement("shuffle", d, [a, b], "2, 3, 10, 11, 6, 7, 14, 15")
      case .groups(let choice):
        let first = (choice & 1) * 4
        let second = 8 + (choice >> 1 & 1) * 4
        let lanes = [first, second].flatMap { group in (0..<4).map { "\(group + $0)" } }
        statement("shuffle", d, [a, b], lanes.joined(separator: ", "))
      }
    case .prefetch(let address):
      emit(
        MachineInstruction(
          text: "quern_prefetch($p);", operands: [], writes: false, memory: address))
    case .end: break
    }
  }
}

extension UnaryOperation {
  fileprivate var portableName: String {
    switch self {
    case .squareRoot: "square_root"
    case .roundToNearest: "round_to_nearest"
    case .floor: "floor"
    case .negate: "negate"
    case .absolute: "absolute"
    case .convertToFloat: "convert_to_float"
    case .truncateToInteger: "truncate_to_i32"
    case .nearestToInteger: "nearest_to_i32"
    }
  }
}

extension BinaryOperation {
  fileprivate var portableName: String {
    switch self {
    case .addInteger: "add_i32"
    case .subtractInteger: "subtract_i32"
    case .multiplyInteger: "multiply_i32"
    case .maximumInteger: "maximum_i32"
    case .minimumInteger: "minimum_i32"
    case .andNot: "and_not"
    default: rawValue
    }
  }
}

extension ShiftOperation {
  fileprivate var portableName: String {
    switch self {
    case .left: "shift_left"
    case .rightLogical: "shift_right_logical"
    case .rightArithmetic: "shift_right_arithmetic"
    }
  }
}

extension Comparison {
  /// As C writes it.
  public var operatorText: String {
    switch self {
    case .less: "<"
    case .lessOrEqual: "<="
    case .equal: "=="
    case .notEqual: "!="
    case .greater: ">"
    case .greaterOrEqual: ">="
    }
  }
}
