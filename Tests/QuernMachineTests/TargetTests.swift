import QuernMachine
import Testing

/// The table of targets.
@Suite struct TargetTests {
  @Test func namedTargetsAreTheTable() {
    #expect(Target.all == [.avx512, .avx2, .portable])
    #expect(Target.all.map(\.name) == ["avx512", "avx2", "portable"])
  }

  @Test(
    "What the instruction sets have",
    arguments: [
      (Target.avx512, bytes: 64, registers: 32, masks: true, halves: true),
      (.avx2, bytes: 32, registers: 16, masks: false, halves: false),
      (.portable, bytes: 32, registers: 32, masks: false, halves: false),
    ])
  func facts(_ target: Target, bytes: Int, registers: Int, masks: Bool, halves: Bool) {
    #expect(target.vectorBytes == bytes)
    #expect(target.registerCount == registers)
    #expect(target.hasMasks == masks)
    #expect(target.hasHalves == halves)
  }

  @Test func namesAreUnique() {
    #expect(Set(Target.all.map(\.name)).count == Target.all.count)
    #expect(Set(Target.all).count == Target.all.count)
  }

  @Test(arguments: Target.all) func nameFindsTarget(_ target: Target) {
    #expect(Target(target.name) == target)
    #expect(target.description == target.name)
  }

  @Test(arguments: ["", "AVX2", "avx", "avx2 ", "vax"]) func unknownName(_ name: String) {
    #expect(Target(name) == nil)
  }

  @Test(arguments: Target.all) func lanesFollowFromBytes(_ target: Target) {
    #expect(target.lanes * 4 == target.vectorBytes)
    for bytes in [1, 2, 4, 8] {
      #expect(target.lanes(ofBytes: bytes) * bytes == target.vectorBytes)
    }
  }

  /// Register numbers are bits of a 32-bit number, and squares are transposed for these lanes.
  @Test(arguments: Target.all) func vectorsAreOfKnownSizes(_ target: Target) {
    #expect(1...32 ~= target.registerCount)
    #expect(target.lanes == 8 || target.lanes == 16)
  }

  @Test func bestIsTheFirstSupported() {
    #expect(Target.best.isSupported)
    #expect(Target.all.prefix { $0 != .best }.allSatisfy { !$0.isSupported })
    #expect(Target.portable.isSupported)
  }

  @Test(arguments: Target.all) func narrowerVectorsAreThereToo(_ target: Target) {
    if let narrower = target.narrower {
      #expect(narrower.vectorBytes * 2 == target.vectorBytes)
      #expect(narrower.family == target.family)
      #expect(!target.isSupported || narrower.isSupported)
    }
    // What works off vectors in halves can work on half a vector.
    #expect(!target.isDoublePumped || target.hasHalves && target.isSupported)
  }

  /// Targets are kept and hashed by the thousand.
  @Test func isOneByte() { #expect(MemoryLayout<Target>.size == 1) }
}
