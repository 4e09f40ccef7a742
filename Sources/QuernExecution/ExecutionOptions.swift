import QuernCompiler
import QuernErrors
import QuernGraph
import QuernInterpreter
import QuernMachine
import QuernPasses
import QuernRuntime

/// How graphs are to be run.
public struct ExecutionOptions: Hashable, Sendable {
  public var backend: Backend
  /// The vector instructions that generated code uses; the interpreter has none.
  public var target: Target
  /// Results do not depend on it.
  public var threads: Int
  /// How kernels compute convolutions; the interpreter's are direct sums.
  public var convolution: CompileOptions.ConvolutionAlgorithm

  public init(
    backend: Backend = .standard, target: Target = .best, threads: Int = 1,
    convolution: CompileOptions.ConvolutionAlgorithm = .fast
  ) {
    self.backend = backend
    self.target = target
    self.threads = threads
    self.convolution = convolution
  }

  /// `tinycc avx512, 2 threads`.
  public var summary: String {
    backend == .interpreter
      ? backend.rawValue
      : "\(backend.rawValue) \(target), \(threads) thread\(threads == 1 ? "" : "s")"
  }
}

extension ExecutionOptions {
  /// Checks what can be checked before anything is compiled.
  ///
  /// - Throws: `QuernError` for a target this processor lacks, or a thread count out of range.
  public func validate() throws(QuernError) {
    switch backend {
    case .interpreter: try CompileOptions.validate(threads: threads)
    case .compiled(let compiler): try compileOptions(compiler).validate()
    }
  }

  /// Compiles a graph, or prepares it for the interpreter; simplified in either case.
  ///
  /// - Throws: `QuernError`, as ``validate()`` does; what the compiler throws.
  public func makeExecutable(_ graph: Graph) throws -> any Executable {
    try validate()
    switch backend {
    case .interpreter: return try Interpreter<Float>(simplify(graph))
    case .compiled(let compiler): return try GraphInstance(graph, compileOptions(compiler))
    }
  }

  private func compileOptions(_ compiler: CompileOptions.CCompilerKind) -> CompileOptions {
    CompileOptions(target: target, threads: threads, cCompiler: compiler, convolution: convolution)
  }
}

extension Executable {
  /// Seconds from graph to functions; nil for what is not compiled.
  public var compileSeconds: Double? { (self as? GraphInstance)?.compiled.compileSeconds }
}
