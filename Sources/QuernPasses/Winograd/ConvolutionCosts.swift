/// Which algorithm computes a convolution: estimated from its shape and a few facts of the machine.
public struct ConvolutionCosts: Sendable {
  /// The time to move one float to or from a cache beyond the first, in multiply-adds (of one lane).
  public var movement = 1.5
  /// The same for a filter's floats that pass by once, where few tiles share them.
  public var streaming = 8.0
  /// The time of an addition of a transform, in multiply-adds.
  public var addition = 1.0
  /// The share of the multiply-add limit that products reach.
  public var efficiency = 0.85
  /// The time to start and to finish a sum, in its terms.
  public var ends = 8.0
  /// The share of the direct sum's time that a fast algorithm may take to be chosen.
  public var worthwhile = 0.9
  /// Tiles of products have at most this side; larger ones take fewer products and round more.
  public var largestSide: Int

  /// A filter's gradient is a sum over pictures, kept in at most so many parts, which threads take for
  /// themselves; together they have at most so many bytes, and each has at least so many terms.
  public var mostParts = 8
  public var partBytes = 8 << 20
  public var partTerms = 256

  /// Filters that a product computes side by side: the lanes of two vectors, or of three. For a single one,
  /// each number of a row would be read for one multiply-add.
  public var panelWidths: [Int]

  /// - Parameters:
  ///   - lanes: of a vector.
  ///   - largestSide: 8 for all algorithms, 0 for direct sums alone.
  public init(lanes: Int, largestSide: Int = 8) {
    panelWidths = [2 * lanes, 3 * lanes]
    self.largestSide = largestSide
  }

  /// As if nothing but products took time, and a fast algorithm were always worthwhile: for tests.
  package static func onlyProducts(lanes: Int, largestSide: Int = 8) -> Self {
    var costs = Self(lanes: lanes, largestSide: largestSide)
    (costs.movement, costs.streaming, costs.addition, costs.ends) = (0, 0, 0, 0)
    costs.worthwhile = .infinity
    return costs
  }

  /// The algorithm that is expected to take the least time; nil for the direct sum.
  ///
  /// - Parameters:
  ///   - taps: r, the filter's side.
  ///   - output: N, H, W, T.
  ///   - channels: C.
  ///   - isFilterFixed: whether the filter is transformed once and not in each step.
  package func algorithm(
    taps: Int, output: [Int], channels: Int, isFilterFixed: Bool
  ) -> CookToom? {
    guard taps > 1 else { return nil }
    let (pictures, height, width, filters) = (output[0], output[1], output[2], output[3])
    let weights = Double(channels * filters)
    let positions = Double(pictures * height * width)
    /// So many sums for each filter, of so many terms.
    func sums(_ count: Double, terms: Int) -> Double {
      count * (Double(terms) + ends) * Double(Self.wholeVectors(filters)) / efficiency
    }
    let direct =
      sums(positions, terms: taps * taps * channels) + streaming * Double(taps * taps) * weights
    var best: (algorithm: CookToom, cost: Double)?
    for side in CookToom.sides where side <= largestSide && side > taps {
      guard let algorithm = CookToom(outputs: side - taps + 1, taps: taps) else { continue }
      let m = algorithm.outputs
      let tiles = Double(pictures * ((height + m - 1) / m) * ((width + m - 1) / m))
      let square = Double(side * side)
      // Additions of a transform along both sides, with sums and differences shared.
      let additions = 2 * Double(side) * Double(side) * Double(side) / 3
      let transforms =
        Double(Self.wholeVectors(channels) + Self.wholeVectors(filters))
        * (addition * additions + movement * 3 * square)
      let filterCost = isFilterFixed ? 0 : weights * (addition * additions + movement * square)
      let cost =
        sums(tiles * square, terms: channels) + tiles * transforms + filterCost
        + streaming * square * weights
      if best.map({ cost < $0.cost }) ?? true { best = (algorithm, cost) }
    }
    guard let best, best.cost < worthwhile * direct else { return nil }
    return best.algorithm
  }

  /// Parts in which a sum over pictures is kept; a divisor of their number.
  ///
  /// - Parameters:
  ///   - terms: of each picture.
  ///   - bytes: of the sum.
  package func parts(pictures: Int, terms: Int, bytes: Int) -> Int {
    let candidates = (1...mostParts).filter {
      pictures % $0 == 0 && $0 * bytes <= partBytes && pictures / $0 * terms >= partTerms
    }
    return candidates.last ?? 1
  }

  /// Products run over filters, and transforms over channels, a vector at a time: here one of eight, so that
  /// the choice is the same for all targets.
  private static func wholeVectors(_ channels: Int) -> Int { (channels + 7) / 8 * 8 }
}
