import QuernCompiler
import QuernVectors

/// How a graph is turned into native code: what the compiler's passes must know, and which compiler the C
/// is given to.
@dynamicMemberLookup
public struct CompileOptions: Sendable {
  /// What turns the generated C into code.
  public enum Compiler: String, Sendable, CaseIterable {
    /// TinyCC, in this process: milliseconds.
    case tinycc
    /// The system's compiler with `-O3 -march=native`, loaded with dlopen: seconds.
    case cc
  }

  public typealias ConvolutionAlgorithm = CompilerOptions.ConvolutionAlgorithm

  /// What compiles the C.
  public var compiler: Compiler
  /// Target, threads and all else that passes go by; each is a property of these options as well.
  public var passes: CompilerOptions

  public init(
    target: Target = .best, threads: Int = 1, compiler: Compiler = .tinycc,
    convolution: ConvolutionAlgorithm = .fast
  ) {
    self.compiler = compiler
    passes = CompilerOptions(target: target, threads: threads, convolution: convolution)
  }

  public subscript<Value>(
    dynamicMember member: WritableKeyPath<CompilerOptions, Value>
  ) -> Value {
    get { passes[keyPath: member] }
    set { passes[keyPath: member] = newValue }
  }
}
