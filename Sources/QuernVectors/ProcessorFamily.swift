import QuernMachine

/// What one family of processors knows: how vector instructions become C, and bytes where TinyCC
/// needs them. A family is a folder of this module; the rows of `Target`'s table name theirs.
protocol ProcessorFamily: Sendable {
  /// The most registers that one of the family's machine instructions reads: as many are never pinned,
  /// so that each finds its operands a place.
  static var sourceLimit: Int { get }

  /// Whether its C loads and stores vectors through `float *` alone, so that other pointers are cast.
  static var takesFloatPointers: Bool { get }

  /// Emits the machine instructions of one vector instruction.
  static func lower(_ instruction: VectorInstruction, into block: inout Lowering)

  /// Appends what a placeholder of the family's own stands for in a statement: one that
  /// ``StatementText`` does not know.
  static func expand(
    _ placeholder: UInt8, _ instruction: MachineInstruction, _ registers: AllocatedRegisters,
    into text: inout StatementText)

  /// The declarations of the C variables that hold vectors.
  ///
  /// - Parameters:
  ///   - variables: their names, at least one.
  ///   - comparesIntoMask: whether an instruction of the function has
  ///     `MachineInstruction.makesComparison`.
  ///   - target: one of the family's.
  static func declarations(
    of variables: [String], comparesIntoMask: Bool, target: Target
  ) -> [String]

  /// Types and macros for the C of a target of the family. Those of several targets may stand one
  /// after the other.
  static func prelude(for target: Target) -> String

  /// What writes bytes for TinyCC, which has no intrinsics; nil where the C is plain, and TinyCC
  /// compiles it as others do.
  static var assembler: (any Assembler.Type)? { get }
}

/// Writes blocks as machine code for TinyCC.
protocol Assembler: Sendable {
  /// Fragments that follow each other, as statements and C between them.
  ///
  /// - Parameters:
  ///   - fragments: the fragments.
  ///   - target: one of the family's.
  ///   - isNeeded: whether what comes later mentions a pointer that is declared here.
  static func assemble(
    _ fragments: [CodeFragment], target: Target, isNeeded: (Name) -> Bool
  ) -> [AssemblyPart]

  /// The bytes that return from a function.
  static var returning: [UInt8] { get }
}

// A new family adds a line to each of these two.

extension Target.Family {
  var implementation: any ProcessorFamily.Type {
    switch self {
    case .x86: X86.self
    case .portable: Portable.self
    }
  }
}

/// What a family's assembler makes bytes of. A family without one has no case.
enum Encoding: BitwiseCopyable, Sendable {
  case x86(X86Encoding)
}
