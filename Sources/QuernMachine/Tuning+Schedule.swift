// What the scheduler goes by when it cuts a loop nest. `Tuning` says what the comments mean.

extension Tuning {
  /// Which register tiles are chosen. A tile has rows, and vectors of outputs in each.
  public struct Tiles: Hashable, Sendable {
    public init() {}

    /// Rows of a tile at most, where rows share the vectors that a step loads. These are enough to
    /// hide a multiply-add's latency. More rows of one vector would only make the code longer.
    /// Where it was measured is not recorded.
    public var maxRows = 16
    /// The same, in rows, where rows share no loads.
    /// Where it was measured is not recorded.
    public var maxRowsApart = 8
    /// Vectors of each row of a tile at most.
    /// Where it was measured is not recorded.
    public var maxVectors = 4
    /// Cache lines of a matrix's row that a tile reads in one step at most, where there is a single
    /// row of outputs. Memory delivers so many side by side at full speed.
    /// Where it was measured is not recorded.
    public var singleRowLines = 4
    /// Tiles of elementwise work, or of a pooling, that there should be at least, for threads to
    /// share.
    /// Where it was measured is not recorded.
    public var minDirectTiles = 32
    /// Instructions in one round of a reduction loop that only serve the loop.
    /// Where it was measured is not recorded.
    public var roundOverhead = 8.0
    /// Cycles that starting and finishing a tile takes, whatever its size.
    /// Where it was measured is not recorded.
    public var tileCycles = 20.0
    /// Cycles that each of its vectors, in all rows, adds to that.
    /// Where it was measured is not recorded.
    public var tileVectorCycles = 2.0
    /// Vector multiply-adds in one round of a reduction loop: so many that the loop's own
    /// instructions take little time beside them.
    /// Measured on Zen 4, AVX2: `fc`, `ciresan-4` and `lenet`, training, batch 128, one thread. On
    /// Zen 5, AVX-512: `vgg`, training, where 48 is 2 % faster than 32.
    public var roundMultiplyAdds = 48
    /// Reduction steps in one round of a maximum's loop.
    /// Where it was measured is not recorded.
    public var roundMaxima = 4
    /// Vector multiply-adds that the inner loops of a sum may have together to be written out, so
    /// that one loop is left instead of several.
    /// Measured on Zen 3: gradients by the inputs of strided 3×3 and 5×5 convolutions, and by a
    /// filter over pictures of 8×12.
    public var maxWrittenOut = 128
    /// Positions of a pooling's window that may all be written out.
    /// Where it was measured is not recorded.
    public var maxUnrolledWindow = 16
    /// How many times as long a tile with more vectors than rows takes where its panel comes from
    /// the second-level cache each time; a ratio. It reads more cache lines for as many
    /// multiply-adds.
    /// Measured on Zen 4, AVX2: `bottleneck`, `pointwise`, `strided`, `odd-conv` and `wide`.
    public var streamedWideCost = 1.05
    /// Rows that share a matrix larger than the second-level cache, up to which the choice of a tile
    /// counts the time that the matrix's cache lines take. Of more rows, most find the lines in the
    /// cache.
    /// Measured on Zen 4, AVX-512 and AVX2: training with few examples.
    public var maxRowsOfFarMatrix = 32
    /// Rows of the largest factor that a tile reads side by side at most, where lanes run along
    /// sums. Each row comes from memory by itself.
    /// Measured on Zen 4: `lenet` with 4 examples and `odd-conv` with 7, training.
    public var maxFactorRows = 8
  }

  /// When a factor is copied into panels. *Rows* are the outputs that share each of its values; a
  /// panel holds the lanes of one reduction step after the other.
  public struct Panels: Hashable, Sendable {
    public init() {}

    /// Rows that must share a panel for it to be copied in each step.
    /// Where it was measured is not recorded.
    public var minRows = 8
    /// The same, in rows, where a tile would collect the panel's lanes one by one without a copy.
    /// Measured on Zen 4: `lenet` with 4 examples and `odd-conv` with 7, training.
    public var minRowsOfGathered = 2
    /// Bytes up to which a factor's reduction steps lie *close* together: bytes of all lanes of a
    /// step, and bytes from one step to the next.
    /// Where it was measured is not recorded.
    public var closeBytes = 256
    /// Rows that must share a panel for it to be copied although it could be read in place, where
    /// its steps lie far apart. With so many, the copy may take less time than it saves.
    /// Measured on Zen 3, AVX2: `ciresan-4` and `fc`, training, one thread. With 16 rows, reading
    /// in place is as fast or faster.
    public var minRowsFarApart = 32
    /// The same, in rows, where steps lie close together, and more of them than stay in the
    /// second-level cache.
    /// Measured on Zen 3: 1×1 convolutions with 64, 256, 64 and 256 channels, and 3×3 ones of
    /// stride 2 on 56×56×64, training, one thread.
    public var minRowsClose = 192
    /// The same, in rows, where steps lie close together, and a tile needs only a part of each
    /// cache line that it reads.
    /// Measured on Zen 3: two 3×3 convolutions with 12 to 60 channels, training, one thread.
    public var minRowsSharingLines = 64
    /// The same, in rows, where these lines come from the second-level cache for each tile.
    /// Measured on Zen 3: filters' gradients by fast convolution with 28, 33 and 36 channels,
    /// training, one thread.
    public var minRowsSharingFarLines = 16
  }

  /// How sums over a large matrix are cut into blocks, where few rows share it.
  public struct Blocks: Hashable, Sendable {
    public init() {}

    /// Reduction steps of a block, each a row of the matrix. These rows are read side by side, each
    /// in order: memory gives them several times as fast as pieces that lie apart.
    /// Measured on Zen 4: `ciresan-4` with 1 to 16 examples and `wide` with 4, training.
    public var streamedSteps = 16
    /// Rows of outputs that share the matrix at most. With more, loading and storing partial sums
    /// for each block takes longer than is saved.
    /// Measured on Zen 4: `ciresan-4` with 1 to 16 examples and `wide` with 4, training.
    public var maxRowsOfStreamed = 12
    /// Bytes of a matrix's row that each thread must have to itself. With fewer, the processor
    /// prefetches much that belongs to other threads.
    /// Measured on Zen 4: `ciresan-4` with 1 to 16 examples and `wide` with 4, training.
    public var minStreamedBytes = 2 << 10
  }

  /// How threads share the tiles of a kernel.
  public struct WorkShares: Hashable, Sendable {
    public init() {}

    /// How much more evenly threads must share a loop than one further out to be given it. Evenness
    /// is a thread's mean work over the largest: 1 if all threads have as much.
    /// Where it was measured is not recorded.
    public var minGain = 0.04
    /// Terms of all sums of a kernel together that there must be for rows to be cut for threads.
    /// With fewer, sharing takes longer than it saves.
    /// Measured, probably on Zen 5: `resnet8`, `vgg` and `lenet`, training, two threads.
    public var minTerms = 1 << 13
    /// Shares for each thread at most: so many that the last one is a small part of the whole.
    /// Measured on Zen 3, on shared cores: `lenet`, `ciresan-1`, `digits-conv` and `vgg`, training,
    /// two threads.
    public var maxPerThread = 16
    /// Shares for each thread at least. With fewer, one thread that is held up keeps the others
    /// waiting about as long as without shares.
    /// Measured on Zen 3, on shared cores: `lenet`, `ciresan-1`, `digits-conv` and `vgg`, training,
    /// two threads.
    public var minPerThread = 3
    /// Vectors of multiply-adds or elements that a share computes at least. They take some
    /// microseconds, beside which asking for the next share takes no time.
    /// Measured on Zen 3, on shared cores: `lenet`, `ciresan-1`, `digits-conv` and `vgg`, training,
    /// two threads.
    public var minVectors = 20_000

    /// As if sharing were worth it everywhere: for tests.
    package static var always: Self {
      var shares = Self()
      (shares.minPerThread, shares.minVectors) = (1, 1)
      return shares
    }

    /// In how many shares `count` tiles are taken; nil where each thread better takes its part in
    /// one go.
    package func shares(of count: Int, vectors: Int, threads: Int) -> Int? {
      let shares = min(count, threads * maxPerThread, vectors / minVectors)
      return shares < threads * minPerThread ? nil : shares
    }
  }
}
