/// Every constant that was tuned by measuring, and that changes how fast code is but not what it computes.
///
/// Measured on AMD's Zen 3, 4 and 5 with the workloads of `make peers`; `Gains.md` in the documentation of
/// the code generator tells what each idea gained. What decides the order of sums is in ``Numerics``.
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

    /// Ops in one kernel: with more it would only shuffle spilled registers.
    public var maxNodes = 48
  }

  /// Which elementwise nodes are computed where they are read, instead of being kept.
  public struct Inlining: Hashable, Sendable {
    public init() {}

    /// Elements from which on that is worth it: what is smaller stays in the cache.
    public var minElements = 4 << 10
    /// Ops up to which a value is computed twice.
    public var maxOps = 8
    /// A tensor with this many times fewer elements takes no time to read.
    public var smallOperandRatio = 4
  }

  /// Which kernels run together on a few examples at a time.
  public struct Regions: Hashable, Sendable {
    public init() {}

    /// Bytes of the cache that each core has to itself; nil for the machine's.
    public var coreCache: Int?
    /// Multiply-adds of a chunk below which barriers between kernels take too long.
    public var minProducts = 4 << 20
    /// Chunks for each thread, so that a thread with one more than others is not waited for long.
    public var minChunks = 8
    /// Rows of products below which a register tile would be too small for the loads it takes.
    public var minRows = 16
    /// The same for products that were not transformed: their weights are read again for each chunk.
    public var minRowsAlone = 64
    /// Bytes of a chunk below which calling a kernel once more takes too long.
    public var minBytes = 16 << 10
    /// Bytes handed over that are worth a region: fewer stay in the cores' caches anyway.
    public var minHanded = 1 << 20
    /// How many times more bytes kernels with few weights hand over, for each chunk, than they read of weights.
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

    /// Bytes of a matrix's row from which on rows start on cache lines of their own.
    public var minPaddedRow = 512
  }

  /// Which register tiles are chosen.
  public struct Tiles: Hashable, Sendable {
    public init() {}

    /// Rows of a tile at most, where rows share what vectors load: enough to hide a multiply-add's latency.
    /// More rows of one vector would only be more text.
    public var maxRows = 16
    /// The same where rows share nothing.
    public var maxRowsApart = 8
    /// Vectors of a tile at most.
    public var maxVectors = 4
    /// Cache lines of a matrix's row that a single row of outputs takes in one go: memory gives them as fast
    /// as more.
    public var singleRowLines = 4
    /// Tiles of elementwise work at least, for threads to share.
    public var minDirectTiles = 32
    /// Instructions of a round of a reduction loop that compute nothing.
    public var roundOverhead = 8.0
    /// Cycles for starting and finishing a tile, and what each of its vectors adds.
    public var tileCycles = 20.0
    public var tileVectorCycles = 2.0
    /// Multiply-adds in one round of a reduction loop, beside which the loop's own instructions are few.
    public var roundMultiplyAdds = 48
    /// Steps in one round of a maximum's loop.
    public var roundMaxima = 4
    /// Multiply-adds up to which inner loops are written out, so that there is one loop instead of several.
    public var maxWrittenOut = 128
    /// Positions of a window up to which all are written out.
    public var maxUnrolledWindow = 16
    /// How much longer a tile with more vectors than rows takes where its panel comes from the second-level
    /// cache each time: it has more cache lines for as many multiply-adds.
    public var streamedWideCost = 1.05
    /// Rows up to which the order counts in which a matrix's lines are read; with more, it counts more that
    /// other tiles of rows find them in the cache.
    public var maxRowsOfFarMatrix = 32
    /// Rows of the largest factor that a tile reads side by side, where lanes run along sums: each is a
    /// stream from memory.
    public var maxFactorRows = 8
  }

  /// When a factor is copied into panels.
  public struct Panels: Hashable, Sendable {
    public init() {}

    /// Rows from which on a panel may be copied.
    public var minRows = 8
    /// The same where its lanes would else be collected one by one.
    public var minRowsOfGathered = 2
    /// Bytes up to which rows of a panel lie close together.
    public var closeBytes = 256
    /// Rows from which on a copy of a panel whose rows lie apart may take less time than it saves.
    public var minRowsFarApart = 32
    /// The same for a panel whose rows lie close together.
    public var minRowsClose = 192
    /// The same where a tile reads a part of each cache line.
    public var minRowsSharingLines = 64
    /// The same where these lines come from the second-level cache for each tile.
    public var minRowsSharingFarLines = 16
  }

  /// How sums are cut into blocks.
  public struct Blocks: Hashable, Sendable {
    public init() {}

    /// Reduction steps that go along a matrix together, each a stream: memory gives rows in order several
    /// times as fast as in pieces that lie apart.
    public var streamedSteps = 16
    /// Rows that share a matrix up to which reading it takes longer than to load partial sums so often.
    public var maxRowsOfStreamed = 12
    /// Bytes of a row that a thread takes at least: of fewer, the processor prefetches much that is another
    /// thread's.
    public var minStreamedBytes = 2 << 10
  }

  /// How panels are copied.
  public struct Packing: Hashable, Sendable {
    public init() {}

    /// Lanes that are read at a time where panels are transposed: each is a stream of its own, of which the
    /// processor foresees only so many.
    public var maxStreams = 24
  }

  /// What is done with a tile's sums before they are stored.
  public struct Epilogues: Hashable, Sendable {
    public init() {}

    /// Instructions up to which an epilogue is written out. A loop is less text; what it takes in time tells
    /// where sums are short, as a gradient's over a batch are.
    public var maxWrittenOut = 400
    /// Instructions of a vector's `exp`, `log`, `tanh` and such, and of other ops.
    public var functionInstructions = 25
    public var opInstructions = 2
  }

  /// How tiles of fast convolutions are transformed.
  public struct Transforms: Hashable, Sendable {
    public init() {}

    /// Registers that a pass over one column or row takes beside its operands.
    public var passRegisters = 4
  }

  /// What is asked for before it is needed.
  public struct Prefetch: Hashable, Sendable {
    public init() {}

    /// Reduction steps below which there is no time in which lines could arrive.
    public var minSteps = 8
    /// Bytes between reduction steps from which on each is a stream that the processor does not foresee.
    public var minStreamStride = 1 << 10
    /// Bytes ahead of what is being read at which a stream is asked for: some pages, since the processor
    /// foresees what follows on the same one.
    public var streamDistance = 16 << 10
    /// Tiles of rows beyond which what is done once a panel does not matter.
    public var maxRowTiles = 64
    /// Cache lines that one round asks for on behalf of a region.
    public var maxRegionLines = 3
  }

  /// How threads share the tiles of a kernel.
  public struct WorkShares: Hashable, Sendable {
    public init() {}

    /// By how much of the time a loop must share the work better than one further out to be preferred.
    public var minGain = 0.04
    /// Terms of all sums of a kernel below which sharing them takes longer than it saves.
    public var minTerms = 1 << 13
    /// Shares for each thread at most: enough for the last one to be a small part of the whole.
    public var maxPerThread = 16
    /// Shares for each thread at least. With fewer, one thread that is held up keeps the others waiting about
    /// as long as without.
    public var minPerThread = 3
    /// Vectors computed in a share: some microseconds, beside which asking for the next share takes no time.
    public var minVectors = 20_000

    /// As if sharing were worth it everywhere: for tests.
    package static var always: Self {
      var shares = Self()
      (shares.minPerThread, shares.minVectors) = (1, 1)
      return shares
    }

    /// In how many shares `count` tiles are taken; nil where each thread better takes its part in one go.
    package func shares(of count: Int, vectors: Int, threads: Int) -> Int? {
      let shares = min(count, threads * maxPerThread, vectors / minVectors)
      return shares < threads * minPerThread ? nil : shares
    }
  }
}
