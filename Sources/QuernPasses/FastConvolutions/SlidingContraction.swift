import QuernGraph

/// A contraction in which a small square window slides over pictures with stride 1.
enum SlidingContraction {
  /// out[n, y, x, t] = Σ picture[n, y ± i + o, x ± j + p, c] · filter[i, j, c, t]: a convolution, or
  /// its gradient by the picture, where the window runs backwards.
  case convolution(SlidingConvolution)
  /// out[i, j, c, t] = Σ picture[n, y + i + o, x + j + p, c] · signal[n, y, x, t]: its gradient by the
  /// filter.
  case filterGradient(SlidingGradient)
}

/// What decides which algorithm computes a convolution, or its gradient by the filter.
package struct ConvolutionShape {
  /// r, along both sides.
  var taps: Int
  /// Where tap (0, 0) of the window — turned round, if it is — reads for output (0, 0).
  var offset: (y: Int, x: Int)
  /// H and W of the picture.
  var image: (height: Int, width: Int)
  /// N, H, W, T of the output.
  var output: [Int]
  /// C.
  var channels: Int

  package init(
    taps: Int, offset: (y: Int, x: Int), image: (height: Int, width: Int), output: [Int],
    channels: Int
  ) {
    self.taps = taps
    self.offset = offset
    self.image = image
    self.output = output
    self.channels = channels
  }
}

struct SlidingConvolution {
  /// Which operand is the picture; the other is the filter.
  var image: Int
  var shape: ConvolutionShape
  /// Whether the taps run backwards.
  var isReversed: Bool
  /// The filter's dimensions of i, j, the summed channels and the filters.
  var dimensions: (i: Int, j: Int, channels: Int, filters: Int)
}

struct SlidingGradient {
  var image: Int
  /// The signal stands for the output.
  var shape: ConvolutionShape
}

extension SlidingContraction {
  /// - Returns: nil for any other contraction.
  init?(_ contraction: Contraction, _ operands: [Shape]) {
    guard contraction.factors.count == 2, contraction.outputRank == 4,
      contraction.factors.allSatisfy({ $0.match == nil }),
      operands.allSatisfy({ $0.rank == 4 })
    else { return nil }
    for image in 0...1 {
      if let found = Self.convolution(contraction, operands, image: image) {
        self = .convolution(found)
        return
      }
      if let found = Self.gradient(contraction, operands, image: image) {
        self = .filterGradient(found)
        return
      }
    }
    return nil
  }

  /// The window's axis in `index` = axis ± tap + offset, and the sign of the tap.
  private static func window(
    _ index: AffineExpression, along axis: Int
  ) -> (tap: Int, sign: Int)? {
    guard index.divisor == 1, index.terms.count == 2, index.coefficient(of: axis) == 1,
      let tap = index.terms.first(where: { $0.axis != axis }), abs(tap.coefficient) == 1
    else { return nil }
    return (tap.axis, tap.coefficient)
  }

  private static func convolution(
    _ contraction: Contraction, _ operands: [Shape], image: Int
  ) -> SlidingConvolution? {
    let map = contraction.factors[image].map
    let filter = contraction.factors[1 - image].map.map(\.soleAxis)
    guard map[0].soleAxis == 0, let rows = window(map[1], along: 1),
      let columns = window(map[2], along: 2), let channel = map[3].soleAxis,
      contraction.axes.count == 7, rows.sign == columns.sign, rows.tap != columns.tap,
      Set([rows.tap, columns.tap, channel]) == Set(4...6),
      let i = filter.firstIndex(of: rows.tap), let j = filter.firstIndex(of: columns.tap),
      let channels = filter.firstIndex(of: channel), let filters = filter.firstIndex(of: 3)
    else { return nil }
    let taps = contraction.axes[rows.tap].extent
    let shape = operands[1 - image]
    // The filter must be read whole, and nothing beside it.
    guard taps == contraction.axes[columns.tap].extent, shape[i] == taps, shape[j] == taps,
      shape[channels] == contraction.axes[channel].extent,
      shape[filters] == contraction.axes[3].extent
    else { return nil }
    let back = rows.sign < 0 ? taps - 1 : 0
    return SlidingConvolution(
      image: image,
      shape: ConvolutionShape(
        taps: taps, offset: (map[1].offset - back, map[2].offset - back),
        image: (operands[image][1], operands[image][2]),
        output: contraction.axes[..<4].map(\.extent), channels: contraction.axes[channel].extent),
      isReversed: rows.sign < 0, dimensions: (i, j, channels, filters))
  }

  private static func gradient(
    _ contraction: Contraction, _ operands: [Shape], image: Int
  ) -> SlidingGradient? {
    let map = contraction.factors[image].map
    let other = contraction.factors[1 - image].map
    let shape = operands[1 - image]
    // A single picture needs no axis of its own.
    let isSingle = shape[0] == 1 && map[0] == .constant(0) && other[0] == .constant(0)
    guard let y = other[1].soleAxis, let x = other[2].soleAxis, other[3].soleAxis == 3,
      isSingle || (other[0].soleAxis != nil && other[0] == map[0]), map[3].soleAxis == 2,
      let rows = window(map[1], along: y), let columns = window(map[2], along: x),
      rows.tap == 0, columns.tap == 1, rows.sign == 1, columns.sign == 1
    else { return nil }
    let sums = Set([y, x] + (other[0].soleAxis.map { [$0] } ?? []))
    guard sums == Set(4..<contraction.axes.count), sums.count == (isSingle ? 2 : 3),
      contraction.axes[0].extent == contraction.axes[1].extent,
      contraction.axes[2].extent == operands[image][3],
      zip(other, shape.extents).allSatisfy({ index, extent in
        index.soleAxis.map { contraction.axes[$0].extent == extent } ?? isSingle
      })
    else { return nil }
    return SlidingGradient(
      image: image,
      shape: ConvolutionShape(
        taps: contraction.axes[0].extent, offset: (map[1].offset, map[2].offset),
        image: (operands[image][1], operands[image][2]), output: shape.extents,
        channels: contraction.axes[2].extent))
  }
}
