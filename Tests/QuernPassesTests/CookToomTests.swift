import QuernPasses
import QuernRandom
import Testing

/// The matrices of fast convolutions, against the definition of a convolution.
@Suite struct CookToomTests {
  /// All m and r with tiles of at most 8.
  static let sizes = (1...7).flatMap { m in (1...7).map { (m, $0) } }.filter { $0 + $1 - 1 <= 8 }

  @Test("y = Aᵀ[(G g) ⊙ (Bᵀ d)]", arguments: sizes)
  func correlation(_ outputs: Int, _ taps: Int) throws {
    let algorithm = try #require(CookToom(outputs: outputs, taps: taps))
    var random = SeededGenerator(seed: UInt64(outputs * 10 + taps))
    func draw(_ count: Int) -> [Double] {
      (0..<count).map { _ in Double.random(in: -1...1, using: &random) }
    }
    let (d, g) = (draw(algorithm.side), draw(taps))
    let products = zip(
      multiply(algorithm.inputTransform, d), multiply(algorithm.filterTransform, g)
    ).map { $0 * $1 }
    let y = multiply(algorithm.outputTransform, products)
    for output in 0..<outputs {
      let expected = (0..<taps).reduce(0) { $0 + d[output + $1] * g[$1] }
      #expect(abs(y[output] - expected) < 1e-13)
    }
  }

  @Test("F(2, 3) is the one of the literature")
  func smallest() throws {
    let algorithm = try #require(CookToom(outputs: 2, taps: 3))
    #expect(algorithm.side == 4)
    // Up to signs that cancel: Lavin and Gray 2015, equation 7.
    #expect(
      algorithm.filterTransform.map { $0.map(abs) }
        == [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0, 0, 1]])
    #expect(algorithm.outputTransform == [[1, 1, 1, 0], [0, 1, -1, 1]])
  }

  @Test func thereAreNoPointsForLargeTiles() {
    #expect(CookToom(outputs: 6, taps: 4) == nil)
    #expect(CookToom(outputs: 0, taps: 3) == nil)
  }

  private func multiply(_ matrix: [[Double]], _ x: [Double]) -> [Double] {
    matrix.map { zip($0, x).reduce(0) { $0 + $1.0 * $1.1 } }
  }
}
