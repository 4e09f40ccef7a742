#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

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
  /// Cook and Toom's tiles of products have at most this side; larger ones take fewer products and
  /// round more.
  public var largestSide: Int
  /// Sides of the tiles whose Fourier transforms may be multiplied.
  public var fourierSides: [Int]

  /// A filter's gradient is a sum over pictures, kept in at most so many parts, which threads take for
  /// themselves; together they have at most so many bytes, and each has at least so many terms.
  public var maxParts = 8
  public var partBytes = 8 << 20
  public var partTerms = 256

  /// Filters that a product computes side by side: the lanes of two vectors, or of three. For a single one,
  /// each number of a row would be read for one multiply-add.
  public var panelWidths: [Int]

  /// - Parameters:
  ///   - lanes: of a vector.
  ///   - largestSide: 8 for all of Cook and Toom's algorithms, 0 for none.
  ///   - fourierSides: even; none for no Fourier transforms.
  public init(
    lanes: Int, largestSide: Int = 8,
    fourierSides: [Int] = Array(stride(from: 8, through: 32, by: 2))
  ) {
    panelWidths = [2 * lanes, 3 * lanes]
    self.largestSide = largestSide
    self.fourierSides = fourierSides
  }

  /// As if nothing but products took time, and a fast algorithm were always worthwhile: for tests.
  package static func onlyProducts(
    lanes: Int, largestSide: Int = 8, fourierSides: [Int] = []
  ) -> Self {
    var costs = Self(lanes: lanes, largestSide: largestSide, fourierSides: fourierSides)
    (costs.movement, costs.streaming, costs.addition, costs.ends) = (0, 0, 0, 0)
    costs.worthwhile = .infinity
    return costs
  }

  /// The algorithm that is expected to take the least time; nil for the direct sum.
  ///
  /// - Parameter isFilterFixed: whether the filter is transformed once and not in each step.
  package func algorithm(_ shape: ConvolutionShape, isFilterFixed: Bool) -> TileAlgorithm? {
    let taps = shape.taps
    guard taps > 1 else { return nil }
    let (examples, height, width, filters) =
      (shape.output[0], shape.output[1], shape.output[2], shape.output[3])
    let weights = Double(shape.channels * filters)
    let positions = Double(examples * height * width)
    /// So many sums for each filter, of so many terms.
    func sums(_ count: Double, terms: Int) -> Double {
      count * (Double(terms) + ends) * Double(Self.wholeVectors(filters)) / efficiency
    }
    let direct =
      sums(positions, terms: taps * taps * shape.channels)
      + streaming * Double(taps * taps) * weights
    var best: (algorithm: Candidate, cost: Double)?
    for algorithm in candidates(shape) {
      let m = algorithm.outputs
      let tiles = Double(examples * ((height + m - 1) / m) * ((width + m - 1) / m))
      let products = Double(algorithm.products)
      let additions = addition * algorithm.additions
      let transforms =
        Double(Self.wholeVectors(shape.channels) + Self.wholeVectors(filters))
        * (additions + movement * 3 * products)
      let filterCost = isFilterFixed ? 0 : weights * (additions + movement * products)
      let cost =
        sums(tiles * products, terms: shape.channels) + tiles * transforms + filterCost
        + streaming * products * weights
      if best.map({ cost < $0.cost }) ?? true { best = (algorithm, cost) }
    }
    guard let best, best.cost < worthwhile * direct else { return nil }
    return best.algorithm.make()
  }

  /// What there is to choose from, without the matrices that only the chosen one needs.
  private struct Candidate {
    var outputs: Int
    /// Products of a tile for each channel and filter.
    var products: Int
    /// Additions of a transform along both sides, with sums and differences shared.
    var additions: Double
    var make: () -> TileAlgorithm

    init(_ algorithm: CookToom) {
      let side = Double(algorithm.side)
      outputs = algorithm.outputs
      products = algorithm.side * algorithm.side
      additions = 2 * side * side * side / 3
      make = { TileAlgorithm(algorithm) }
    }

    init(_ algorithm: FourierTile) {
      let (side, places) = (Double(algorithm.side), Double(algorithm.side * algorithm.side))
      // A fast transform where halves can be halved.
      let ofRow = algorithm.side % 4 == 0 ? side * log2(side) : places / 3
      outputs = algorithm.outputs
      products = algorithm.products
      additions =
        Self.pass * 2 * side * ofRow + 2 * places
        + Self.outsideCache * max(0, places - Self.cachedPlaces)
      make = { TileAlgorithm(algorithm) }
    }

    // A Fourier transform's larger tiles pass through memory from pass to pass: as measured, in additions.

    /// The time of an addition together with its share of loads and stores.
    private static let pass = 1.6
    /// Places of a tile that fit the first-level cache, a vector each, beside what is read and written; and
    /// the time that each of the others takes more.
    private static let cachedPlaces = 312.0
    private static let outsideCache = 20.0
  }

  private func candidates(_ shape: ConvolutionShape) -> [Candidate] {
    let taps = shape.taps
    let cookToom = CookToom.sides.filter { $0 <= largestSide && $0 > taps }.compactMap {
      CookToom(outputs: $0 - taps + 1, taps: taps).map(Candidate.init)
    }
    let fourier = fourierSides.compactMap { side in
      FourierTile(side: side, for: shape).map(Candidate.init)
    }
    return cookToom + fourier
  }

  /// Parts in which a sum over pictures is kept; a divisor of their number.
  ///
  /// - Parameters:
  ///   - terms: of each picture.
  ///   - bytes: of the sum.
  package func parts(examples: Int, terms: Int, bytes: Int) -> Int {
    let candidates = (1...maxParts).filter {
      examples % $0 == 0 && $0 * bytes <= partBytes && examples / $0 * terms >= partTerms
    }
    return candidates.last ?? 1
  }

  /// Products run over filters, and transforms over channels, a vector at a time: here one of eight, so that
  /// the choice is the same for all targets.
  private static func wholeVectors(_ channels: Int) -> Int { (channels + 7) / 8 * 8 }
}
