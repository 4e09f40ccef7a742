import QuernRandom
import Testing

@Suite struct SeededGeneratorTests {
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

  @Test func indicesStayBelowTheBound() {
    var generator = SeededGenerator(seed: 4)
    for bound in [1, 2, 3, 10, Int.max] {
      for _ in 0..<200 { #expect((0..<bound).contains(generator.nextIndex(below: bound))) }
    }
  }
}
