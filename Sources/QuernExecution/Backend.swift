import QuernRuntime

/// What runs a graph: native code, or the interpreter.
public enum Backend: Hashable, Sendable {
  /// Generated C, made machine code by this C compiler.
  case compiled(CompileOptions.CCompilerKind)
  /// Op by op in Swift: slow, and what native code is checked against.
  case interpreter

  /// Generated C, compiled in memory by TinyCC in milliseconds.
  public static let tinycc = Backend.compiled(.tinycc)
  /// The same C, compiled by the system's compiler.
  public static let cc = Backend.compiled(.cc)

  /// What is used unless something else is asked for.
  public static let standard = tinycc
}

/// By name: `interpreter`, or the compiler's name.
extension Backend: RawRepresentable, CaseIterable {
  /// The compilers, then the interpreter.
  public static var allCases: [Backend] {
    CompileOptions.CCompilerKind.allCases.map(Backend.compiled) + [.interpreter]
  }

  public init?(rawValue: String) {
    guard let backend = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = backend
  }

  public var rawValue: String {
    switch self {
    case .compiled(let compiler): compiler.rawValue
    case .interpreter: "interpreter"
    }
  }
}
