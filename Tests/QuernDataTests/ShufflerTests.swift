import QuernData
import Testing

@Suite struct ShufflerTests {
  @Test func drawsThePublishedNumbers() {
    // The first outputs of splitmix64.c for the seed 1234567.
    var generator = SeededGenerator(seed: 1_234_567)
    let drawn = (0..<5).map { _ in generator.next() }
    #expect(
      drawn == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

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

  @Test func indicesStayBelowTheBound() {
    var generator = SeededGenerator(seed: 4)
    for bound in [1, 2, 3, 10, Int.max] {
      for _ in 0..<200 { #expect((0..<bound).contains(generator.nextIndex(below: bound))) }
    }
  }
}
