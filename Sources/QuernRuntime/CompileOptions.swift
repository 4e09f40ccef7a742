import QuernCompiler
import QuernErrors
import QuernMachine
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

extension CompileOptions {
  /// How many threads can share a step.
  public static let maximumThreads = 256

  /// Checks what can be checked before anything is compiled.
  ///
  /// - Throws: `QuernError` for a target this processor lacks, or a thread count out of range.
  public func validate() throws(QuernError) {
    try Self.validate(threads: passes.threads)
    let target = passes.target
    guard target.isSupported else {
      let supported = Target.allCases.filter(\.isSupported).map(\.rawValue)
      throw QuernError(
        "target \(target)", "this processor does not have its instructions",
        remedy: "use one of " + supported.joined(separator: ", "))
    }
  }

  /// Checks what also concerns code that is generated, but not run here.
  ///
  /// - Throws: `QuernError` for a thread count out of range.
  package static func validate(threads: Int) throws(QuernError) {
    guard 1...maximumThreads ~= threads else {
      throw QuernError(
        "threads", "\(threads) asked for", remedy: "give a number from 1 to \(maximumThreads)")
    }
  }
}
