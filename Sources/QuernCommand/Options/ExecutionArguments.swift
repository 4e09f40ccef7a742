import ArgumentParser
import Quern

extension Backend: ExpressibleByArgument {}
extension CompileOptions.ConvolutionAlgorithm: ExpressibleByArgument {}

extension Target: ExpressibleByArgument {
  public static var allValueStrings: [String] { all.map(\.name) }
  public static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }

  /// `avx512, avx2 or portable`.
  fileprivate static var listed: String {
    let names = allValueStrings
    return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
  }
}

/// How graphs are to be run: shared by all commands that run any.
struct ExecutionArguments: ParsableArguments {
  @Option(help: "What compiles the kernels: tinycc, cc (the system's), or none: interpreter.")
  var backend: Backend = .standard

  @Option(help: "Vector instructions: \(Target.listed). (default: the best there is)")
  var target: Target?

  @Option(
    parsing: .unconditional,
    help: "Threads; results do not depend on it. (default: one for each core)")
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "How kernels compute convolutions: fast or direct.",
      discussion: """
        fast: from fewer products (Winograd's algorithms, Fourier transforms) where that takes less \
        time; rounding errors are up to ten times those of direct sums.
        """))
  var convolution: CompileOptions.ConvolutionAlgorithm = .fast

  /// - Throws: `QuernError` for what this processor cannot run.
  func options() throws -> ExecutionOptions {
    let options = allOptions
    try options.validate()
    return options
  }

  /// For code that is printed, not run: any processor prints that of any target.
  ///
  /// - Throws: `QuernError` for a thread count out of range.
  func printingOptions() throws -> ExecutionOptions {
    let options = allOptions
    try CompileOptions.validate(threads: options.threads)
    return options
  }

  private var allOptions: ExecutionOptions {
    ExecutionOptions(
      backend: backend, target: target ?? .best, threads: threads ?? Processor.threadCount,
      convolution: convolution)
  }
}
