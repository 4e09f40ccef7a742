import QuernGraph
import QuernInterpreter

// The one place that chooses what runs a graph.

extension Backend {
  /// The backends this build offers, the standard one first.
  public static var available: [Backend] { [.interpreter] }

  /// What is used unless something else is asked for.
  public static var standard: Backend { available.first ?? .interpreter }
}

extension ExecutionOptions {
  /// Compiles a graph, or prepares it for the interpreter.
  ///
  /// - Throws: ``BackendError`` where the backend is not there; what the compiler throws.
  public func makeExecutable(_ graph: Graph) throws -> any Executable {
    try validate()
    switch backend {
    case .interpreter: return try Interpreter<Float>(graph)
    case .tinycc, .cc:
      throw BackendError(
        description: "backend \(backend.rawValue): this build has no compiler; use one of "
          + Backend.available.map(\.rawValue).joined(separator: ", "))
    }
  }
}

extension Executable {
  /// From graph to functions; nil for what is not compiled.
  public var compileSeconds: Double? { nil }
}

extension ExecutionOptions {
  /// `tinycc avx512, 2 threads`.
  public var summary: String {
    backend == .interpreter
      ? backend.rawValue
      : "\(backend.rawValue) \(target), \(threads) thread\(threads == 1 ? "" : "s")"
  }
}
