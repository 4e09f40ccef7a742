import QuernCodegen
import QuernPasses
import QuernVectors

/// How a graph is turned into native code.
public struct CompileOptions: Sendable {
  /// Which compiler turns the generated C into code.
  public enum Backend: String, Sendable, CaseIterable {
    /// TinyCC, in this process: milliseconds.
    case tinycc
    /// The system's compiler with `-O3 -march=native`, loaded with dlopen: seconds.
    case cc
  }

  /// Which algorithms may compute convolutions.
  public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
    /// Winograd's or Fourier transforms for windows with stride 1 where that takes less time. Rounding
    /// errors are up to about ten times those of direct sums.
    case fast
    /// Sums as in the definition, always.
    case direct
  }

  /// Vector instructions that the code uses.
  public var target: Target
  /// Threads that share each step, the caller's among them.
  public var threads: Int
  /// What compiles the C.
  public var backend: Backend
  /// How convolutions are computed.
  public var convolution: ConvolutionAlgorithm
  /// Another processor than the generator reckons with: tests give it small caches, so that small
  /// tensors are worked off in blocks as large ones are.
  package var machine: MachineFacts?
  /// Other estimates than the generator's, by which tests have small convolutions computed fast.
  package var costs: ConvolutionCosts?
  /// Other limits than the generator's, by which tests have short sums kept in parts.
  package var parts: SplitReductionLimits?
  /// Other limits than the generator's, by which tests have few pictures taken in chunks.
  package var chunks: RegionLimits?
  /// Other limits than the generator's, by which tests have threads take turns at short kernels.
  package var workShares: WorkShareLimits?
  /// Elements from which on tensors may be computed wherever they are read; tests set it to 0.
  package var minInlinedElements: Int?

  public init(
    target: Target = .best, threads: Int = 1, backend: Backend = .tinycc,
    convolution: ConvolutionAlgorithm = .fast
  ) {
    self.target = target
    self.threads = threads
    self.backend = backend
    self.convolution = convolution
  }
}
