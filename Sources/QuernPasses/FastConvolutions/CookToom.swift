/// The matrices of a fast convolution F(m, r): m neighbouring outputs of a filter of r taps from
/// m + r − 1 products, where the definition takes m·r.
///
/// y = Aᵀ[(G g) ⊙ (Bᵀ d)] for the m + r − 1 inputs d and the filter g; applied along both sides of a
/// tile in two dimensions. Cook and Toom's construction: a product of polynomials is found from its
/// values at points (small numbers and ∞), and an m-tap correlation is the transposed problem
/// (Winograd 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015).
package struct CookToom: Hashable, Sendable {
  /// m.
  package let outputs: Int
  /// r.
  package let taps: Int
  /// Points beside ∞. Pairs ±p let transforms share their sums and differences; small powers of two
  /// keep the constants, and with them the rounding errors, small.
  private let points: [Double]

  private static let allPoints: [Double] = [0, 1, -1, 2, -2, 0.5, -0.5]

  /// The sides of tiles there are points for, m + r − 1.
  package static let sides = [4, 6, 8]

  /// - Returns: nil where there are not as many points.
  package init?(outputs: Int, taps: Int) {
    guard outputs >= 1, taps >= 1, outputs + taps - 2 <= Self.allPoints.count else { return nil }
    self.outputs = outputs
    self.taps = taps
    points = Array(Self.allPoints.prefix(outputs + taps - 2))
  }

  /// m + r − 1: the side of a tile of inputs, and of one of products.
  package var side: Int { outputs + taps - 1 }

  /// Bᵀ: (side, side).
  package var inputTransform: [[Double]] {
    let all = Self.polynomial(points)
    return points.indices.map { skipped in
      Self.polynomial(points.enumerated().filter { $0.offset != skipped }.map(\.element)) + [0]
    } + [all]
  }

  /// G: (side, r).
  package var filterTransform: [[Double]] {
    points.indices.map { k in
      let scale = points.indices.filter { $0 != k }.reduce(1) { $0 * (points[k] - points[$1]) }
      return Self.powers(points[k], taps).map { $0 / scale }
    } + [(0..<taps).map { $0 == taps - 1 ? 1 : 0 }]
  }

  /// Aᵀ: (m, side).
  package var outputTransform: [[Double]] {
    let columns = points.map { Self.powers($0, outputs) }
    return (0..<outputs).map { row in columns.map { $0[row] } + [row == outputs - 1 ? 1 : 0] }
  }

  private static func powers(_ x: Double, _ count: Int) -> [Double] {
    var result: [Double] = []
    var power = 1.0
    for _ in 0..<count {
      result.append(power)
      power *= x
    }
    return result
  }

  /// The coefficients of Π (x − root), from that of 1 upwards.
  private static func polynomial(_ roots: [Double]) -> [Double] {
    roots.reduce([1]) { coefficients, root in
      zip([0] + coefficients, coefficients + [0]).map { $0 - root * $1 }
    }
  }
}
