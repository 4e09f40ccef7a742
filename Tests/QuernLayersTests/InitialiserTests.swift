import QuernGraph
import QuernLayers
import Testing

@Suite struct InitialiserTests {
  static let count = 100_000

  private func values(
    _ initialiser: Initialiser, fanIn: Int = 50, fanOut: Int = 150, seed: UInt64 = 3
  ) -> [Double] {
    initialiser.values(
      shape: [Self.count], fanIn: fanIn, fanOut: fanOut, seed: seed
    ).map(Double.init)
  }

  private func moment(_ values: [Double], _ power: Int) -> Double {
    values.reduce(0) { sum, value in
      sum + (0..<power).reduce(1) { product, _ in product * value }
    } / Double(values.count)
  }

  static let variances: [(Initialiser, Double)] = [
    (.heNormal, 0.04), (.heUniform, 0.04), (.glorotNormal, 0.01), (.glorotUniform, 0.01),
    (.normal(0.3), 0.09), (.uniform(-0.6, 0.6), 0.12),
  ]

  @Test(arguments: variances)
  func meanAndVariance(initialiser: Initialiser, variance: Double) {
    let values = values(initialiser)
    // Four standard errors of the mean; the variance's own is 0.45 %.
    #expect(abs(moment(values, 1)) < 4 * (variance / Double(Self.count)).squareRoot())
    #expect(abs(moment(values, 2) / variance - 1) < 0.02)
  }

  @Test func uniformStaysInside() {
    let values = values(.uniform(-0.05, 0.05))
    #expect(values.allSatisfy { $0 >= Double(Float(-0.05)) && $0 < Double(Float(0.05)) })
    // Every tenth of the range holds about a tenth of the numbers.
    var counts = [Int](repeating: 0, count: 10)
    for value in values { counts[min(Int((value + 0.05) * 100), 9)] += 1 }
    for count in counts { #expect(abs(count - Self.count / 10) < 400) }
  }

  /// The share of a normal distribution below each bound; steps between layers of the ziggurat and
  /// a wrong tail would show.
  @Test(arguments: [
    (-3.6542, 0.000129), (-3.0, 0.00135), (-2.0, 0.02275), (-1.0, 0.15866), (-0.25, 0.40129),
    (0.0, 0.5), (0.5, 0.69146), (1.5, 0.93319), (2.5, 0.99379), (3.5, 0.999767),
  ])
  func normalDistribution(bound: Double, share: Double) {
    let below = values(.normal(1)).count { $0 < bound }
    let error = (share * (1 - share) / Double(Self.count)).squareRoot()
    #expect(abs(Double(below) / Double(Self.count) - share) < 4 * error)
  }

  @Test func normalMoments() {
    let values = values(.normal(1))
    #expect(abs(moment(values, 3)) < 0.05)
    #expect(abs(moment(values, 4) - 3) < 0.13)
    // Beyond the ziggurat's base, 3.654, lie 0.026 % of the numbers.
    #expect(values.contains { $0 > 3.6542 })
    #expect(values.contains { $0 < -3.6542 })
  }

  @Test func constants() {
    #expect(Set(values(.constant(0.5))) == [0.5])
    #expect(Set(values(.zeros)) == [0])
    #expect(Set(values(.ones)) == [1])
  }

  @Test func sameSeedSameValues() {
    for initialiser in [Initialiser.heNormal, .glorotUniform] {
      #expect(values(initialiser, seed: 5) == values(initialiser, seed: 5))
      #expect(values(initialiser, seed: 5) != values(initialiser, seed: 6))
    }
  }

  @Test func neighboursAreIndependent() {
    for initialiser in [Initialiser.normal(1), .uniform(-3.0.squareRoot(), 3.0.squareRoot())] {
      let values = values(initialiser)
      let products = zip(values, values.dropFirst()).map { $0 * $1 }
      #expect(abs(moment(products, 1)) < 4 / Double(Self.count).squareRoot())
    }
  }

  /// Values depend on the seed and the name, not on what other parameters there are.
  @Test func valuesDependOnTheName() throws {
    let small = try Network("small", input: .features(4)) { Dense(3).named("head") }.parameters()
    let large = try Network("large", input: .features(4)) {
      Dense(4)
      Dense(3).named("head")
    }.parameters()
    let head = try #require(large.first { $0.name == "head.weight" })
    #expect(small[0].initialValues(seed: 7) == head.initialValues(seed: 7))
    #expect(small[0].initialValues(seed: 7) != head.initialValues(seed: 8))
    let other = try #require(large.first { $0.name == "dense1.weight" })
    #expect(other.initialValues(seed: 7).prefix(12) != head.initialValues(seed: 7)[...])
  }

  @Test func oddAndSmallCounts() {
    for count in [1, 2, 3] {
      for initialiser in [Initialiser.heNormal, .glorotUniform, .ones] {
        let values = initialiser.values(shape: [count], fanIn: 1, fanOut: 1, seed: 1)
        #expect(values.count == count)
        #expect(values.allSatisfy { $0 != 0 && $0.isFinite })
      }
    }
    let values = Initialiser.heNormal.values(shape: [2], fanIn: 0, fanOut: 0, seed: 1)
    #expect(values.allSatisfy { $0.isFinite })
  }
}
