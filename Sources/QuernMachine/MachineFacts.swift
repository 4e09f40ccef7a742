#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the generator must know of the machine: how fast it is, not what it computes.
///
/// Sizes of caches are those of the processor that the code is for. The other facts are a typical
/// core's, for all processors; only double pumping makes a difference (``isDoublePumped``). Each
/// comment says where the value comes from, in the words that ``Tuning`` explains.
public struct MachineFacts: Sendable {
  public var target: Target
  /// Bytes of a cache line.
  /// A fact of all processors that there is code for; not measured.
  public static let cacheLine = 64

  /// Bytes of the first-level data cache, which each core has to itself.
  /// Asked of the system, not measured.
  public var level1Cache: Int
  /// Bytes of the second-level cache, which each core has to itself.
  /// Asked of the system, not measured.
  public var level2Cache: Int
  /// Bytes that the panels of all columns may have together to be used for one tile of rows after
  /// the other: three eighths of the second-level cache.
  /// Where it was measured is not recorded.
  public var panelBytes: Int
  /// Vector multiply-adds that a core starts in a cycle.
  /// Measured on Zen 4, AVX2, and on Zen 5, AVX-512: the multiply-add limit of `Benchmarks.md`.
  public var multiplyAddsPerCycle = 2.0
  /// Vector loads that a core starts in a cycle.
  /// Where it was measured is not recorded.
  public var loadsPerCycle = 2.0
  /// Cycles until a multiply-add's result can be used.
  /// Where it was measured is not recorded.
  public var latency = 4.0
  /// Instructions of all kinds that a core starts in a cycle.
  /// Where it was measured is not recorded.
  public var instructionsPerCycle = 5.0
  /// Whether the core executes AVX-512's vectors in two halves. What holds for a cycle is said of
  /// whole vectors.
  /// Asked of the processor. Measured on Zen 4: wide dense layers, inference, 8 examples.
  public var isDoublePumped = false
  /// Bytes from which on a tensor comes from memory in each step, since others drive it out of the
  /// last cache.
  /// Measured on Zen 4: `ciresan-4` with 1 to 16 examples and `wide` with 4, training.
  public var memoryBytes = 8 << 20
  /// Cycles that each line from beyond the second-level cache takes, where lines are read one after
  /// the other.
  /// Measured on Zen 4, AVX-512 and AVX2: training with few examples.
  public var farLineCycles = 8.0
  /// Cycles from a prefetch until the line has come from memory.
  /// Measured, probably on Zen 5: `vgg` and `lenet`, training, one thread.
  public var memoryLatency = 500.0
  /// Cycles of computing for each cache line from which on prepared panels are prefetched. With
  /// fewer, memory is what tiles wait for anyway.
  /// Measured on Zen 4: inference, one example.
  public var streamCycles = 4.0
  /// Cycles that reading takes where each read is from another page: each address must be
  /// translated, and the hardware prefetcher does not help.
  /// Measured on Zen 3, AVX2: `ciresan-4` and `fc`, training, one thread.
  public var farLatency = 8.0

  /// Bytes that a tensor may have to be still in the second-level cache when it is read again,
  /// although others pass through the cache meanwhile: half of the cache.
  /// Where it was measured is not recorded.
  public var keptBytes: Int { level2Cache / 2 }

  /// A typical core with these vector instructions.
  ///
  /// - Parameters:
  ///   - target: the vector instructions.
  ///   - level1Cache: bytes of the first-level data cache.
  ///   - level2Cache: bytes of the second-level cache.
  public init(_ target: Target, level1Cache: Int = 32 << 10, level2Cache: Int = 1 << 20) {
    self.target = target
    self.level1Cache = level1Cache
    self.level2Cache = level2Cache
    // Beside the panels there must be room for the rows that go through them, and for the results.
    panelBytes = level2Cache / 8 * 3
  }

  /// The processor that this runs on: its caches as the system tells them, or typical ones where
  /// the system does not. Results do not depend on them.
  public static func ofThisProcessor(_ target: Target) -> MachineFacts {
    let typical = MachineFacts(target)
    // Virtual machines tell all sorts of sizes. The limits are about the least and the most that
    // cores have; they are not measured.
    func size(_ told: Int?, within range: ClosedRange<Int>, else typical: Int) -> Int {
      guard let told, told > 0 else { return typical }
      return min(max(told, range.lowerBound), range.upperBound)
    }
    var facts = MachineFacts(
      target,
      level1Cache: size(toldLevel1, within: 16 << 10...128 << 10, else: typical.level1Cache),
      level2Cache: size(toldLevel2, within: 256 << 10...4 << 20, else: typical.level2Cache))
    if target.isDoublePumped { facts.doublePump() }
    return facts
  }

  /// Makes the core one that executes vectors in two halves.
  package mutating func doublePump() {
    isDoublePumped = true
    multiplyAddsPerCycle /= 2
    loadsPerCycle /= 2
  }

  #if canImport(Glibc)
    private static let toldLevel1: Int? = sysconf(Int32(_SC_LEVEL1_DCACHE_SIZE))
    private static let toldLevel2: Int? = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
  #elseif canImport(Darwin)
    private static let toldLevel1 = told("hw.l1dcachesize")
    private static let toldLevel2 = told("hw.l2cachesize")

    private static func told(_ name: String) -> Int? {
      var bytes: Int64 = 0
      var size = MemoryLayout<Int64>.size
      return sysctlbyname(name, &bytes, &size, nil, 0) == 0 ? Int(bytes) : nil
    }
  #else
    private static let toldLevel1: Int? = nil
    private static let toldLevel2: Int? = nil
  #endif
}
