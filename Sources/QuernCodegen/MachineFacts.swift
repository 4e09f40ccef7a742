import QuernVectors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the generator must know of the machine.
public struct MachineFacts: Sendable {
  public var target: Target
  /// Bytes of the second-level cache, which each core has to itself.
  public var level2Cache: Int
  /// Panels of all columns together, if they are to be packed before all rows.
  public var panelBytes: Int
  /// Reduction steps after which a tile's partial sums may go to memory.
  public var blockSteps = 192
  /// Multiply-adds in one round of a reduction loop, so that the loop's own instructions, which the C
  /// compiler does not keep in registers, take no time of their own.
  public var roundMultiplyAdds = 48
  /// Vector multiply-adds and loads a cycle, and cycles until a multiply-add's result can be used.
  public var multiplyAddsPerCycle = 2.0
  public var loadsPerCycle = 2.0
  public var latency = 4.0
  public var instructionsPerCycle = 5.0
  /// Cycles until a line that was asked for has come from memory.
  public var memoryLatency = 500.0

  /// A typical core with these vector instructions.
  public init(_ target: Target, level2Cache: Int = 1 << 20) {
    self.target = target
    self.level2Cache = level2Cache
    // Beside the panels there must be room for the rows that go through them, and for the results.
    panelBytes = level2Cache / 8 * 3
  }

  /// The processor this runs on: its second-level cache as the system tells it, or a typical one where
  /// the system does not. Results do not depend on it.
  public static func ofThisProcessor(_ target: Target) -> MachineFacts {
    guard let told = Self.systemsLevel2Cache, told > 0 else { return MachineFacts(target) }
    // Virtual machines tell all sorts of things.
    return MachineFacts(target, level2Cache: min(max(told, 256 << 10), 4 << 20))
  }

  private static let systemsLevel2Cache: Int? = {
    #if canImport(Glibc)
      return sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    #elseif canImport(Darwin)
      var bytes: Int64 = 0
      var size = MemoryLayout<Int64>.size
      return sysctlbyname("hw.l2cachesize", &bytes, &size, nil, 0) == 0 ? Int(bytes) : nil
    #else
      return nil
    #endif
  }()
}
