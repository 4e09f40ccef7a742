/// Every constant that was tuned by measuring, and that changes how fast code is but not what it
/// computes. What decides the order of sums is in ``Numerics``.
///
/// Each comment says what is counted, in which unit, and where the value comes from:
///
/// - *Measured on* names the processor (AMD's Zen 3, 4 or 5) and the workload on which the change
///   that set the value was measured. Other values were tried only where that is said.
/// - *Probably* stands where nothing names the processor, but the benchmarks that were published
///   just before the change and just after it are of this one.
/// - *Where it was measured is not recorded* stands where the history tells of no measurement.
///
/// `Benchmarks.md` describes the networks. `Gains.md` in the documentation of the code generator
/// tells how much each change gained.
public struct Tuning: Hashable, Sendable {
  public var fusion = Fusion()
  public var inlining = Inlining()
  public var regions = Regions()
  public var storage = Storage()
  public var tiles = Tiles()
  public var panels = Panels()
  public var blocks = Blocks()
  public var packing = Packing()
  public var epilogues = Epilogues()
  public var transforms = Transforms()
  public var prefetch = Prefetch()
  public var workShares = WorkShares()

  public init() {}

  /// What is computed together.
  public struct Fusion: Hashable, Sendable {
    public init() {}

    /// Ops of one kernel at most. With more, the kernel would mostly save and restore registers.
    /// Where it was measured is not recorded.
    public var maxNodes = 48
  }

  /// Which elementwise nodes are computed by each kernel that reads them, instead of being kept in
  /// memory.
  public struct Inlining: Hashable, Sendable {
    public init() {}

    /// Elements that a tensor must have. A smaller one stays in the cache, so that it is cheap to
    /// keep.
    /// Measured, probably on Zen 5: `resnet8`, training, one and two threads.
    public var minElements = 4 << 10
    /// Ops that computing one value takes at most. More are not computed twice.
    /// Measured, probably on Zen 5: `resnet8`, training, one and two threads.
    public var maxOps = 8
    /// How many times fewer elements than the result an operand must have for the time to read it
    /// not to count; a ratio.
    /// Measured, probably on Zen 5: `resnet8`, training, one and two threads.
    public var smallOperandRatio = 4
  }

  /// Which kernels run together on a few examples at a time.
  public struct Regions: Hashable, Sendable {
    public init() {}

    /// Bytes of the cache that each core has to itself; nil for the machine's.
    /// Asked of the system, not measured.
    public var coreCache: Int?
    /// Multiply-adds that a chunk must have where all threads share it. With fewer, barriers
    /// between kernels take too much of the time.
    /// Where it was measured is not recorded.
    public var minProducts = 4 << 20
    /// Chunks that there must be for each thread. Then it does not take long to wait for a thread
    /// that has one chunk more than others.
    /// Where it was measured is not recorded.
    public var minChunks = 8
    /// Rows that the products of a chunk must have, between transforms. With fewer, register tiles
    /// are too small: they load too much for each multiply-add.
    /// Where it was measured is not recorded.
    public var minRows = 16
    /// The same, in rows, for products without transforms: each chunk reads all their weights
    /// again.
    /// Measured, probably on Zen 5: `lenet`, training, and networks with strides, inference.
    public var minRowsAlone = 64
    /// Bytes that a chunk's largest tensor must have. With fewer, calling the kernel once more for
    /// each chunk takes too much of the time.
    /// Measured, probably on Zen 5: `lenet`, training, and networks with strides, inference.
    public var minBytes = 16 << 10
    /// Bytes that kernels must hand to each other, over all examples, to be worth a region. Fewer
    /// stay in the cores' caches anyway.
    /// Measured, probably on Zen 5: `lenet`, training, and networks with strides, inference.
    public var minHanded = 1 << 20
    /// How many times as many bytes two groups of kernels must hand over for each chunk as the
    /// smaller of their weights have, where all their weights do not fit into a core's cache
    /// together; a ratio.
    /// Measured, probably on Zen 5: `lenet`, training, and networks with strides, inference.
    public var handedPerWeight = 4

    /// As if all that can be done in chunks were worth it: for tests.
    package static var always: Self {
      var regions = Self()
      regions.coreCache = 1 << 40
      (regions.minProducts, regions.minHanded) = (0, 0)
      (regions.minChunks, regions.minRowsAlone, regions.minBytes) = (1, 1, 1)
      return regions
    }
  }

  /// How tensors lie in memory.
  public struct Storage: Hashable, Sendable {
    public init() {}

    /// Bytes that a matrix's row must have for each row to be padded, so that it starts on a cache
    /// line.
    /// Measured with the weight gradient of `ciresan-4`'s first layer, whose rows have 2,500
    /// elements; the processor is not recorded.
    public var minPaddedRow = 512
  }
}
