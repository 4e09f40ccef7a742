import QuernMachine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which algorithm computes a convolution: estimated from its shape.
public struct ConvolutionCosts: Sendable {
  public var numerics: Numerics.Convolutions
  /// Filters that a product computes side by side: the lanes of two vectors, or of three. For a single one,
  /// each number of a row would be read for one multiply-add.
  public var panelWidths: [Int]

  /// - Parameters:
  ///   - lanes: of a vector.
  ///   - numerics: the estimate's constants.
  public init(lanes: Int, _ numerics: Numerics.Convolutions = .init()) {
    panelWidths = [2 * lanes, 3 * lanes]
    self.numerics = numerics
  }

  /// As if nothing but products took time, and a fast algorithm were always worthwhile: for tests.
  package static func onlyProducts(
    lanes: Int, largestSide: Int = 8, fourierSides: [Int] = []
  ) -> Self {
    Self(lanes: lanes, .onlyProducts(largestSide: largestSide, fourierSides: fourierSides))
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
      count * (Double(terms) + numerics.ends) * Double(Self.wholeVectors(filters))
        / numerics.efficiency
    }
    let direct =
      sums(positions, terms: taps * taps * shape.channels)
      + numerics.streaming * Double(taps * taps) * weights
    var best: (algorithm: Candidate, cost: Double)?
    for algorithm in candidates(shape) {
      let m = algorithm.outputs
      let tiles = Double(examples * ((height + m - 1) / m) * ((width + m - 1) / m))
      let products = Double(algorithm.products)
      let additions = numerics.addition * algorithm.additions
      let transforms =
        Double(Self.wholeVectors(shape.channels) + Self.wholeVectors(filters))
        * (additions + numerics.movement * 3 * products)
      let filterCost = isFilterFixed ? 0 : weights * (additions + numerics.movement * products)
      let cost =
        sums(tiles * products, terms: shape.channels) + tiles * transforms + filterCost
        + numerics.streaming * products * weights
      if best.map({ cost < $0.cost }) ?? true { best = (algorithm, cost) }
    }
    guard let best, best.cost < numerics.worthwhile * direct else { return nil }
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

    init(_ algorithm: FourierTile, _ costs: Numerics.Convolutions) {
      let (side, places) = (Double(algorithm.side), Double(algorithm.side * algorithm.side))
      // A fast transform where halves can be halved.
      let ofRow = algorithm.side % 4 == 0 ? side * log2(side) : places / 3
      outputs = algorithm.outputs
      products = algorithm.products
      additions =
        costs.fourierAddition * 2 * side * ofRow + 2 * places
        + costs.uncachedPlace * max(0, places - costs.cachedPlaces)
      make = { TileAlgorithm(algorithm) }
    }

  }

  private func candidates(_ shape: ConvolutionShape) -> [Candidate] {
    let taps = shape.taps
    let cookToom = CookToom.sides.filter { $0 <= numerics.largestSide && $0 > taps }.compactMap {
      CookToom(outputs: $0 - taps + 1, taps: taps).map(Candidate.init)
    }
    let fourier = numerics.fourierSides.compactMap { side in
      FourierTile(side: side, for: shape).map { Candidate($0, numerics) }
    }
    return cookToom + fourier
  }

  /// Parts in which a sum over pictures is kept; a divisor of their number.
  ///
  /// - Parameters:
  ///   - terms: of each picture.
  ///   - bytes: of the sum.
  package func parts(examples: Int, terms: Int, bytes: Int) -> Int {
    let candidates = (1...numerics.maxParts).filter {
      examples % $0 == 0 && $0 * bytes <= numerics.partBytes
        && examples / $0 * terms >= numerics.partTerms
    }
    return candidates.last ?? 1
  }

  /// Products run over filters, and transforms over channels, a vector at a time: here one of eight, so that
  /// the choice is the same for all targets.
  private static func wholeVectors(_ channels: Int) -> Int { (channels + 7) / 8 * 8 }
}
