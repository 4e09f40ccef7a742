import QuernCompiler
import QuernGraph
import QuernInterpreter
import QuernRuntime
import QuernVectors

/// What runs a graph.
public enum Backend: String, CaseIterable, Sendable, Codable {
  /// Generated C, compiled in memory by TinyCC in milliseconds.
  case tinycc
  /// The same C, compiled by the system's compiler.
  case cc
  /// Op by op in Swift: slow, and what the others are checked against.
  case interpreter
}

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
}

/// A backend, target or thread count that this process cannot run.
public struct BackendError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
}

extension ExecutionOptions {
  /// Checks what can be checked before anything is compiled.
  ///
  /// - Throws: ``BackendError`` for a target this processor lacks, or a thread count out of range.
  public func validate() throws {
    try validateThreads()
    guard backend == .interpreter || target.isSupported else {
      let supported = Target.allCases.filter(\.isSupported).map(\.rawValue)
      throw BackendError(
        description: "target \(target): this processor does not have its instructions; use one of "
          + supported.joined(separator: ", "))
    }
  }

  /// Checks what also concerns code that is generated, but not run here.
  ///
  /// - Throws: ``BackendError`` for a thread count out of range.
  package func validateThreads() throws {
    guard 1...1024 ~= threads else {
      throw BackendError(
        description: "threads: \(threads) asked for; give a number from 1 to 1024")
    }
  }
}
