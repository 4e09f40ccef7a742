import QuernGraph
import QuernInterpreter
import QuernPasses
import QuernRuntime

// The one place that chooses what runs a graph.

extension Backend {
  /// The backends this build offers, the standard one first.
  public static var available: [Backend] { [.tinycc, .cc, .interpreter] }

  /// What is used unless something else is asked for.
  public static var standard: Backend { .tinycc }
}

extension ExecutionOptions {
  /// Compiles a graph, or prepares it for the interpreter; simplified in either case.
  ///
  /// - Throws: ``BackendError`` where the backend is not there; what the compiler throws.
  public func makeExecutable(_ graph: Graph) throws -> any Executable {
    try validate()
    switch backend {
    case .interpreter: return try Interpreter<Float>(simplify(graph))
    case .tinycc, .cc:
      return try CompiledGraph(
        graph,
        CompileOptions(
          target: target, threads: threads, backend: backend == .cc ? .cc : .tinycc,
          convolution: convolution))
    }
  }
}

extension Executable {
  /// Seconds from graph to functions; nil for what is not compiled.
  public var compileSeconds: Double? {
    // The class has a property of this name; without the type the compiler would take this one.
    guard let compiled = self as? CompiledGraph else { return nil }
    let seconds: Double = compiled.compileSeconds
    return seconds
  }
}

extension ExecutionOptions {
  /// `tinycc avx512, 2 threads`.
  public var summary: String {
    backend == .interpreter
      ? backend.rawValue
      : "\(backend.rawValue) \(target), \(threads) thread\(threads == 1 ? "" : "s")"
  }
}
