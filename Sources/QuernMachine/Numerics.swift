/// Every constant that decides in which order numbers are added, and so the bits of results.
///
/// The reproducibility contract: equal programs on the same target give equal bits for any number of
/// threads, since none of these depends on the machine or on threads. Other targets and other versions of
/// Quern may round otherwise; ``version`` tells versions apart.
public struct Numerics: Hashable, Sendable {
  /// Grows whenever a change makes results round otherwise. Checkpoints record it.
  public static let version = 1

  public var lanes = Lanes()
  public var splitReductions = SplitReductions()
  public var regions = Regions()
  public var convolutions = Convolutions()

  public init() {}

  /// Whether vectors run along a sum, and their lanes are added at its end.
  public struct Lanes: Hashable, Sendable {
    public init() {}

    /// Vectors of a sum up to which it is over before another's could be of help.
    public var shortSum = 4
    /// Vectors that are copied into panels in the time that adding up the lanes of a sum takes.
    public var copiedVectorsPerJoin = 4.0 / 3
    /// Rows from which on panels take less time, where all these rows stay in the first-level cache.
    public var minRowsOfPanels = 12
    /// The same where they do not stay: a tile then reads them anew for each vector of the factor.
    public var minRowsOfPanelsFar = 7
    /// Bytes of rows that stay in the first-level cache of any machine.
    public var keptRowBytes = 32 << 10
  }

  /// Which sums are made in two steps: of parts, and then of what the parts give.
  public struct SplitReductions: Hashable, Sendable {
    public init() {}

    /// Parts, where each is the sum over several examples. They are added up while other threads wait, so
    /// there should not be many.
    public var maxParts = 8
    /// Terms of all outputs together below which one barrier more takes longer than is saved.
    public var minTerms = 1 << 16
    /// Outputs up to which a sum is split.
    public var maxOutputs = 1 << 10
    /// Terms of an output for each output. With fewer, threads share outputs well enough.
    public var termsPerOutput = 16
    /// Terms of an output in one example below which a part for each example has too little work.
    public var minTermsPerExample = 32
    /// Elements of an example for each of its sums. With fewer, parts for each example store too much.
    public var elementsPerSum = 16

    /// As if every sum were worth two: for tests.
    package static var always: Self {
      var limits = Self()
      (limits.minTerms, limits.maxOutputs, limits.termsPerOutput) = (0, .max, 0)
      return limits
    }
  }

  /// How many examples at a time sums over a batch are added up within a region.
  public struct Regions: Hashable, Sendable {
    public init() {}

    /// Bytes of the cache that all cores share: kernels hand on no more than it holds. It is the same on all
    /// machines.
    public var sharedCache = 8 << 20
    /// Multiply-adds of a chunk below which adding its products to those of others takes too long.
    public var minSummed = 1 << 20
    /// Terms of sums below which reading and writing them again with each chunk takes too long.
    public var minTerms = 64
  }

  /// Which algorithm computes a convolution: an estimate from its shape, in multiply-adds of one lane.
  /// Fitted on Zen 4 to fifteen shapes.
  public struct Convolutions: Hashable, Sendable {
    public init() {}

    /// Moving one float to or from a cache beyond the first.
    public var movement = 1.5
    /// The same for a filter's floats that pass by once, where few tiles share them.
    public var streaming = 8.0
    /// An addition of a transform.
    public var addition = 1.0
    /// The share of the multiply-add limit that products reach.
    public var efficiency = 0.85
    /// Starting and finishing a sum, in its terms.
    public var ends = 8.0
    /// The share of the direct sum's time that a fast algorithm may take to be chosen.
    public var worthwhile = 0.9
    /// An addition of a Fourier transform together with its share of loads and stores.
    public var fourierAddition = 1.6
    /// Places of a Fourier tile that fit the first-level cache, a vector each; and what each further place
    /// costs, in additions.
    public var cachedPlaces = 312.0
    public var uncachedPlace = 20.0
    /// Cook and Toom's tiles have at most this side: 8 for all, 0 for none. Larger tiles take fewer products
    /// and round more.
    public var largestSide = 8
    /// Sides of tiles whose Fourier transforms may be multiplied; even, none for no Fourier transforms.
    public var fourierSides = Array(stride(from: 8, through: 32, by: 2))
    /// Parts in which a filter's gradient, a sum over examples, is kept.
    public var maxParts = 8
    /// Bytes of these parts together, and terms of each at least.
    public var partBytes = 8 << 20
    public var partTerms = 256

    /// As if nothing but products took time, and a fast algorithm were always worthwhile: for tests.
    package static func onlyProducts(
      largestSide: Int = 8, fourierSides: [Int] = []
    ) -> Self {
      var costs = Self()
      (costs.largestSide, costs.fourierSides) = (largestSide, fourierSides)
      (costs.movement, costs.streaming, costs.addition, costs.ends) = (0, 0, 0, 0)
      costs.worthwhile = .infinity
      return costs
    }
  }
}
