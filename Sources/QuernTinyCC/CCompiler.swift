/// Turns C text into functions in this process.
public protocol CCompiler: Sendable {
  /// Compiles and loads one C file.
  ///
  /// - Parameters:
  ///   - source: the whole file. What it declares and does not define must be in `symbols`.
  ///   - symbols: addresses of functions and objects by their C names.
  /// - Throws: `CompileError`.
  func compile(source: String, symbols: [String: UnsafeRawPointer]) throws -> LoadedCode
}

extension CCompiler {
  public func compile(source: String) throws -> LoadedCode {
    try compile(source: source, symbols: [:])
  }
}

/// Why C text could not be turned into functions.
///
/// Cases, and no `QuernError`: that names a place in what the user wrote; here it is generated C that
/// fails, or the system, and whoever calls a compiler tells these apart.
public enum CompileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The compiler's own message, which names the line.
  case rejected(compiler: String, message: String)
  case missingSymbol(String)
  case compilerNotFound(String)
  case cannotLoad(String)
  case system(String)

  public var description: String {
    switch self {
    case .rejected(let compiler, let message):
      "\(compiler) rejected the C text:\n\(message)"
    case .missingSymbol(let name):
      "the compiled code has no function named \(name)"
    case .compilerNotFound(let name):
      "no C compiler: \(name) is not found in PATH; install gcc or clang, or set CC"
    case .cannotLoad(let message):
      "the compiled code cannot be loaded: \(message)"
    case .system(let message): message
    }
  }
}

/// Native code in this process; it lives as long as this object. Swift may free an object after its
/// last mention: keep this one in a stored property, or in `withExtendedLifetime`, while calling.
public final class LoadedCode: Sendable {
  /// Seconds from text to functions that the compiler worked.
  public let compileSeconds: Double
  private let lookUp: @Sendable (String) -> UnsafeRawPointer?
  private let unload: @Sendable () -> Void

  init(
    compileSeconds: Double, lookUp: @escaping @Sendable (String) -> UnsafeRawPointer?,
    unload: @escaping @Sendable () -> Void
  ) {
    self.compileSeconds = compileSeconds
    self.lookUp = lookUp
    self.unload = unload
  }

  deinit { unload() }

  /// The address of a global function; valid while this object lives.
  ///
  /// - Throws: `CompileError.missingSymbol`.
  public func function(named name: String) throws -> UnsafeRawPointer {
    guard let address = lookUp(name) else { throw CompileError.missingSymbol(name) }
    return address
  }
}
