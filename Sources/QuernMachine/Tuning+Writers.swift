// What the writers of kernels go by beside the schedule. `Tuning` says what the comments mean.

extension Tuning {
  /// How panels are copied.
  public struct Packing: Hashable, Sendable {
    public init() {}

    /// Lanes that are read at a time where panels are transposed. Each lane is a stream of its own,
    /// and the hardware prefetcher follows only so many.
    /// Measured on Zen 4: `ciresan-4` with 1 to 16 examples and `wide` with 4, training. 48 lanes
    /// at a time take longer.
    public var maxStreams = 24
  }

  /// What is done with a tile's sums before they are stored.
  public struct Epilogues: Hashable, Sendable {
    public init() {}

    /// Instructions of a tile's epilogue up to which it is written out. A loop is less code, but
    /// takes longer; that shows where sums are short, as a gradient's over a batch are.
    /// Measured, probably on Zen 5: the update of a gradient over 128 examples, and bias and
    /// activation of a 5×5 convolution.
    public var maxWrittenOut = 400
    /// Instructions that one vector's `exp`, `log`, `tanh`, `sigmoid`, `erf` or random number
    /// takes.
    /// A rough count of instructions; not measured.
    public var functionInstructions = 25
    /// Instructions that one vector's `sin` or `cos` takes.
    /// A count of instructions; not measured.
    public var trigonometricInstructions = 70
    /// Instructions that any other op takes.
    /// A rough count of instructions; not measured.
    public var opInstructions = 2
  }

  /// How tiles of fast convolutions are transformed.
  public struct Transforms: Hashable, Sendable {
    public init() {}

    /// Registers that a pass over one column or row takes beside its operands.
    /// Where it was measured is not recorded.
    public var passRegisters = 4
  }

  /// What is prefetched, and how far ahead.
  public struct Prefetch: Hashable, Sendable {
    public init() {}

    /// Reduction steps that a tile must have to prefetch what an epilogue needs. With fewer, there
    /// is no time for the requests.
    /// Measured, probably on Zen 5: `vgg` and `lenet`, training, one thread.
    public var minSteps = 8
    /// Bytes between reduction steps from which on each step is a stream of its own, which the
    /// hardware prefetcher does not follow.
    /// Measured on Zen 4: `fc`, `ciresan-4` and `lenet`, training, batch 128, one thread.
    public var minStreamStride = 1 << 10
    /// Bytes ahead of what is being read at which prepared panels are prefetched: some pages, since
    /// the hardware prefetcher follows a stream within a page.
    /// Measured on Zen 4: wide dense layers, inference, 1 to 32 examples.
    public var streamDistance = 16 << 10
    /// Tiles of rows that may share a panel for the next panel to be prefetched. With more, what is
    /// done once for each panel does not matter.
    /// Measured on Zen 4: `fc`, `ciresan-4` and `lenet`, training, batch 128, one thread.
    public var maxRowTiles = 64
    /// Cache lines that one round of a reduction loop prefetches for a region at most.
    /// Where it was measured is not recorded.
    public var maxRegionLines = 3
  }
}
