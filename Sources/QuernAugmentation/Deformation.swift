import QuernData
import QuernErrors

/// How pictures are deformed, anew in every epoch, so that a network never sees one twice.
///
/// A pixel p of the deformed picture is read, bilinearly, at
///
///     c + S⁻¹ · R⁻¹ · (p − c) + α · u(p)
///
/// where c is the picture's centre, S scales, R turns or shears, and u is a smoothed field of random
/// displacements. Sources: D. Cireşan et al., "Deep Big Simple Neural Nets Excel on Handwritten Digit
/// Recognition", arXiv 1003.0358, section 3; for the elastic part P. Simard et al., "Best Practices
/// for Convolutional Neural Networks Applied to Visual Document Analysis", ICDAR 2003.
public struct Deformation: Sendable, Hashable, Codable {
  /// A field of displacements as of a hand that trembles: each pixel's, drawn evenly from −1 … 1 in
  /// x and in y, smoothed by a Gaussian and multiplied.
  public struct Elastic: Sendable, Hashable, Codable {
    /// σ of the Gaussian in pixels; drawn evenly from here for each picture.
    ///
    /// The Gaussian is cut off at twice the lower bound, and sums to 1: for 5 … 6 it has the paper's
    /// 21 × 21 elements. Beyond the picture there are no displacements to smooth with.
    public var sigma: ClosedRange<Double>
    /// α, what the smoothed field is multiplied by; drawn evenly for each picture. The displacement
    /// at the picture's middle has a standard deviation of about α / (2 · √(3π) · σ) pixels.
    public var alpha: ClosedRange<Double>

    public init(sigma: ClosedRange<Double> = 5...6, alpha: ClosedRange<Double> = 36...38) {
      self.sigma = sigma
      self.alpha = alpha
    }
  }

  /// Classes that are turned and sheared less than the others.
  public struct AngleLimit: Sendable, Hashable, Codable {
    /// Degrees.
    public var degrees: Double
    public var classes: [Int]

    public init(degrees: Double, classes: [Int]) {
      self.degrees = degrees
      self.classes = classes
    }
  }

  /// Nil: none.
  public var elastic: Elastic?
  /// Degrees: each picture is turned by an angle drawn evenly from −β … β. Nil: none. With
  /// ``shear``, chance decides for each picture which of the two it gets.
  public var rotation: Double?
  /// Degrees: each picture is sheared horizontally by such an angle; rows move by its tangent times
  /// their distance from the middle. Nil: none.
  public var shear: Double?
  /// Percent: γ is drawn evenly from here for each picture, then a factor from 1 − γ … 1 + γ for its
  /// width, and another one for its height. Nil: none.
  public var scaling: ClosedRange<Double>?
  /// Holds for rotation and shear.
  public var angleLimit: AngleLimit?

  public init(
    elastic: Elastic? = nil, rotation: Double? = nil, shear: Double? = nil,
    scaling: ClosedRange<Double>? = nil, angleLimit: AngleLimit? = nil
  ) {
    self.elastic = elastic
    self.rotation = rotation
    self.shear = shear
    self.scaling = scaling
    self.angleLimit = angleLimit
  }

  /// That of Cireşan et al.: σ 5 … 6, α 36 … 38, β = 15°, 7.5° for the digits 1 and 7, γ 15 … 20 %.
  public static let paper = Deformation(
    elastic: Elastic(), rotation: 15, shear: 15, scaling: 15...20,
    angleLimit: AngleLimit(degrees: 7.5, classes: [1, 7]))

  /// The largest angle for a class, where `angle` is that of the others.
  func bound(_ angle: Double, label: Int) -> Double {
    guard let angleLimit, angleLimit.classes.contains(label) else { return angle }
    return min(angle, angleLimit.degrees)
  }
}

extension Deformation {
  /// Checks that the numbers make sense.
  ///
  /// - Throws: `QuernError` of kind `badArgument` naming the part.
  public func validate() throws {
    func check(_ part: String, _ value: Double, _ range: ClosedRange<Double>) throws {
      guard range.contains(value) else {
        throw QuernError(
          .badArgument, in: "deformation", found: "\(part) \(value)",
          expected: "a number from \(range.lowerBound) to \(range.upperBound)")
      }
    }
    if let elastic {
      // Below half a pixel nothing is smoothed; far above the picture's size nothing is left.
      try check("an elastic σ of", elastic.sigma.lowerBound, 0.5...64)
      try check("an elastic σ of", elastic.sigma.upperBound, 0.5...64)
      try check("an elastic α of", elastic.alpha.lowerBound, 0...10_000)
      try check("an elastic α of", elastic.alpha.upperBound, 0...10_000)
    }
    if let rotation { try check("a rotation of", rotation, 0...180) }
    if let shear { try check("a shear of", shear, 0...80) }
    if let scaling {
      try check("a scaling of", scaling.lowerBound, 0...90)
      try check("a scaling of", scaling.upperBound, 0...90)
    }
    if let angleLimit {
      try check("an angle limit of", angleLimit.degrees, 0...180)
      guard !angleLimit.classes.isEmpty, angleLimit.classes.allSatisfy({ $0 >= 0 }) else {
        throw QuernError(
          .badArgument, in: "deformation", found: "an angle limit for \(angleLimit.classes)",
          expected: "at least one class, counted from 0")
      }
      guard rotation != nil || shear != nil else {
        throw QuernError(
          .badArgument, in: "deformation", found: "an angle limit alone",
          expected: "a rotation or a shear that it limits")
      }
    }
  }

  /// Checks that pictures can be deformed so.
  ///
  /// - Throws: `QuernError`: what ``validate()`` throws, and for pictures of several channels, of one
  ///   row or of one column.
  public func validate(for dataset: Dataset) throws {
    try validate()
    guard dataset.channels == 1, dataset.height > 1, dataset.width > 1 else {
      throw QuernError(
        .badArgument, in: dataset.name,
        found: "pictures of \(dataset.height)×\(dataset.width)×\(dataset.channels) to be deformed",
        expected: "pictures of one channel, of several rows and columns",
        remedy: "Train without deformation.")
    }
  }
}
