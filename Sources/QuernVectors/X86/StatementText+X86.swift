// What the C of x86's instructions has that no other does. Placeholders are
//
// - `$w`: the intrinsics' prefix, `_mm512` or `_mm256`; `$q`: that of the prelude's macros
// - `$b`: operand 2, or the vector that the memory operand stands for
// - `$v`: the vector whose lanes are the constant that the immediate's bits are
// - `$c`, `$d`: the name of the f32 and i32 comparison of which the immediate is the number
extension StatementText {
  mutating func expandX86(
    _ placeholder: UInt8, _ instruction: MachineInstruction, _ registers: AllocatedRegisters
  ) {
    switch placeholder {
    case UInt8(ascii: "w"): prefix()
    case UInt8(ascii: "q"): macroPrefix()
    case UInt8(ascii: "b"): operand(instruction, registers)
    case UInt8(ascii: "v"): constantVector(instruction.immediate)
    case UInt8(ascii: "c"): append(floatPredicate(Int(instruction.immediate)))
    case UInt8(ascii: "d"): append(integerPredicate(Int(instruction.immediate)))
    default: break
    }
  }

  private mutating func operand(
    _ instruction: MachineInstruction, _ registers: AllocatedRegisters
  ) {
    guard let memory = instruction.memory else {
      variable(registers[2])
      return
    }
    if instruction.memoryUse == .broadcast, memory.holdsIntegers {
      macroPrefix()
      append("_f32(")
      prefix()
      append("_set1_epi32(")
      element(memory)
      append(")")
    } else if instruction.memoryUse == .broadcast {
      prefix()
      append("_set1_ps(")
      element(memory)
    } else {
      prefix()
      append("_loadu_ps(")
      pointer(memory, of: instruction)
    }
    append(")")
  }

  private func floatPredicate(_ number: Int) -> String {
    switch number {
    case 0x00: "_CMP_EQ_OQ"
    case 0x04: "_CMP_NEQ_UQ"
    case 0x11: "_CMP_LT_OQ"
    case 0x12: "_CMP_LE_OQ"
    case 0x1d: "_CMP_GE_OQ"
    default: "_CMP_GT_OQ"
    }
  }

  private func integerPredicate(_ number: Int) -> String {
    switch number {
    case 0: "_MM_CMPINT_EQ"
    case 1: "_MM_CMPINT_LT"
    case 2: "_MM_CMPINT_LE"
    case 4: "_MM_CMPINT_NE"
    case 5: "_MM_CMPINT_NLT"
    default: "_MM_CMPINT_NLE"
    }
  }

  private mutating func prefix() { append(target.bits == 512 ? "_mm512" : "_mm256") }

  /// The two encodings' macros have names of their own, since kernels of both may stand in one file.
  private mutating func macroPrefix() { append(target.hasMasks ? "quern" : "quern256") }

  private mutating func constantVector(_ bits: UInt32) {
    if Self.isReadable(bits) {
      prefix()
      append("_set1_ps(")
    } else {
      macroPrefix()
      append("_constant(")
    }
    constant(bits)
    append(")")
  }
}
