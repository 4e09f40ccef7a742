#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the generator must know of the machine.
public struct MachineFacts: Sendable {
  public var target: Target
  /// Bytes of a cache line, on all processors that there is code for.
  public static let cacheLine = 64

  /// Bytes of the caches that each core has to itself.
  public var level1Cache: Int
  public var level2Cache: Int
  /// Panels of all columns together, if they are to be packed before all rows.
  public var panelBytes: Int
  /// Vector multiply-adds and loads a cycle, and cycles until a multiply-add's result can be used.
  public var multiplyAddsPerCycle = 2.0
  public var loadsPerCycle = 2.0
  public var latency = 4.0
  public var instructionsPerCycle = 5.0
  /// Whether the core works off AVX-512's vectors in two halves. What holds for a cycle is said of whole
  /// vectors.
  public var isDoublePumped = false
  /// Bytes of a tensor that comes from memory in each step, since others drive it out of the last cache.
  public var memoryBytes = 8 << 20
  /// Cycles that a line from beyond the second-level cache takes, where lines are read one after the other.
  public var farLineCycles = 8.0
  /// Cycles until a line that was asked for has come from memory.
  public var memoryLatency = 500.0
  /// Cycles of computing for each cache line from which on a stream is asked for ahead: with fewer, memory
  /// is what tiles wait for.
  public var streamCycles = 4.0
  /// Cycles that it takes to read from one page after the other: each address must be looked up, and
  /// no line is foreseen.
  public var farLatency = 8.0

  /// Bytes of a tensor that are still in the second-level cache when they are read again, although others
  /// pass through it meanwhile.
  public var keptBytes: Int { level2Cache / 2 }

  /// A typical core with these vector instructions.
  public init(_ target: Target, level1Cache: Int = 32 << 10, level2Cache: Int = 1 << 20) {
    self.target = target
    self.level1Cache = level1Cache
    self.level2Cache = level2Cache
    // Beside the panels there must be room for the rows that go through them, and for the results.
    panelBytes = level2Cache / 8 * 3
  }

  /// The processor this runs on: its caches as the system tells them, or typical ones where the system
  /// does not. Results do not depend on them.
  public static func ofThisProcessor(_ target: Target) -> MachineFacts {
    let typical = MachineFacts(target)
    // Virtual machines tell all sorts of things.
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

  /// Makes of a core one that works off vectors in two halves.
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
