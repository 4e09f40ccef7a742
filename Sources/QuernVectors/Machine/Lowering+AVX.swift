// AVX-512 and AVX2 differ by width, masks and embedded broadcasts.
extension Lowering {
  private var wide: Bool { target == .avx512 }
  private var mm: String { wide ? "_mm512" : "_mm256" }

  /// An instruction of registers only: `dst = text`, bytes of one opcode.
  private mutating func plain(
    _ text: String, _ operands: [VectorRegister], _ opcode: Opcode, immediate: UInt8? = nil
  ) {
    let encoding = VectorEncoding(
      opcode: opcode, vvvv: operands.count == 3 ? .operand(1) : nil,
      rm: .operand(operands.count - 1), immediate: immediate)
    emit(
      MachineInstruction(text: "$0 = \(text);", operands: operands, encodings: [.vector(encoding)]))
  }

  private mutating func lowerMove(_ d: VectorRegister, _ a: VectorRegister) {
    let encoding = VectorEncoding(opcode: .move, rm: .operand(1))
    emit(
      MachineInstruction(
        text: "$0 = $1;", operands: [d, a], encodings: [.vector(encoding)], isMove: true))
  }

  mutating func lowerAVX(_ instruction: VectorInstruction) {
    switch instruction {
    case .store:
      lastBroadcast = nil
      lowerMemory(instruction)
    case .load, .loadBytes, .broadcast, .prefetch: lowerMemory(instruction)
    case .constantBits(let d, let bits): lowerConstant(d, bits)
    case .laneIndices(let d): lowerLaneIndices(d)
    case .move(let d, let a):
      lowerMove(d, a)
    case .unary(let operation, let d, let a): lowerUnary(operation, d, a)
    case .binary(let operation, let d, let a, let b): lowerBinary(operation, d, a, b)
    case .shift(let operation, let d, let a, let count):
      let (name, opcode): (String, Opcode) =
        switch operation {
        case .left: ("shift_left", .shiftLeft)
        case .rightLogical: ("shift_right_logical", .shiftRightLogical)
        case .rightArithmetic: ("shift_right_arithmetic", .shiftRightArithmetic)
        }
      plain("quern_\(name)($1, \(count))", [d, a], opcode, immediate: UInt8(count))
    case .multiplyAdd(let d, let a, let b, let c, let negated):
      lowerMultiplyAdd(d, a, b, c, negated)
    case .compareSelect(let d, let comparison, let type, let a, let b, let x, let y):
      if wide {
        lowerSelectByMask(d, comparison, type, a, b, x, y)
      } else {
        lowerSelectByVector(d, comparison, type, a, b, x, y)
      }
    case .blend(let d, let count, let first, let rest): lowerBlend(d, count, first, rest)
    case .reduce(let operation, let d, let a, let count):
      lowerReduce(operation, d, a, count)
    case .shuffle(let operation, let d, let a, let b): lowerShuffle(operation, d, a, b)
    case .end:
      emit(
        MachineInstruction(
          text: "_mm256_zeroupper();", operands: [], writes: false, encodings: [.zeroUpper]))
    }
  }

  // MARK: Memory and constants

  private mutating func lowerMemory(_ instruction: VectorInstruction) {
    let lanes = target.lanes
    switch instruction {
    case .load(let d, let address, let count?) where count < lanes:
      if wide {
        memory("$0 = _mm512_maskz_loadu_ps(\(mask(count)), $p);", [d], address, [
          .laneMask(count),
          .vector(VectorEncoding(opcode: .load, rm: .memory(offset: 0), mask: 1, zeroing: true)),
        ])
      } else {
        let mask = laneMaskVector(count)
        memory("$0 = _mm256_maskload_ps($p, _mm256_castps_si256($1));", [d, mask], address, [
          .vector(
            VectorEncoding(opcode: .maskLoad, vvvv: .operand(1), rm: .memory(offset: 0)))
        ])
      }
    case .load(let d, let address, _):
      memory("$0 = \(mm)_loadu_ps($p);", [d], address, [
        .vector(VectorEncoding(opcode: .load, rm: .memory(offset: 0)))
      ])
    case .store(let address, let a, let count?) where count < lanes:
      if wide {
        memory("_mm512_mask_storeu_ps($p, \(mask(count)), $0);", [a], address, writes: false, [
          .laneMask(count),
          .vector(VectorEncoding(opcode: .store, rm: .memory(offset: 0), mask: 1)),
        ])
      } else {
        let mask = laneMaskVector(count)
        memory(
          "_mm256_maskstore_ps($p, _mm256_castps_si256($1), $0);", [a, mask], address,
          writes: false,
          [
            .vector(
              VectorEncoding(opcode: .maskStore, vvvv: .operand(1), rm: .memory(offset: 0)))
          ])
      }
    case .store(let address, let a, _):
      memory("\(mm)_storeu_ps($p, $0);", [a], address, writes: false, [
        .vector(VectorEncoding(opcode: .store, rm: .memory(offset: 0)))
      ])
    case .loadBytes(let d, let address, let count?) where count < lanes:
      lowerPartialBytes(d, address, count)
    case .loadBytes(let d, let address, _):
      memory("$0 = quern_load_bytes($p);", [d], address, [
        .vector(VectorEncoding(opcode: .widenBytes, rm: .memory(offset: 0)))
      ])
    case .broadcast(let d, let address):
      memory("$0 = \(mm)_set1_ps($e);", [d], address, [
        .vector(VectorEncoding(opcode: .broadcast, rm: .memory(offset: 0)))
      ])
    case .prefetch(let address):
      memory("_mm_prefetch((const char *)($p), _MM_HINT_T0);", [], address, writes: false, [
        .prefetch
      ])
    default: break
    }
  }

  private mutating func memory(
    _ text: String, _ operands: [VectorRegister], _ address: Address, writes: Bool = true,
    _ encodings: [Encoding]
  ) {
    emit(
      MachineInstruction(
        text: text, operands: operands, writes: writes, memory: address, encodings: encodings))
  }

  private func mask(_ count: Int) -> String { "\((1 << count) - 1)" }

  /// All ones in the first `count` lanes: AVX2's masks are vectors.
  private mutating func laneMaskVector(_ count: Int) -> VectorRegister {
    let d = temporary()
    emit(
      MachineInstruction(
        text: "$0 = quern_lane_mask(\(count));", operands: [d],
        encodings: [
          .scratch64(count >= 8 ? .max : (1 << UInt64(8 * count)) - 1),
          .vector(VectorEncoding(opcode: .moveQuad, rm: .fixed(Encoder.scratch), bits: 128)),
          .vector(VectorEncoding(opcode: .widenSignedBytes, rm: .operand(0))),
        ]))
    return d
  }

  private mutating func lowerPartialBytes(_ d: VectorRegister, _ address: Address, _ count: Int) {
    if wide {
      memory("$0 = quern_load_bytes_partial(\(mask(count)), $p);", [d], address, [
        .laneMask(count),
        .vector(
          VectorEncoding(opcode: .widenBytes, rm: .memory(offset: 0), mask: 1, zeroing: true)),
      ])
      return
    }
    var encodings: [Encoding] = [
      .vector(VectorEncoding(opcode: .xor, vvvv: .operand(0), rm: .operand(0)))
    ]
    for lane in 0..<count {
      encodings.append(
        .vector(
          VectorEncoding(
            opcode: .insertByte, vvvv: .operand(0), rm: .memory(offset: lane),
            immediate: UInt8(lane), bits: 128)))
    }
    encodings.append(.vector(VectorEncoding(opcode: .widenBytes, rm: .operand(0))))
    let bytes = (0..<8).map { $0 < count ? "($p)[\($0)]" : "0" }.joined(separator: ", ")
    memory("$0 = quern_bytes(\(bytes));", [d], address, encodings)
  }

  private mutating func lowerConstant(_ d: VectorRegister, _ bits: UInt32) {
    if bits == 0 {
      emit(
        MachineInstruction(
          text: "$0 = \(mm)_setzero_ps();", operands: [d],
          encodings: [.vector(VectorEncoding(opcode: .xor, vvvv: .operand(0), rm: .operand(0)))]))
      return
    }
    let text =
      Float.literal(bits: bits).map { "\(mm)_set1_ps(\($0))" } ?? "quern_constant(\(bits)u)"
    var encodings: [Encoding] = [.scratch32(bits)]
    if wide {
      encodings.append(
        .vector(VectorEncoding(opcode: .broadcastInteger, rm: .fixed(Encoder.scratch))))
    } else {
      encodings.append(
        .vector(VectorEncoding(opcode: .moveWord, rm: .fixed(Encoder.scratch), bits: 128)))
      encodings.append(.vector(VectorEncoding(opcode: .broadcast, rm: .operand(0))))
    }
    emit(MachineInstruction(text: "$0 = \(text);", operands: [d], encodings: encodings))
  }

  private mutating func lowerLaneIndices(_ d: VectorRegister) {
    var encodings: [Encoding] = [
      .scratch64(0x0706_0504_0302_0100),
      .vector(VectorEncoding(opcode: .moveQuad, rm: .fixed(Encoder.scratch), bits: 128)),
    ]
    if wide {
      encodings += [
        .scratch64(0x0f0e_0d0c_0b0a_0908),
        .vector(
          VectorEncoding(
            opcode: .insertQuad, vvvv: .operand(0), rm: .fixed(Encoder.scratch), immediate: 1,
            bits: 128)),
      ]
    }
    encodings.append(.vector(VectorEncoding(opcode: .widenBytes, rm: .operand(0))))
    emit(
      MachineInstruction(text: "$0 = quern_lane_indices();", operands: [d], encodings: encodings))
  }

  // MARK: Arithmetic

  private mutating func constant(_ bits: UInt32) -> VectorRegister {
    let d = temporary()
    lowerConstant(d, bits)
    return d
  }

  private mutating func lowerUnary(
    _ operation: UnaryOperation, _ d: VectorRegister, _ a: VectorRegister
  ) {
    switch operation {
    case .squareRoot: plain("\(mm)_sqrt_ps($1)", [d, a], .squareRoot)
    case .roundToNearest:
      plain("quern_round_to_nearest($1)", [d, a], wide ? .roundScale : .round, immediate: 8)
    case .floor: plain("quern_floor($1)", [d, a], wide ? .roundScale : .round, immediate: 9)
    case .negate: lowerBinary(.xor, d, a, .register(constant(0x8000_0000)))
    case .absolute: lowerBinary(.and, d, a, .register(constant(0x7fff_ffff)))
    case .convertToFloat: plain("quern_convert_to_float($1)", [d, a], .convertToFloat)
    case .truncateToInteger: plain("quern_truncate_to_i32($1)", [d, a], .truncateToInteger)
    case .nearestToInteger: plain("quern_nearest_to_i32($1)", [d, a], .nearestToInteger)
    }
  }

  /// The text of an operand of which `index` is the number where it is a register.
  private func text(of operand: VectorOperand, _ index: Int) -> String {
    switch operand {
    case .register: "$\(index)"
    case .memory: "\(mm)_loadu_ps($p)"
    case .broadcast: "\(mm)_set1_ps($e)"
    }
  }

  /// AVX2 has no embedded broadcasts. Neighbours that use the same value share a temporary.
  private mutating func broadcastInRegister(_ operand: VectorOperand) -> VectorOperand {
    guard !wide, case .broadcast(let address) = operand else { return operand }
    if let last = lastBroadcast, last.address == address { return .register(last.register) }
    let d = temporary()
    lowerMemory(.broadcast(d, address))
    lastBroadcast = (address, d)
    return .register(d)
  }

  private mutating func lowerBinary(
    _ operation: BinaryOperation, _ d: VectorRegister, _ a: VectorRegister, _ b: VectorOperand
  ) {
    let b = broadcastInRegister(b)
    let (name, opcode): (String, Opcode) =
      switch operation {
      case .add: ("\(mm)_add_ps", .add)
      case .subtract: ("\(mm)_sub_ps", .subtract)
      case .multiply: ("\(mm)_mul_ps", .multiply)
      case .divide: ("\(mm)_div_ps", .divide)
      case .maximum: ("\(mm)_max_ps", .maximum)
      case .minimum: ("\(mm)_min_ps", .minimum)
      case .and: ("\(mm)_and_ps", .and)
      case .or: ("\(mm)_or_ps", .or)
      case .xor: ("\(mm)_xor_ps", .xor)
      case .andNot: ("\(mm)_andnot_ps", .andNot)
      case .addInteger: ("quern_add_i32", .addInteger)
      case .subtractInteger: ("quern_subtract_i32", .subtractInteger)
      case .multiplyInteger: ("quern_multiply_i32", .multiplyInteger)
      case .maximumInteger: ("quern_maximum_i32", .maximumInteger)
      case .minimumInteger: ("quern_minimum_i32", .minimumInteger)
      }
    let statement = "\(name)($1, \(text(of: b, 2)))"
    if let register = b.register { plain(statement, [d, a, register], opcode) }
    guard let address = b.address else { return }
    memory("$0 = \(statement);", [d, a], address, [
      .vector(
        VectorEncoding(
          opcode: opcode, vvvv: .operand(1), rm: .memory(offset: 0),
          embeddedBroadcast: b.isBroadcast))
    ])
  }

  private mutating func lowerMultiplyAdd(
    _ d: VectorRegister, _ a: VectorRegister, _ b: VectorOperand, _ c: VectorRegister,
    _ negated: Bool
  ) {
    let b = broadcastInRegister(b)
    let name = "\(mm)_\(negated ? "fnmadd" : "fmadd")_ps"
    let encoding = Encoding.multiplyAdd(
      negated: negated, memory: b.address != nil, broadcast: b.isBroadcast)
    if let register = b.register {
      emit(
        MachineInstruction(
          text: "$0 = \(name)($1, $2, $3);", operands: [d, a, register, c],
          encodings: [encoding]))
    } else {
      emit(
        MachineInstruction(
          text: "$0 = \(name)(\(text(of: b, 2)), $1, $2);", operands: [d, a, c],
          memory: b.address, encodings: [encoding]))
    }
  }

  private mutating func lowerReduce(
    _ operation: ReduceOperation, _ d: VectorRegister, _ a: VectorRegister, _ count: Int?
  ) {
    var value = reductionInput(operation, a, count: count) { $0.lowerAVX($1) }
    let join: BinaryOperation =
      switch operation {
      case .sum: .add
      case .maximum: .maximum
      case .minimum: .minimum
      }
    let steps = wide ? 4 : 3
    for step in 0..<steps {
      let other = temporary()
      let sum = step == steps - 1 ? d : temporary()
      switch step - (wide ? 1 : 0) {
      case -1: shuffleGroups(other, value, value, 0x4e)
      case 0 where wide: shuffleGroups(other, value, value, 0xb1)
      case 0:
        plain("_mm256_permute2f128_ps($1, $2, 1)", [other, value, value], .permuteHalves,
          immediate: 1)
      case 1: permute(other, value, 0x4e)
      default: permute(other, value, 0xb1)
      }
      lowerBinary(join, sum, value, .register(other))
      value = sum
    }
  }

  // MARK: Selection

  private mutating func lowerSelectByMask(
    _ d: VectorRegister, _ comparison: Comparison, _ type: LaneType, _ a: VectorRegister,
    _ b: VectorRegister, _ x: VectorRegister, _ y: VectorRegister
  ) {
    let isFloat = type == .f32
    let (predicate, name) = predicate(comparison, isFloat: isFloat)
    let text =
      isFloat
      ? "m = _mm512_cmp_ps_mask($0, $1, \(name));" : "m = quern_compare_i32($0, $1, \(name));"
    emit(
      MachineInstruction(
        text: text, operands: [a, b], writes: false,
        encodings: [
          .vector(
            VectorEncoding(
              opcode: isFloat ? .compare : .compareInteger, reg: .fixed(2), vvvv: .operand(0),
              rm: .operand(1), immediate: predicate))
        ], usesMaskVariable: true))
    emit(
      MachineInstruction(
        text: "$0 = _mm512_mask_blend_ps(m, $1, $2);", operands: [d, y, x],
        encodings: [
          .vector(
            VectorEncoding(opcode: .blendMask, vvvv: .operand(1), rm: .operand(2), mask: 2))
        ]))
  }

  private func predicate(_ comparison: Comparison, isFloat: Bool) -> (UInt8, String) {
    if isFloat {
      switch comparison {
      case .less: (0x11, "_CMP_LT_OQ")
      case .lessOrEqual: (0x12, "_CMP_LE_OQ")
      case .equal: (0x00, "_CMP_EQ_OQ")
      case .notEqual: (0x04, "_CMP_NEQ_UQ")
      case .greater: (0x1e, "_CMP_GT_OQ")
      case .greaterOrEqual: (0x1d, "_CMP_GE_OQ")
      }
    } else {
      switch comparison {
      case .less: (1, "_MM_CMPINT_LT")
      case .lessOrEqual: (2, "_MM_CMPINT_LE")
      case .equal: (0, "_MM_CMPINT_EQ")
      case .notEqual: (4, "_MM_CMPINT_NE")
      case .greater: (6, "_MM_CMPINT_NLE")
      case .greaterOrEqual: (5, "_MM_CMPINT_NLT")
      }
    }
  }

  private mutating func lowerSelectByVector(
    _ d: VectorRegister, _ comparison: Comparison, _ type: LaneType, _ a: VectorRegister,
    _ b: VectorRegister, _ x: VectorRegister, _ y: VectorRegister
  ) {
    let condition = temporary()
    var (x, y) = (x, y)
    if type == .f32 {
      let (predicate, name) = predicate(comparison, isFloat: true)
      plain("_mm256_cmp_ps($1, $2, \(name))", [condition, a, b], .compare, immediate: predicate)
    } else {
      // There are only == and >: the others by swapping operands or outcomes.
      switch comparison {
      case .equal, .notEqual: plain("quern_equal_i32($1, $2)", [condition, a, b], .equalInteger)
      case .greater, .lessOrEqual:
        plain("quern_greater_i32($1, $2)", [condition, a, b], .greaterInteger)
      case .less, .greaterOrEqual:
        plain("quern_greater_i32($1, $2)", [condition, b, a], .greaterInteger)
      }
      switch comparison {
      case .notEqual, .lessOrEqual, .greaterOrEqual: swap(&x, &y)
      default: break
      }
    }
    emit(
      MachineInstruction(
        text: "$0 = _mm256_blendv_ps($1, $2, $3);", operands: [d, y, x, condition],
        encodings: [
          .vector(
            VectorEncoding(
              opcode: .blendVariable, vvvv: .operand(1), rm: .operand(2), immediate: 0,
              immediateOperand: 3))
        ]))
  }

  private mutating func lowerBlend(
    _ d: VectorRegister, _ count: Int, _ first: VectorRegister, _ rest: VectorRegister
  ) {
    if count == target.lanes {
      lowerMove(d, first)
    } else if wide {
      emit(
        MachineInstruction(
          text: "$0 = _mm512_mask_blend_ps(\(mask(count)), $1, $2);", operands: [d, rest, first],
          encodings: [
            .laneMask(count),
            .vector(
              VectorEncoding(opcode: .blendMask, vvvv: .operand(1), rm: .operand(2), mask: 1)),
          ]))
    } else {
      plain("_mm256_blend_ps($1, $2, \(mask(count)))", [d, rest, first], .blendConstant,
        immediate: UInt8((1 << count) - 1))
    }
  }

  // MARK: Rearrangement

  private mutating func shuffleGroups(
    _ d: VectorRegister, _ a: VectorRegister, _ b: VectorRegister, _ immediate: UInt8
  ) {
    plain("_mm512_shuffle_f32x4($1, $2, \(immediate))", [d, a, b], .shuffleGroups,
      immediate: immediate)
  }

  private mutating func permute(_ d: VectorRegister, _ a: VectorRegister, _ immediate: UInt8) {
    plain("\(mm)_permute_ps($1, \(immediate))", [d, a], .permute, immediate: immediate)
  }

  private mutating func lowerShuffle(
    _ operation: ShuffleOperation, _ d: VectorRegister, _ a: VectorRegister, _ b: VectorRegister
  ) {
    switch operation {
    case .interleaveLow: plain("\(mm)_unpacklo_ps($1, $2)", [d, a, b], .unpackLow)
    case .interleaveHigh: plain("\(mm)_unpackhi_ps($1, $2)", [d, a, b], .unpackHigh)
    case .interleavePairsLow: plain("quern_unpack_pairs_low($1, $2)", [d, a, b], .unpackPairsLow)
    case .interleavePairsHigh:
      plain("quern_unpack_pairs_high($1, $2)", [d, a, b], .unpackPairsHigh)
    case .groups(let choice):
      if wide {
        shuffleGroups(d, a, b, UInt8(choice & 255))
      } else {
        let immediate = UInt8((choice & 1) | (2 + (choice >> 1 & 1)) << 4)
        plain("_mm256_permute2f128_ps($1, $2, \(immediate))", [d, a, b], .permuteHalves,
          immediate: immediate)
      }
    }
  }
}

extension VectorOperand {
  var isBroadcast: Bool {
    if case .broadcast = self { true } else { false }
  }
}
