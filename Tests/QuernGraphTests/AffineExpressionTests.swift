import QuernGraph
import Testing

@Suite struct AffineExpressionTests {
  @Test func isKeptInLowestTerms() {
    let expression = AffineExpression([(1, 4), (0, -2), (1, 2)], offset: 8, divisor: -2)
    #expect(expression == AffineExpression([(0, 1), (1, -3)], offset: -4))
    #expect(AffineExpression([(0, 2), (0, -2)], offset: 3) == .constant(3))
    #expect(AffineExpression([(2, 3)], divisor: 3).soleAxis == 2)
    #expect(AffineExpression([(2, 3)], offset: 3, divisor: 3).soleAxis == nil)
  }

  @Test func givesNoIndexWhereADivisionLeavesARemainder() {
    let expression = AffineExpression([(0, 1), (1, -1)], offset: 1, divisor: 2)
    #expect(expression([4, 1]) == 2)
    #expect(expression([4, 2]) == nil)
    #expect(expression([0, 5]) == -2)
  }

  @Test func boundsHoldEveryIndex() throws {
    let expressions = [
      AffineExpression([(0, 2), (1, -3)], offset: 1),
      AffineExpression([(0, 2), (1, -3)], offset: 1, divisor: 5),
      AffineExpression([(0, -1), (1, -1)], offset: -2, divisor: 2), .constant(-7),
    ]
    for expression in expressions {
      let bounds = expression.bounds(extents: [4, 3])
      let all = (0..<4).flatMap { i in (0..<3).compactMap { expression([i, $0]) } }
      #expect(all.allSatisfy(bounds.contains), "\(expression)")
      if expression.divisor == 1 {
        #expect(try bounds == #require(all.min())...#require(all.max()), "\(expression)")
      }
    }
  }

  /// A read at y = 2·q + 3·i − 1, turned round: q = (y − 3·i + 1) / 2.
  @Test func solvesForAnAxis() {
    let read = AffineExpression([(0, 2), (1, 3)], offset: -1)
    let solved = read.solved(for: 0, index: 2)
    #expect(solved.formula(["q", "i", "y"]) == "(−3·i + y + 1) / 2")
    for q in 0..<5 {
      for i in 0..<4 {
        let y = 2 * q + 3 * i - 1
        #expect(solved([-1, i, y]) == q)
        #expect(solved([-1, i, y + 1]) == nil)
      }
    }
    let reversed = AffineExpression([(0, -1), (1, 1)], offset: 6).solved(for: 0, index: 2)
    #expect(reversed([-1, 2, 5]) == 3)
  }

  @Test func substitutes() {
    // (a + 2·b) / 3 where a = (c − 1) / 2 and b = c + d.
    let outer = AffineExpression([(0, 1), (1, 2)], divisor: 3)
    let inner = [
      0: AffineExpression([(2, 1)], offset: -1, divisor: 2),
      1: AffineExpression([(2, 1), (3, 1)]),
    ]
    let result = outer.substituting(inner)
    #expect(result == AffineExpression([(2, 5), (3, 4)], offset: -1, divisor: 6))
    #expect(result([0, 0, 5, 6]) == outer([2, 11]))
  }
}
