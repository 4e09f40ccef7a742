import QuernCompiler
import QuernVectors

/// How a graph is turned into native code: what the compiler's passes must know, and which compiler the C
/// is given to.
@dynamicMemberLookup
public struct CompileOptions: Sendable {
  /// Which compiler turns the generated C into code.
  public enum Backend: String, Sendable, CaseIterable {
    /// TinyCC, in this process: milliseconds.
    case tinycc
    /// The system's compiler with `-O3 -march=native`, loaded with dlopen: seconds.
    case cc
  }

  public typealias ConvolutionAlgorithm = CompilerOptions.ConvolutionAlgorithm

  /// What compiles the C.
  public var backend: Backend
  /// Target, threads and all else that passes go by; each is a property of these options as well.
  public var passes: CompilerOptions

  public init(
    target: Target = .best, threads: Int = 1, backend: Backend = .tinycc,
    convolution: ConvolutionAlgorithm = .fast
  ) {
    self.backend = backend
    passes = CompilerOptions(target: target, threads: threads, convolution: convolution)
  }

  public subscript<Value>(
    dynamicMember member: WritableKeyPath<CompilerOptions, Value>
  ) -> Value {
    get { passes[keyPath: member] }
    set { passes[keyPath: member] = newValue }
  }
}
