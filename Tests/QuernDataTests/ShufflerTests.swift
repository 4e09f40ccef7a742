import QuernData
import QuernRandom
import Testing

@Suite struct ShufflerTests {
  @Test func everyEpochIsAnotherPermutation() {
    var shuffler = Shuffler(count: 100, seed: 5)
    let first = shuffler.nextEpoch()
    let second = shuffler.nextEpoch()
    #expect(first.sorted() == Array(0..<100))
    #expect(second.sorted() == Array(0..<100))
    #expect(first != second)
    var again = Shuffler(count: 100, seed: 5)
    #expect(again.nextEpoch() == first)
  }

  @Test func theOrderIsFixedForGood() {
    // Checkpoints rely on it: a change of the algorithm must not go unnoticed.
    var shuffler = Shuffler(count: 8, seed: 2026)
    #expect(shuffler.nextEpoch() == [0, 5, 2, 7, 1, 4, 3, 6])
  }

  @Test func goesOnFromAStoredState() {
    var shuffler = Shuffler(count: 33, seed: 9)
    _ = shuffler.nextEpoch()
    let stored = shuffler.generator.state
    let expected = [shuffler.nextEpoch(), shuffler.nextEpoch()]
    var resumed = Shuffler(count: 33, generator: SeededGenerator(state: stored))
    #expect([resumed.nextEpoch(), resumed.nextEpoch()] == expected)
  }

  @Test func smallCounts() {
    var none = Shuffler(count: 0, seed: 1)
    #expect(none.nextEpoch() == [])
    var one = Shuffler(count: 1, seed: 1)
    #expect(one.nextEpoch() == [0])
  }

  @Test func permutationsAreEquallyLikely() {
    // 6 orders of 3, 6,000 draws: each some 1,000 times (standard deviation 29).
    var generator = SeededGenerator(seed: 11)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<6000 {
      var shuffler = Shuffler(count: 3, generator: generator)
      counts[shuffler.nextEpoch(), default: 0] += 1
      generator = shuffler.generator
    }
    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 150 })
  }
}
