import QuernCodegen
import QuernMachine
import QuernPasses
import QuernVectors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the passes must know beside the graph.
public struct CompilerOptions: Sendable {
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
  /// How convolutions are computed.
  public var convolution: ConvolutionAlgorithm
  /// Who the C is for.
  public var reader: KernelRenderer.Reader
  /// Whether each form is verified after each pass. By default only where the environment variable
  /// `QUERN_VERIFY` is 1, as in the tests.
  public var verifies: Bool
  /// Another processor than this one: tests give it small caches, so that small tensors are worked off in
  /// blocks as large ones are.
  package var machine: MachineFacts?
  /// What was tuned by measuring. Tests change it to have done for small tensors what is done for large ones.
  package var tuning = Tuning()
  /// What decides the order of sums. Tests change it likewise.
  package var numerics = Numerics()

  public init(
    target: Target = .best, threads: Int = 1, convolution: ConvolutionAlgorithm = .fast,
    reader: KernelRenderer.Reader = .everyone
  ) {
    self.target = target
    self.threads = threads
    self.convolution = convolution
    self.reader = reader
    verifies = Self.verifiesByDefault
  }

  private static let verifiesByDefault = getenv("QUERN_VERIFY").map { String(cString: $0) } == "1"

  /// For the code generator.
  var codegen: CodegenOptions {
    var codegen = CodegenOptions(target: target, threads: threads, reader: reader)
    codegen.machine = machine ?? .ofThisProcessor(target)
    codegen.tuning = tuning
    codegen.numerics = numerics
    return codegen
  }

  /// Which kernels run together in regions.
  package var regionLimits: RegionLimits {
    get {
      RegionLimits(
        tuning.regions, numerics.regions,
        coreCache: (machine ?? .ofThisProcessor(target)).level2Cache)
    }
    set {
      tuning.regions = newValue.tuning
      tuning.regions.coreCache = newValue.coreCache
      numerics.regions = newValue.numerics
    }
  }
}
