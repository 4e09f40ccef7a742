import QuernMachine

/// Writes a statement's C text. Placeholders are
///
/// - `$0` … `$3`: the C variables of operands, `$l`: of the last
/// - `$w`: the intrinsics' prefix, `_mm512` or `_mm256`; `$q`: that of the prelude's macros
/// - `$p`: a pointer to the memory operand; `$e`: the 32-bit element there
/// - `$b`: operand 2, or the vector that the memory operand stands for
/// - `$i`: the immediate; `$f`: the constant that its bits are; `$o`: the comparison of that number
/// - `$c`, `$d`: the name of the f32 and i32 comparison of which the immediate is x86's number
struct StatementText {
  let target: Target
  /// The C variables that memory operands count from, by their numbers.
  private let names: [Name]
  private var line: [UInt8] = []

  init(target: Target, names: [Name]) {
    self.target = target
    self.names = names
  }

  mutating func render(_ instruction: MachineInstruction, _ registers: AllocatedRegisters) -> String
  {
    line.removeAll(keepingCapacity: true)
    instruction.text.withUTF8Buffer { expand($0, instruction, registers) }
    return String(decoding: line, as: UTF8.self)
  }

  private mutating func expand(
    _ text: UnsafeBufferPointer<UInt8>, _ instruction: MachineInstruction,
    _ registers: AllocatedRegisters
  ) {
    var index = 0
    while index < text.count {
      let character = text[index]
      index += 1
      guard character == UInt8(ascii: "$") else {
        line.append(character)
        continue
      }
      let placeholder = text[index]
      index += 1
      switch placeholder {
      case UInt8(ascii: "0")...UInt8(ascii: "3"):
        variable(registers[Int(placeholder - UInt8(ascii: "0"))])
      case UInt8(ascii: "l"): variable(registers[registers.count - 1])
      case UInt8(ascii: "w"): prefix()
      case UInt8(ascii: "q"): macroPrefix()
      case UInt8(ascii: "i"): number(Int(instruction.immediate))
      case UInt8(ascii: "f"): constant(instruction.immediate)
      case UInt8(ascii: "c"): line += floatPredicate(Int(instruction.immediate)).utf8
      case UInt8(ascii: "d"): line += integerPredicate(Int(instruction.immediate)).utf8
      case UInt8(ascii: "o"):
        line += Comparison.allCases[Int(instruction.immediate)].operatorText.utf8
      case UInt8(ascii: "p"):
        if let memory = instruction.memory {
          pointer(memory, bytes: instruction.memoryUse == .bytes)
        }
      case UInt8(ascii: "e"): if let memory = instruction.memory { element(memory) }
      default: operand(instruction, registers)
      }
    }
  }

  private mutating func operand(_ instruction: MachineInstruction, _ registers: AllocatedRegisters)
  {
    guard let memory = instruction.memory else {
      variable(registers[2])
      return
    }
    prefix()
    if instruction.memoryUse == .broadcast {
      line += "_set1_ps(".utf8
      element(memory)
    } else {
      line += "_loadu_ps(".utf8
      pointer(memory, bytes: false)
    }
    line.append(UInt8(ascii: ")"))
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

  private mutating func prefix() {
    line += (target == .avx512 ? "_mm512" : "_mm256").utf8
  }

  /// AVX2's macros have names of their own: its kernels may stand beside AVX-512's.
  private mutating func macroPrefix() { line += (target == .avx2 ? "quern256" : "quern").utf8 }

  private mutating func variable(_ register: UInt8) {
    line.append(UInt8(ascii: "v"))
    number(Int(register))
  }

  private mutating func number(_ value: Int) {
    if value < 0 {
      line.append(UInt8(ascii: "-"))
      number(-value)
      return
    }
    if value > 9 { number(value / 10) }
    line.append(UInt8(ascii: "0") + UInt8(value % 10))
  }

  /// Whether the bits are better shown as a number: finite, and of a usual size.
  static func isReadable(_ bits: UInt32) -> Bool {
    let value = Float(bitPattern: bits)
    return value == 0 || (abs(value) > 1e-30 && abs(value) < 1e30)
  }

  private mutating func constant(_ bits: UInt32) {
    let value = Float(bitPattern: bits)
    let isReadable = Self.isReadable(bits)
    if isReadable, target != .portable {
      prefix()
      line += "_set1_ps(".utf8
    } else if target != .portable {
      macroPrefix()
      line += "_constant(".utf8
    }
    line += (isReadable ? "\(value)f" : "\(bits)u").utf8
    if target != .portable { line.append(UInt8(ascii: ")")) }
  }

  private mutating func base(_ memory: MemoryOperand) {
    let name = names[Int(memory.pointer)].text
    let isName = name.utf8.allSatisfy {
      ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
        || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: "_")
    }
    if !isName { line.append(UInt8(ascii: "(")) }
    line += name.utf8
    if !isName { line.append(UInt8(ascii: ")")) }
  }

  private mutating func pointer(_ memory: MemoryOperand, bytes: Bool) {
    let distance = Int(bytes ? memory.offset : memory.offset / 4)
    if distance == 0 {
      line += names[Int(memory.pointer)].text.utf8
      return
    }
    base(memory)
    line += (distance < 0 ? " - " : " + ").utf8
    number(abs(distance))
  }

  private mutating func element(_ memory: MemoryOperand) {
    base(memory)
    line.append(UInt8(ascii: "["))
    number(Int(memory.offset / 4))
    line.append(UInt8(ascii: "]"))
  }
}
