import QuernMachine

/// Writes a statement's C text. Placeholders are
///
/// - `$0` … `$3`: the C variables of operands, `$l`: of the last
/// - `$p`: a pointer to the memory operand; `$e`: the 32-bit element there
/// - `$i`: the immediate; `$f`: the constant that its bits are; `$o`: the comparison of that number
/// - any other letter: the family's own
struct StatementText {
  let target: Target
  private let family: any ProcessorFamily.Type
  /// The C variables that memory operands count from, by their numbers.
  private let names: [Name]
  private var line: [UInt8] = []

  init(target: Target, names: [Name]) {
    self.target = target
    family = target.family.implementation
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
      case UInt8(ascii: "i"): number(Int(instruction.immediate))
      case UInt8(ascii: "f"): constant(instruction.immediate)
      case UInt8(ascii: "o"):
        append(Comparison.allCases[Int(instruction.immediate)].operatorText)
      case UInt8(ascii: "p"):
        if let memory = instruction.memory {
          pointer(memory, of: instruction)
        }
      case UInt8(ascii: "e"): if let memory = instruction.memory { element(memory) }
      default: family.expand(placeholder, instruction, registers, into: &self)
      }
    }
  }

  mutating func append(_ text: String) { line += text.utf8 }

  mutating func variable(_ register: UInt8) {
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

  mutating func constant(_ bits: UInt32) {
    append(Self.isReadable(bits) ? "\(Float(bitPattern: bits))f" : "\(bits)u")
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

  /// A pointer to the memory operand of an instruction, of a type that its C takes.
  mutating func pointer(_ memory: MemoryOperand, of instruction: MachineInstruction) {
    let distance = Int(instruction.memoryUse == .bytes ? memory.offset : memory.offset / 4)
    if memory.holdsIntegers, family.takesFloatPointers {
      append(instruction.stores ? "(float *)" : "(const float *)")
      // A cast binds more tightly than a sum.
      if distance != 0 { append("(") }
      sum(memory, distance)
      if distance != 0 { append(")") }
    } else {
      sum(memory, distance)
    }
  }

  private mutating func sum(_ memory: MemoryOperand, _ distance: Int) {
    if distance == 0 {
      line += names[Int(memory.pointer)].text.utf8
      return
    }
    base(memory)
    line += (distance < 0 ? " - " : " + ").utf8
    number(abs(distance))
  }

  mutating func element(_ memory: MemoryOperand) {
    base(memory)
    line.append(UInt8(ascii: "["))
    number(Int(memory.offset / 4))
    line.append(UInt8(ascii: "]"))
  }
}
