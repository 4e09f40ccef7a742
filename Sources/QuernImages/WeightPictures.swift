import QuernErrors

/// The weights of a layer as pictures: what each neuron or filter looks for.
///
/// A fully connected layer on pictures and a convolution have weights of the same layout,
/// (H, W, C, T): rows, columns, channels, and one set for each of T neurons or filters.
public struct WeightPictures: Sendable {
  /// How weights become colours.
  public enum Scale: String, Sendable, Hashable, CaseIterable, Codable {
    /// Each neuron's or filter's largest magnitude is shown in full colour: its pattern is seen.
    case each
    /// The largest magnitude of all is: weak and strong ones can be compared.
    case common
  }

  /// H, W, C, T.
  public let shape: [Int]
  private let values: [Float]

  /// - Parameters:
  ///   - values: (H, W, C, T), row-major.
  ///   - shape: the four extents.
  /// - Throws: `QuernError` where they do not go together.
  public init(_ values: [Float], shape: [Int]) throws {
    guard shape.count == 4, shape.allSatisfy({ $0 >= 1 }),
      values.count == shape.reduce(1, *)
    else {
      throw QuernError(
        .countMismatch, in: "weights", found: "\(values.count) values, shape \(shape)",
        expected: "rows, columns, channels and filters, and as many values as their product")
    }
    self.values = values
    self.shape = shape
  }

  public var height: Int { shape[0] }
  public var width: Int { shape[1] }
  public var channels: Int { shape[2] }
  /// T, neurons or filters.
  public var count: Int { shape[3] }

  /// The weights of one neuron or filter, (H, W, C), row-major.
  ///
  /// - Precondition: 0 ≤ `number` < ``count``.
  public func weights(_ number: Int) -> [Float] {
    stride(from: number, to: values.count, by: count).map { values[$0] }
  }

  /// ‖w‖, the root of the sum of squares, of one neuron or filter.
  public func norm(_ number: Int) -> Double {
    weights(number).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// The pictures of some neurons or filters, one after the other.
  ///
  /// Three channels make one picture, red, green and blue around grey; otherwise each channel makes
  /// a picture in ``DivergingColours``, so that there are C for each number.
  public func pictures(_ numbers: [Int], scale: Scale = .each) throws -> [Picture] {
    let common = scale == .common ? DivergingColours.largestMagnitude(values) : nil
    var pictures: [Picture] = []
    for number in numbers {
      let weights = weights(number)
      let magnitude = common ?? DivergingColours.largestMagnitude(weights)
      if channels == 3 {
        let factor = magnitude > 0 ? 0.5 / magnitude : 0
        pictures.append(
          try Picture(
            height: height, width: width, channels: 3, values: weights.map { 0.5 + $0 * factor }))
        continue
      }
      for channel in 0..<channels {
        let plane = stride(from: channel, to: weights.count, by: channels).map { weights[$0] }
        pictures.append(
          try DivergingColours.picture(
            plane, height: height, width: width, magnitude: magnitude))
      }
    }
    return pictures
  }
}
