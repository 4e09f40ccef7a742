import QuernGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Convolutions by Fourier transforms of tiles: a cyclic correlation of length n along both sides.
///
/// y = F⁻¹[F(d) · conj F(g)]. The transform of real numbers has n² of them: four that are real, and
/// complex ones for the others, of which half are the conjugates of the rest. Each complex product
/// takes three real ones instead of four (Gauss; see ``inputMixing``), so that n² outputs take about 1.5·n²
/// products, whatever the filter's size. Rounding errors are smaller than those of direct sums, which are
/// longer: the transforms are orthogonal, but for factors, where Cook and Toom's points make large
/// numbers cancel.
///
/// A cyclic correlation of n inputs has n − r + 1 outputs that no input from the other end has got into
/// (overlap-save). All that are wanted are right where those inputs are zeros around a picture: with
/// padding a single tile of a picture may be smaller than its padded picture.
package struct FourierTile: Hashable, Sendable {
  /// n, even.
  package let side: Int
  /// m.
  package let outputs: Int
  /// r.
  package let taps: Int
  /// The inputs that are read; the others are zero.
  package let read: Range<Int>

  /// - Parameters:
  ///   - outputs: n − r + 1, or more where what comes round is known to be zero.
  package init?(side: Int, outputs: Int, taps: Int, read: Range<Int>? = nil) {
    let read = read ?? 0..<side
    guard side >= 4, side % 2 == 0, 1...side ~= taps, 1...side ~= outputs, !read.isEmpty,
      read.lowerBound >= 0, read.upperBound <= side
    else { return nil }
    self.side = side
    self.outputs = outputs
    self.taps = taps
    self.read = read
  }

  /// One tile for a whole picture where that is right, else as many as it takes.
  ///
  /// - Returns: nil where the filter is as large as the tile.
  package init?(side: Int, for shape: ConvolutionShape) {
    let (height, width) = (shape.output[1], shape.output[2])
    func isWhole(_ extent: Int, _ outputs: Int, _ offset: Int) -> Bool {
      let reach = outputs + shape.taps - 1
      // What comes round must be read from, and stand for, places beyond the picture's ends.
      return reach <= side || (extent - offset <= side && reach + offset <= side)
    }
    guard isWhole(shape.image.height, height, shape.offset.y),
      isWhole(shape.image.width, width, shape.offset.x), max(height, width) <= side
    else {
      guard side > shape.taps else { return nil }
      self.init(side: side, outputs: side - shape.taps + 1, taps: shape.taps)
      return
    }
    // Both sides of a tile are read alike.
    let isSquare =
      shape.image.height == shape.image.width && shape.offset.y == shape.offset.x
    let first = max(0, -shape.offset.y)
    let end = min(side, shape.image.height - shape.offset.y)
    self.init(
      side: side, outputs: max(height, width), taps: shape.taps,
      read: isSquare && first < end ? first..<end : 0..<side)
  }

  private var pairs: Int { side / 2 - 1 }

  /// Products for each channel and filter: four of real numbers, and three of every complex one.
  package var products: Int { 4 + (side * side - 4) / 2 * 3 }

  /// Sums over j with 1, (−1)ʲ, and then with cos(2πkj/n) and sin(2πkj/n) for each k: (n, n).
  private var transform: [[Double]] {
    let columns = 0..<side
    let (cosines, sines) = (columns.map(cosine), columns.map(sine))
    let single: [[Double]] = [
      columns.map { _ in 1 }, columns.map { $0 % 2 == 0 ? 1 : -1 },
    ]
    return single
      + (1..<pairs + 1).flatMap { k in
        [columns.map { cosines[k * $0 % side] }, columns.map { sines[k * $0 % side] }]
      }
  }

  // Of one eighth or quarter of the circle, so that numbers that are alike but for signs are
  // exactly so: transforms share their sums.

  private func cosine(_ part: Int) -> Double {
    if 2 * part > side { return cosine(side - part) }
    if 4 * part > side { return -cosine(side / 2 - part) }
    return 4 * part == side ? 0 : cos(2 * .pi * Double(part) / Double(side))
  }

  private func sine(_ part: Int) -> Double {
    if 2 * part > side { return -sine(side - part) }
    if 4 * part > side { return sine(side / 2 - part) }
    return sin(2 * .pi * Double(part) / Double(side))
  }

  /// (n, inputs that are read).
  package var inputTransform: [[Double]] { transform.map { Array($0[read]) } }

  /// (n, r); with the inverse transform's factor.
  package var filterTransform: [[Double]] {
    transform.map { $0[..<taps].map { $0 / Double(side) } }
  }

  /// (m, n).
  package var outputTransform: [[Double]] { transform.map { Array($0[..<outputs]) }.transposed }

  // Two pairs, whose sums are cc, cs, sc and ss, hold two complex numbers a − ib: those of
  // frequencies (k, l) and (k, −l).
  //
  // (a − ib)·(c − id) = A − iB takes three products: P = c·(a + b), Q = a·(d − c), R = b·(c + d) with
  // A = P − R and B = P + Q.

  /// a and b of (k, l), and of (k, −l), each (2, 4).
  private static let frequencies: [[[Double]]] = [
    [[1, 0, 0, -1], [0, 1, 1, 0]], [[1, 0, 0, 1], [0, -1, 1, 0]],
  ]

  private func mixing(_ results: [[Double]]) -> PairMixing {
    PairMixing(
      pairs: pairs, edge: results,
      inner: Self.frequencies.flatMap { frequency in
        results.map { result in
          (0..<4).map { result[0] * frequency[0][$0] + result[1] * frequency[1][$0] }
        }
      })
  }

  /// a + b, a and b.
  package var inputMixing: PairMixing { mixing([[1, 1], [1, 0], [0, 1]]) }

  /// c, d − c and c + d of the conjugate, whose d is −b; twice, for the numbers that are conjugates.
  package var filterMixing: PairMixing { mixing([[2, 0], [-2, -2], [2, -2]]) }

  /// How often P, Q and R count in A and in B.
  package var outputMixing: PairMixing { mixing([[1, 1], [0, 1], [-1, 0]]) }
}
