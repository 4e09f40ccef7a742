import QuernKernels
import QuernMachine

/// Processors with AVX2 or AVX-512: intrinsics for compilers, bytes for TinyCC.
///
/// Targets differ by their width, and by the encoding: EVEX, where there are masks, or VEX.
enum X86: ProcessorFamily, Assembler {
  /// Multiply-adds and selections.
  static var sourceLimit: Int { 3 }

  static var takesFloatPointers: Bool { true }

  static func lower(_ instruction: VectorInstruction, into block: inout Lowering) {
    block.lowerX86(instruction)
  }

  static func expand(
    _ placeholder: UInt8, _ instruction: MachineInstruction, _ registers: AllocatedRegisters,
    into text: inout StatementText
  ) {
    text.expandX86(placeholder, instruction, registers)
  }

  static func declarations(
    of variables: [String], comparesIntoMask: Bool, target: Target
  ) -> [String] {
    ["__m\(target.bits) \(variables.joined(separator: ", "));"]
      + (comparesIntoMask ? ["__mmask\(target.lanes) m;"] : [])
  }

  static func prelude(for target: Target) -> String {
    String(cString: target.hasMasks ? quern_prelude_avx512() : quern_prelude_avx2())
  }

  static var assembler: (any Assembler.Type)? { X86.self }

  static func assemble(
    _ fragments: [CodeFragment], target: Target, isNeeded: (Name) -> Bool
  ) -> [AssemblyPart] {
    AssemblyRun(fragments, target: target, isNeeded: isNeeded).parts
  }

  static var returning: [UInt8] { Encoder.returning }
}

extension Target {
  /// Bits of one register.
  var bits: Int { vectorBytes * 8 }
}
