import QuernCodegen
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernVectors

extension CompileOptions {
  /// Options that a seed determines. They make the compiler do for small tensors what it otherwise does
  /// for large ones: blocks, fast convolutions, sums in parts, sections.
  package static func varied(seed: Int, target: Target, threads: Int = 1) -> CompileOptions {
    var options = CompileOptions(target: target, threads: threads)
    // Half of the graphs are compiled as if caches were small.
    options.machine = seed / 2 % 2 == 0 ? .smallCaches(target) : MachineFacts(target)
    // Two thirds have all convolutions computed fast that can be, however small: by Winograd's
    // algorithms or by Fourier transforms.
    if seed % 3 == 0 { options.numerics.convolutions = .onlyProducts() }
    if seed % 3 == 1 {
      options.numerics.convolutions = .onlyProducts(
        largestSide: 0, fourierSides: [4, 6, 8, 10, 12, 16])
    }
    // A fifth have all sums kept in parts that can be, however short.
    if seed % 5 == 0 { options.numerics.splitReductions = .always }
    // Half of them take pictures in chunks wherever they can, however few.
    if seed % 8 < 4 { options.regionLimits = .always }
    // Half of them compute whatever they may where it is read, however small.
    if seed % 4 < 2 { options.tuning.inlining.minElements = 0 }
    // Threads take turns at all that they can in half of them, however short.
    if seed / 2 % 2 == seed % 2 { options.tuning.workShares = .always }
    return options
  }
}
