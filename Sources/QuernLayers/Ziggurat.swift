import QuernRandom

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Normal random numbers by the ziggurat method (Marsaglia and Tsang 2000, with Doornik's 2005
/// correction: layer and position come from different bits).
///
/// The area under exp(−x²/2) is covered by 256 layers of equal area. A point drawn in a layer nearly
/// always lies under the curve, so most numbers cost one multiplication and one comparison.
struct Ziggurat: Sendable {
  static let standard = Ziggurat()

  /// Where the lowest layer's rectangle ends and the tail begins.
  private static let tail = 3.654152885361008796
  /// The area of each layer.
  private static let area = 0.00492867323399141
  private static let layers = 256

  /// Right edges of the layers, from the lowest up to 0. The lowest layer has a tail; its edge is
  /// that of a rectangle of the same area.
  private let edges: [Double]
  /// The curve's height at each edge.
  private let heights: [Double]

  private init() {
    var edges = [Self.area / exp(-Self.tail * Self.tail / 2), Self.tail]
    for layer in 2..<Self.layers {
      let below = edges[layer - 1]
      edges.append((-2 * log(Self.area / below + exp(-below * below / 2))).squareRoot())
    }
    edges.append(0)
    self.edges = edges
    self.heights = edges.map { exp(-$0 * $0 / 2) }
  }

  /// Fills with numbers of the given standard deviation.
  func fill(
    _ values: UnsafeMutableBufferPointer<Float>, deviation: Double,
    from random: inout SeededGenerator
  ) {
    edges.withUnsafeBufferPointer { edges in
      for index in values.indices {
        let bits = random.next()
        let layer = Int(bits & 0xff)
        // 53 bits with sign, in [−1, 1).
        let position = Double(Int64(bitPattern: bits) >> 11) * 0x1p-52
        let x = position * edges[layer]
        let inside = abs(x) < edges[layer + 1]
        let value = inside ? x : outside(x, layer, &random)
        values.initializeElement(at: index, to: Float(value * deviation))
      }
    }
  }

  /// The number for a point that is not surely under the curve, as about one in a hundred is not.
  @inline(never)
  private func outside(
    _ first: Double, _ firstLayer: Int, _ random: inout SeededGenerator
  ) -> Double {
    var (x, layer) = (first, firstLayer)
    while true {
      if abs(x) < edges[layer + 1] { return x }
      if layer == 0 { return x < 0 ? -tailValue(&random) : tailValue(&random) }
      let height = heights[layer] + Self.unit(&random) * (heights[layer + 1] - heights[layer])
      if height < exp(-x * x / 2) { return x }
      let bits = random.next()
      layer = Int(bits & 0xff)
      x = Double(Int64(bitPattern: bits) >> 11) * 0x1p-52 * edges[layer]
    }
  }

  /// A number beyond ``tail``, by Marsaglia's method of 1964.
  private func tailValue(_ random: inout SeededGenerator) -> Double {
    while true {
      let x = -log(Self.unit(&random)) / Self.tail
      let y = -log(Self.unit(&random))
      if 2 * y > x * x { return Self.tail + x }
    }
  }

  /// In (0, 1].
  private static func unit(_ random: inout SeededGenerator) -> Double {
    (Double(random.next() >> 11) + 1) * 0x1p-53
  }
}
