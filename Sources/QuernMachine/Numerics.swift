/// Every constant that decides in which order numbers are added, and so the bits of results.
///
/// The reproducibility contract: equal programs on the same target give equal bits for any number
/// of threads, since none of these depends on the machine or on threads. Other targets and other
/// versions of Quern may round otherwise; ``version`` tells versions apart.
///
/// Each comment says what is counted, in which unit, and where the value comes from, in the words
/// that ``Tuning`` explains.
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

    /// Vectors of a sum up to which it is so short that computing another beside it saves no time.
    /// Where it was measured is not recorded.
    public var shortSum = 4
    /// Vectors that are copied into panels in the time that adding up the lanes of one sum takes.
    /// Measured on Zen 4: `lenet` with 4 examples and `odd-conv` with 7, training.
    public var copiedVectorsPerJoin = 4.0 / 3
    /// Rows from which on panels take less time than vectors along the sum, where all these rows
    /// stay in the first-level cache.
    /// Measured on Zen 4: `lenet` with 4 examples and `odd-conv` with 7, training.
    public var minRowsOfPanels = 12
    /// The same, in rows, where they do not stay: a tile then reads them again for each vector of
    /// the other factor.
    /// Measured on Zen 4: `lenet` with 4 examples and `odd-conv` with 7, training.
    public var minRowsOfPanelsFar = 7
    /// Bytes of rows that stay in the first-level cache of any machine.
    /// Follows from the size of first-level caches; not measured.
    public var keptRowBytes = 32 << 10
  }

  /// Which sums are made in two steps: of parts, and then of what the parts give.
  public struct SplitReductions: Hashable, Sendable {
    public init() {}

    /// Parts at most, where each is the sum over several examples. They are added up while other
    /// threads wait, so there should not be many.
    /// Measured, probably on Zen 5: `resnet8`, `vgg` and `lenet`, training, two threads.
    public var maxParts = 8
    /// Terms of all outputs together that there must be. With fewer, one more barrier takes longer
    /// than is saved.
    /// Measured, probably on Zen 5: `resnet8`, `vgg` and `lenet`, training, two threads.
    public var minTerms = 1 << 16
    /// Outputs up to which a sum is split.
    /// Measured, probably on Zen 5: `resnet8`, `vgg` and `lenet`, training, two threads.
    public var maxOutputs = 1 << 10
    /// How many times as many terms as there are outputs each sum must have; a ratio. With fewer,
    /// threads share the outputs well enough.
    /// Measured, probably on Zen 5: `resnet8`, `vgg` and `lenet`, training, two threads.
    public var termsPerOutput = 16
    /// Terms of each output that an example must have to be a part. With fewer, a part has too
    /// little work.
    /// Measured on Zen 4: `lenet`, `vgg`, and two convolutions of 37 and 53 channels, training.
    public var minTermsPerExample = 32
    /// How many times as many elements as sums an example must have to be a part; a ratio. With
    /// fewer, the parts store too much.
    /// Measured on Zen 4: `lenet`, `vgg`, and two convolutions of 37 and 53 channels, training.
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

    /// Bytes of the cache that all cores share. Kernels hand over no more than it holds. The value
    /// is the same on all machines, since the order of sums depends on it.
    /// Where it was measured is not recorded.
    public var sharedCache = 8 << 20
    /// Multiply-adds that a chunk must have. With fewer, adding its sums to those of other chunks
    /// takes too long.
    /// Measured on Zen 3: filters' gradients by fast convolution with few channels, and `resnet8`,
    /// training.
    public var minSummed = 1 << 20
    /// Terms of each sum that a chunk must have. With fewer, loading and storing the sums again
    /// with each chunk takes too long.
    /// Where it was measured is not recorded.
    public var minTerms = 64
  }

  /// Which algorithm computes a convolution: an estimate of the time, from the shape alone.
  ///
  /// The unit of time is a multiply-add of one lane. What the estimate chooses was compared with
  /// other choices on Zen 4, on the fifteen kinds of convolutions that `Gains.md` lists under
  /// *Fourier transforms of tiles*.
  public struct Convolutions: Hashable, Sendable {
    public init() {}

    /// Moving one float to or from a cache beyond the first, in multiply-adds.
    /// Where it was measured is not recorded.
    public var movement = 1.5
    /// The same, in multiply-adds, for the floats of a filter, which are read once where few tiles
    /// share them.
    /// Where it was measured is not recorded.
    public var streaming = 8.0
    /// One addition of a transform, in multiply-adds.
    /// Where it was measured is not recorded.
    public var addition = 1.0
    /// The share of the multiply-add limit that products reach; a ratio.
    /// Where it was measured is not recorded.
    public var efficiency = 0.85
    /// Starting and finishing a sum, in terms of the sum.
    /// Measured, probably on Zen 3: 5×5 convolutions with 5 to 7 channels, 3×3 ones with 8 and 9,
    /// and `resnet8`, one example.
    public var ends = 8.0
    /// The share of the direct sum's time that a fast algorithm may take to be chosen; a ratio.
    /// Where it was measured is not recorded.
    public var worthwhile = 0.9
    /// One addition of a Fourier transform with its share of loads and stores, in additions.
    /// Fitted on Zen 4 to fifteen kinds of convolutions.
    public var fourierAddition = 1.6
    /// Places of a Fourier tile, a vector each, that fit into the first-level cache.
    /// Fitted on Zen 4 to fifteen kinds of convolutions.
    public var cachedPlaces = 312.0
    /// What each further place of a tile costs, in additions.
    /// Fitted on Zen 4 to fifteen kinds of convolutions.
    public var uncachedPlace = 20.0
    /// Largest side of Cook and Toom's tiles, in elements: 8 for all, 0 for none. Larger tiles need
    /// fewer products and round more.
    /// The largest side that Quern has; not measured.
    public var largestSide = 8
    /// Sides of tiles whose Fourier transforms may be multiplied, in elements. They are even; none
    /// for no Fourier transforms.
    /// Measured on Zen 4: fifteen kinds of convolutions, training and inference, one thread.
    public var fourierSides = Array(stride(from: 8, through: 32, by: 2))
    /// Parts at most in which a filter's gradient, a sum over examples, is kept.
    /// Measured on Zen 5: `lenet`, training, two threads on cores that are far apart.
    public var maxParts = 8
    /// Bytes of all these parts together at most.
    /// Measured on Zen 5: `lenet`, training, two threads on cores that are far apart.
    public var partBytes = 8 << 20
    /// Terms of each part at least.
    /// Measured on Zen 5: `lenet`, training, two threads on cores that are far apart.
    public var partTerms = 256

    /// As if nothing but products took time, and a fast algorithm were always worthwhile: for
    /// tests.
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
