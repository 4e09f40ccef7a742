// AVX-512 and AVX2 differ by width, masks and embedded broadcasts.
extension Lowering {
  /// An instruction of registers only, of one opcode.
  mutating func plain(
    _ text: StaticString, _ operands: OperandList<VectorRegister>, _ opcode: Opcode,
    immediate: UInt8? = nil
  ) {
    let encoding = VectorEncoding(
      opcode: opcode, vvvv: operands.count == 3 ? .operand(1) : nil,
      rm: .operand(UInt8(operands.count - 1)), immediate: immediate)
    emit(
      MachineInstruction(
        text: text, operands: operands, immediate: UInt32(immediate ?? 0),
        encoding: .x86(.vector(encoding))))
  }

  mutating func lowerMove(_ d: VectorRegister, _ a: VectorRegister) {
    let encoding = VectorEncoding(opcode: .move, rm: .operand(1))
    emit(
      MachineInstruction(
        text: "$0 = $1;", operands: [d, a], encoding: .x86(.vector(encoding)), isMove: true))
  }

  mutating func lowerX86(_ instruction: VectorInstruction) {
    switch instruction {
    case .load, .store, .loadBytes, .broadcast, .prefetch: lowerMemory(instruction)
    case .constantBits(let d, let bits): lowerConstant(d, bits)
    case .laneIndices(let d): lowerLaneIndices(d)
    case .move(let d, let a):
      lowerMove(d, a)
    case .unary(let operation, let d, let a): lowerUnary(operation, d, a)
    case .binary(let operation, let d, let a, let b): lowerBinary(operation, d, a, b)
    case .shift(let operation, let d, let a, let count):
      let (text, opcode): (StaticString, Opcode) =
        switch operation {
        case .left: ("$0 = $q_shift_left($1, $i);", .shiftLeft)
        case .rightLogical: ("$0 = $q_shift_right_logical($1, $i);", .shiftRightLogical)
        case .rightArithmetic:
          ("$0 = $q_shift_right_arithmetic($1, $i);", .shiftRightArithmetic)
        }
      plain(text, [d, a], opcode, immediate: UInt8(count))
    case .multiplyAdd(let d, let a, let b, let c, let negated, let count):
      lowerMultiplyAdd(d, a, b, c, negated, count: count)
    case .compareSelect(let d, let comparison, let type, let a, let b, let x, let y):
      if target.hasMasks {
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
          text: "_mm256_zeroupper();", operands: [], writes: false, encoding: .x86(.zeroUpper)))
    }
  }

  // MARK: Memory and constants

  private mutating func lowerMemory(_ instruction: VectorInstruction) {
    switch instruction {
    case .load(let d, let address, let count): lowerLoad(d, address, count)
    case .store(let address, let a, let count): lowerStore(a, count, to: address)
    case .loadBytes(let d, let address, let count?) where count < target.lanes:
      lowerPartialBytes(d, address, count)
    case .loadBytes(let d, let address, _):
      memory(
        "$0 = $q_load_bytes($p);", [d], address, use: .bytes,
        .vector(VectorEncoding(opcode: .widenBytes, rm: .memory)))
    case .broadcast(let d, let address):
      memory(
        address.holdsIntegers ? "$0 = $q_f32($w_set1_epi32($e));" : "$0 = $w_set1_ps($e);", [d],
        address,
        .vector(VectorEncoding(opcode: .broadcast, rm: .memory)))
    case .prefetch(let address, let purpose):
      let statement: StaticString =
        switch purpose {
        case .read: "_mm_prefetch((const char *)($p), _MM_HINT_T0);"
        case .readLater: "_mm_prefetch((const char *)($p), _MM_HINT_T1);"
        case .write: "__builtin_prefetch($p, 1);"
        }
      memory(statement, [], address, writes: false, .prefetch(purpose))
    default: break
    }
  }

  /// Loads the first `count` lanes, all where nil.
  private mutating func lowerLoad(_ d: VectorRegister, _ address: Address, _ count: Int?) {
    switch count {
    case let count? where target.hasMasks && count == target.lanes / 2:
      memory(
        "$0 = $q_half_load($p);", [d], address,
        .vector(VectorEncoding(opcode: .load, rm: .memory, bits: partBits(count))))
    case let count? where target.hasMasks && count < target.lanes:
      memory(
        "$0 = _mm512_maskz_loadu_ps($i, $p);", [d], address, immediate: mask(count),
        .vector(
          VectorEncoding(
            opcode: .load, rm: .memory, firstLanes: UInt8(count), zeroing: true,
            bits: partBits(count))))
    case let count? where count < target.lanes:
      let mask = laneMaskVector(count)
      memory(
        "$0 = _mm256_maskload_ps($p, _mm256_castps_si256($1));", [d, mask], address,
        .vector(VectorEncoding(opcode: .maskLoad, vvvv: .operand(1), rm: .memory)))
    default:
      memory(
        "$0 = $w_loadu_ps($p);", [d], address,
        .vector(VectorEncoding(opcode: .load, rm: .memory)))
    }
  }

  /// Stores the first `count` lanes, all where nil.
  private mutating func lowerStore(_ a: VectorRegister, _ count: Int?, to address: Address) {
    switch count {
    case let count? where target.hasMasks && count == target.lanes / 2:
      memory(
        "$q_half_store($p, $0);", [a], address, writes: false,
        .vector(VectorEncoding(opcode: .store, rm: .memory, bits: partBits(count))))
    case let count? where target.hasMasks && count < target.lanes:
      memory(
        "_mm512_mask_storeu_ps($p, $i, $0);", [a], address, writes: false, immediate: mask(count),
        .vector(
          VectorEncoding(
            opcode: .store, rm: .memory, firstLanes: UInt8(count), bits: partBits(count))))
    case let count? where count < target.lanes:
      storeLanes(of: a, count, to: address)
    default:
      memory(
        "$w_storeu_ps($p, $0);", [a], address, writes: false,
        .vector(VectorEncoding(opcode: .store, rm: .memory)))
    }
  }

  mutating func memory(
    _ text: StaticString, _ operands: OperandList<VectorRegister>, _ address: Address,
    writes: Bool = true, use: MachineInstruction.MemoryUse = .plain, immediate: Int = 0,
    _ encoding: X86Encoding
  ) {
    emit(
      MachineInstruction(
        text: text, operands: operands, writes: writes,
        immediate: UInt32(truncatingIfNeeded: immediate),
        memory: operand(address), memoryUse: use, encoding: .x86(encoding),
        usesLaneMask: encoding.usesLaneMask))
  }

  func mask(_ count: Int) -> Int { (1 << count) - 1 }

  /// Whether half of a register does for so many lanes, of all where nil.
  private func isHalf(_ count: Int?) -> Bool {
    target.hasHalves && count.map { $0 <= target.lanes / 2 } ?? false
  }

  /// Of the part of a register that so many lanes need, all where nil.
  private func partBits(_ count: Int?) -> UInt16 {
    UInt16(isHalf(count) ? target.bits / 2 : target.bits)
  }

  /// All ones in the first `count` lanes: AVX2's masks are vectors.
  private mutating func laneMaskVector(_ count: Int) -> VectorRegister {
    let d = temporary()
    emit(
      MachineInstruction(
        text: "$0 = $q_lane_mask($i);", operands: [d], immediate: UInt32(count),
        encoding: .x86(.laneMask(count: UInt8(count)))))
    return d
  }

  private mutating func lowerPartialBytes(_ d: VectorRegister, _ address: Address, _ count: Int) {
    memory(
      "$0 = $q_load_bytes_partial($i, $p);", [d], address, use: .bytes,
      immediate: target.hasMasks ? mask(count) : count,
      target.hasMasks
        ? .vector(
          VectorEncoding(opcode: .widenBytes, rm: .memory, firstLanes: UInt8(count), zeroing: true))
        : .firstBytes(count: UInt8(count)))
  }

  mutating func lowerConstant(_ d: VectorRegister, _ bits: UInt32) {
    emit(
      MachineInstruction(
        text: bits == 0 ? "$0 = $w_setzero_ps();" : "$0 = $v;", operands: [d],
        immediate: bits, encoding: .x86(.constant(bits))))
  }

  private mutating func lowerLaneIndices(_ d: VectorRegister) {
    emit(
      MachineInstruction(
        text: "$0 = $q_lane_indices();", operands: [d], encoding: .x86(.laneIndices)))
  }

  // MARK: Arithmetic

  private mutating func constant(_ bits: UInt32) -> VectorRegister {
    let d = temporary()
    lowerConstant(d, bits)
    return d
  }

  /// The instruction that rounds to integral values as its immediate says.
  private var rounding: Opcode { target.hasMasks ? .roundScale : .round }

  private mutating func lowerUnary(
    _ operation: UnaryOperation, _ d: VectorRegister, _ a: VectorRegister
  ) {
    switch operation {
    case .squareRoot: plain("$0 = $w_sqrt_ps($1);", [d, a], .squareRoot)
    case .roundToNearest:
      plain("$0 = $q_round_to_nearest($1);", [d, a], rounding, immediate: 8)
    case .floor: plain("$0 = $q_floor($1);", [d, a], rounding, immediate: 9)
    case .negate: lowerBinary(.xor, d, a, .register(constant(0x8000_0000)))
    case .absolute: lowerBinary(.and, d, a, .register(constant(0x7fff_ffff)))
    case .convertToFloat: plain("$0 = $q_convert_to_float($1);", [d, a], .convertToFloat)
    case .truncateToInteger: plain("$0 = $q_truncate_to_i32($1);", [d, a], .truncateToInteger)
    case .nearestToInteger: plain("$0 = $q_nearest_to_i32($1);", [d, a], .nearestToInteger)
    }
  }

  /// AVX2 has no embedded broadcasts. Neighbours that use the same value share a temporary.
  private mutating func broadcastInRegister(_ operand: VectorOperand) -> VectorOperand {
    guard !target.hasMasks, case .broadcast(let address) = operand else { return operand }
    let place = self.operand(address)
    if let last = lastBroadcast, last.place == place { return .register(last.register) }
    let d = temporary()
    lowerMemory(.broadcast(d, address))
    lastBroadcast = (place, d)
    return .register(d)
  }

  mutating func lowerBinary(
    _ operation: BinaryOperation, _ d: VectorRegister, _ a: VectorRegister, _ b: VectorOperand
  ) {
    let b = broadcastInRegister(b)
    let (text, opcode): (StaticString, Opcode) =
      switch operation {
      case .add: ("$0 = $w_add_ps($1, $b);", .add)
      case .subtract: ("$0 = $w_sub_ps($1, $b);", .subtract)
      case .multiply: ("$0 = $w_mul_ps($1, $b);", .multiply)
      case .divide: ("$0 = $w_div_ps($1, $b);", .divide)
      case .maximum: ("$0 = $w_max_ps($1, $b);", .maximum)
      case .minimum: ("$0 = $w_min_ps($1, $b);", .minimum)
      case .and: ("$0 = $w_and_ps($1, $b);", .and)
      case .or: ("$0 = $w_or_ps($1, $b);", .or)
      case .xor: ("$0 = $w_xor_ps($1, $b);", .xor)
      case .andNot: ("$0 = $w_andnot_ps($1, $b);", .andNot)
      case .addInteger: ("$0 = $q_add_i32($1, $b);", .addInteger)
      case .subtractInteger: ("$0 = $q_subtract_i32($1, $b);", .subtractInteger)
      case .multiplyInteger: ("$0 = $q_multiply_i32($1, $b);", .multiplyInteger)
      case .maximumInteger: ("$0 = $q_maximum_i32($1, $b);", .maximumInteger)
      case .minimumInteger: ("$0 = $q_minimum_i32($1, $b);", .minimumInteger)
      }
    if let register = b.register {
      plain(text, [d, a, register], opcode)
    } else if let address = b.address {
      memory(
        text, [d, a], address, use: b.isBroadcast ? .broadcast : .plain,
        .vector(
          VectorEncoding(
            opcode: opcode, vvvv: .operand(1), rm: .memory,
            embeddedBroadcast: b.isBroadcast)))
    }
  }

  mutating func lowerMultiplyAdd(
    _ d: VectorRegister, _ a: VectorRegister, _ b: VectorOperand, _ c: VectorRegister,
    _ negated: Bool, count: Int?
  ) {
    let b = broadcastInRegister(b)
    let text: StaticString =
      switch (isHalf(count), negated) {
      case (false, false): "$0 = $w_fmadd_ps($1, $b, $l);"
      case (false, true): "$0 = $w_fnmadd_ps($1, $b, $l);"
      case (true, false): "$0 = $q_half_fmadd($1, $b, $l);"
      case (true, true): "$0 = $q_half_fnmadd($1, $b, $l);"
      }
    let encoding = X86Encoding.multiplyAdd(
      negated: negated, memory: b.address != nil, broadcast: b.isBroadcast, bits: partBits(count))
    emit(
      MachineInstruction(
        text: text, operands: b.register.map { [d, a, $0, c] } ?? [d, a, c],
        memory: b.address.map { operand($0) },
        memoryUse: b.isBroadcast ? .broadcast : .plain, encoding: .x86(encoding),
        overwritesSource: true))
  }
}
