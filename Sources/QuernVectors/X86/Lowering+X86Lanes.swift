// Instructions across lanes and by lane: reductions, selections, rearrangements.
extension Lowering {
  mutating func lowerReduce(
    _ operation: ReduceOperation, _ d: VectorRegister, _ a: VectorRegister, _ count: Int?
  ) {
    var value = reductionInput(operation, a, count: count)
    let join: BinaryOperation =
      switch operation {
      case .sum: .add
      case .maximum: .maximum
      case .minimum: .minimum
      }
    let isWide = target.lanes == 16
    let steps = isWide ? 4 : 3
    for step in 0..<steps {
      let other = temporary()
      let sum = step == steps - 1 ? d : temporary()
      switch step - (isWide ? 1 : 0) {
      case -1: shuffleGroups(other, value, value, 0x4e)
      case 0 where isWide: shuffleGroups(other, value, value, 0xb1)
      case 0:
        plain(
          "$0 = _mm256_permute2f128_ps($1, $2, 1);", [other, value, value], .permuteHalves,
          immediate: 1)
      case 1: permute(other, value, 0x4e)
      default: permute(other, value, 0xb1)
      }
      lowerBinary(join, sum, value, .register(other))
      value = sum
    }
  }

  // MARK: Selection

  mutating func lowerSelectByMask(
    _ d: VectorRegister, _ comparison: Comparison, _ type: LaneType, _ a: VectorRegister,
    _ b: VectorRegister, _ x: VectorRegister, _ y: VectorRegister
  ) {
    if lastComparison?.isSame(comparison, type, a, b) != true {
      compareIntoMask(comparison, type, a, b)
      lastComparison = LoweredComparison(comparison: comparison, type: type, a: a, b: b)
    }
    emit(
      MachineInstruction(
        text: "$0 = _mm512_mask_blend_ps(m, $1, $2);", operands: [d, y, x],
        encoding: .x86(
          .vector(
            VectorEncoding(
              opcode: .blendMask, vvvv: .operand(1), rm: .operand(2), isSelection: true))),
        readsComparison: true))
  }

  private mutating func compareIntoMask(
    _ comparison: Comparison, _ type: LaneType, _ a: VectorRegister, _ b: VectorRegister
  ) {
    let isFloat = type == .f32
    let predicate = predicate(comparison, isFloat: isFloat)
    let text: StaticString =
      isFloat ? "m = _mm512_cmp_ps_mask($0, $1, $c);" : "m = $q_compare_i32($0, $1, $d);"
    emit(
      MachineInstruction(
        text: text, operands: [a, b], writes: false, immediate: UInt32(predicate),
        encoding: .x86(
          .vector(
            VectorEncoding(
              opcode: isFloat ? .compare : .compareInteger, reg: .fixed(2), vvvv: .operand(0),
              rm: .operand(1), immediate: predicate))), makesComparison: true))
  }

  /// The comparison's number in the instruction.
  private func predicate(_ comparison: Comparison, isFloat: Bool) -> UInt8 {
    switch comparison {
    case .less: isFloat ? 0x11 : 1
    case .lessOrEqual: isFloat ? 0x12 : 2
    case .equal: 0
    case .notEqual: 4
    case .greater: isFloat ? 0x1e : 6
    case .greaterOrEqual: isFloat ? 0x1d : 5
    }
  }

  /// Of integers, != <= and >= are the opposite of what comes out: there are only == and >.
  private mutating func compareIntoVector(
    _ outcome: VectorRegister, _ comparison: Comparison, _ type: LaneType, _ a: VectorRegister,
    _ b: VectorRegister
  ) {
    guard type == .i32 else {
      return plain(
        "$0 = _mm256_cmp_ps($1, $2, $c);", [outcome, a, b], .compare,
        immediate: predicate(comparison, isFloat: true))
    }
    switch comparison {
    case .equal, .notEqual:
      plain("$0 = $q_equal_i32($1, $2);", [outcome, a, b], .equalInteger)
    case .greater, .lessOrEqual:
      plain("$0 = $q_greater_i32($1, $2);", [outcome, a, b], .greaterInteger)
    case .less, .greaterOrEqual:
      plain("$0 = $q_greater_i32($1, $2);", [outcome, b, a], .greaterInteger)
    }
  }

  mutating func lowerSelectByVector(
    _ d: VectorRegister, _ comparison: Comparison, _ type: LaneType, _ a: VectorRegister,
    _ b: VectorRegister, _ x: VectorRegister, _ y: VectorRegister
  ) {
    let condition: VectorRegister
    if let last = lastComparison, last.isSame(comparison, type, a, b), let outcome = last.outcome {
      condition = outcome
    } else {
      condition = temporary()
      compareIntoVector(condition, comparison, type, a, b)
      lastComparison = LoweredComparison(
        comparison: comparison, type: type, a: a, b: b, outcome: condition)
    }
    var (x, y) = (x, y)
    switch comparison {
    case .notEqual, .lessOrEqual, .greaterOrEqual: if type == .i32 { swap(&x, &y) }
    default: break
    }
    emit(
      MachineInstruction(
        text: "$0 = _mm256_blendv_ps($1, $2, $3);", operands: [d, y, x, condition],
        encoding: .x86(
          .vector(
            VectorEncoding(
              opcode: .blendVariable, vvvv: .operand(1), rm: .operand(2), immediate: 0,
              immediateOperand: 3)))))
  }

  mutating func lowerBlend(
    _ d: VectorRegister, _ count: Int, _ first: VectorRegister, _ rest: VectorRegister
  ) {
    if count == target.lanes {
      lowerMove(d, first)
    } else if target.hasMasks {
      emit(
        MachineInstruction(
          text: "$0 = _mm512_mask_blend_ps($i, $1, $2);", operands: [d, rest, first],
          immediate: UInt32(mask(count)),
          encoding: .x86(
            .vector(
              VectorEncoding(
                opcode: .blendMask, vvvv: .operand(1), rm: .operand(2),
                firstLanes: UInt8(count)))), usesLaneMask: true))
    } else {
      plain(
        "$0 = _mm256_blend_ps($1, $2, $i);", [d, rest, first], .blendConstant,
        immediate: UInt8((1 << count) - 1))
    }
  }

  // MARK: The first lanes

  /// Stores four lanes, two and one, as many as there are. A store under a mask would be one
  /// instruction, but takes AMD's processors before AVX-512 a dozen cycles.
  mutating func storeLanes(of a: VectorRegister, _ count: Int, to address: Address) {
    var (half, address, left) = (a, address, count)
    if left >= 4 {
      storePart("$q_store_4($p, $0);", half, .store, to: address)
      address.offset += 16
      left -= 4
      guard left > 0 else { return }
      half = temporary()
      emit(
        MachineInstruction(
          text: "$0 = $q_upper_half($1);", operands: [half, a],
          encoding: .x86(
            .vector(
              VectorEncoding(
                opcode: .extractHalf, reg: .operand(1), rm: .operand(0), immediate: 1)))))
    }
    if left >= 2 { storePart("$q_store_2($p, $0);", half, .storeTwo, to: address) }
    if left == 3 {
      address.offset += 8
      storePart(
        "$q_store_third($p, $0);", half, .storeLane, immediate: 2, to: address)
    } else if left == 1 {
      storePart("$q_store_1($p, $0);", half, .storeOne, to: address)
    }
  }

  private mutating func storePart(
    _ text: StaticString, _ a: VectorRegister, _ opcode: Opcode,
    immediate: UInt8? = nil, to address: Address
  ) {
    memory(
      text, [a], address, writes: false,
      .vector(
        VectorEncoding(
          opcode: opcode, rm: .memory, immediate: immediate, bits: 128)))
  }

  // MARK: Rearrangement

  private mutating func shuffleGroups(
    _ d: VectorRegister, _ a: VectorRegister, _ b: VectorRegister, _ immediate: UInt8
  ) {
    plain(
      "$0 = _mm512_shuffle_f32x4($1, $2, $i);", [d, a, b], .shuffleGroups,
      immediate: immediate)
  }

  private mutating func permute(_ d: VectorRegister, _ a: VectorRegister, _ immediate: UInt8) {
    plain("$0 = $w_permute_ps($1, $i);", [d, a], .permute, immediate: immediate)
  }

  mutating func lowerShuffle(
    _ operation: ShuffleOperation, _ d: VectorRegister, _ a: VectorRegister, _ b: VectorRegister
  ) {
    switch operation {
    case .interleaveLow: plain("$0 = $w_unpacklo_ps($1, $2);", [d, a, b], .unpackLow)
    case .interleaveHigh: plain("$0 = $w_unpackhi_ps($1, $2);", [d, a, b], .unpackHigh)
    case .interleavePairsLow:
      plain("$0 = $q_unpack_pairs_low($1, $2);", [d, a, b], .unpackPairsLow)
    case .interleavePairsHigh:
      plain("$0 = $q_unpack_pairs_high($1, $2);", [d, a, b], .unpackPairsHigh)
    case .groups(let choice):
      if target.lanes == 16 {
        shuffleGroups(d, a, b, UInt8(choice & 255))
      } else {
        let immediate = UInt8((choice & 1) | (2 + (choice >> 1 & 1)) << 4)
        plain(
          "$0 = _mm256_permute2f128_ps($1, $2, $i);", [d, a, b], .permuteHalves,
          immediate: immediate)
      }
    }
  }
}
