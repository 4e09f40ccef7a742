import QuernCompiler
import QuernErrors
import QuernMachine

/// How a graph is turned into native code: what the compiler's passes must know, and what compiles the C
/// that they make.
@dynamicMemberLookup
public struct CompileOptions: Sendable {
  /// What turns the generated C into machine code.
  public enum CCompilerKind: String, Sendable, CaseIterable {
    /// TinyCC, in this process: milliseconds.
    case tinycc
    /// The system's compiler with `-O3 -march=native`, loaded with dlopen: seconds.
    case cc
  }

  public typealias ConvolutionAlgorithm = CompilerOptions.ConvolutionAlgorithm

  /// What compiles the C.
  public var cCompiler: CCompilerKind
  /// Target, threads and all else that passes go by; each is a property of these options as well.
  public var passes: CompilerOptions

  public init(
    target: Target = .best, threads: Int = 1, cCompiler: CCompilerKind = .tinycc,
    convolution: ConvolutionAlgorithm = .fast
  ) {
    self.cCompiler = cCompiler
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
      let supported = Target.all.filter(\.isSupported).map(\.name)
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
