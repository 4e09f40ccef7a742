import QuernKernels
import QuernMachine

/// Plain C for every machine and every compiler: each vector instruction is a macro of the prelude.
enum Portable: ProcessorFamily {
  /// Selections, which compare as well.
  static var sourceLimit: Int { 4 }

  static var takesFloatPointers: Bool { false }

  static func lower(_ instruction: VectorInstruction, into block: inout Lowering) {
    block.lowerPortable(instruction)
  }

  /// There are no placeholders but those that all families have.
  static func expand(
    _ placeholder: UInt8, _ instruction: MachineInstruction, _ registers: AllocatedRegisters,
    into text: inout StatementText
  ) {}

  static func declarations(
    of variables: [String], comparesIntoMask: Bool, target: Target
  ) -> [String] {
    ["quern_vector \(variables.joined(separator: ", "));"]
  }

  static func prelude(for target: Target) -> String { String(cString: quern_prelude_portable()) }

  static var assembler: (any Assembler.Type)? { nil }
}
