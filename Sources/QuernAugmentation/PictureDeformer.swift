import QuernData

/// Deforms pictures of one data set, one after the other, in memory of its own: a thread's tool.
package final class PictureDeformer {
  private let dataset: Dataset
  private let deformation: Deformation
  private let seed: UInt64
  private let height: Int
  private let width: Int

  /// Rows and columns of background before and after the picture, so that four neighbours are there
  /// wherever it is read.
  private static let frame = 2
  private let framedPitch: Int
  private let framed: UnsafeMutablePointer<Float>
  private let field: DisplacementField?
  /// Where each pixel of a row is read: the place of the upper left neighbour in `framed`, and the
  /// distances from it.
  private let places: UnsafeMutablePointer<UInt32>
  private let rightward: UnsafeMutablePointer<Float>
  private let downward: UnsafeMutablePointer<Float>

  /// - Parameter seed: the run's.
  /// - Throws: `QuernError` for pictures that cannot be deformed, or numbers that make no sense.
  package init(_ dataset: Dataset, _ deformation: Deformation, seed: UInt64) throws {
    try deformation.validate(for: dataset)
    self.dataset = dataset
    self.deformation = deformation
    self.seed = seed
    height = dataset.height
    width = dataset.width
    framedPitch = width + 2 * Self.frame
    let count = framedPitch * (height + 2 * Self.frame)
    framed = .allocate(capacity: count)
    framed.initialize(repeating: dataset.background, count: count)
    field = deformation.elastic.map {
      DisplacementField(
        height: dataset.height, width: dataset.width,
        radius: Int((2 * $0.sigma.lowerBound).rounded(.up)))
    }
    let pitch = lanePadded(width)
    places = .allocate(capacity: pitch)
    places.initialize(repeating: 0, count: pitch)
    rightward = .allocate(capacity: pitch)
    rightward.initialize(repeating: 0, count: pitch)
    downward = .allocate(capacity: pitch)
    downward.initialize(repeating: 0, count: pitch)
  }

  deinit {
    framed.deallocate()
    places.deallocate()
    rightward.deallocate()
    downward.deallocate()
  }

  /// Writes a picture as it is in the given epoch, (H, W), counted from 0.
  ///
  /// - Precondition: `index` is one of the data set's, and there is room.
  package func deform(_ index: Int, epoch: Int, into target: UnsafeMutablePointer<Float>) {
    let chance = PictureChance(
      deformation, seed: seed, epoch: epoch, index: index, label: Int(dataset.labels[index]))
    dataset.copyPicture(
      index, into: framed + Self.frame * framedPitch + Self.frame, pitch: framedPitch)
    if let field, chance.alpha != 0 { field.fill(sigma: chance.sigma, key: chance.noiseKey) }
    for y in 0..<height {
      locate(y, chance)
      read(into: target + y * width)
    }
  }

  /// A picture as it is in the given epoch, (H, W), counted from 0.
  ///
  /// - Precondition: `index` is one of the data set's.
  package func picture(_ index: Int, epoch: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: height * width) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      deform(index, epoch: epoch, into: start)
      count = height * width
    }
  }

  /// Finds out where the pixels of row `y` are read.
  private func locate(_ y: Int, _ chance: PictureChance) {
    let inverse = chance.inverse
    let (centreX, centreY) = (Float(width - 1) / 2, Float(height - 1) / 2)
    let down = Float(y) - centreY
    let frame = Float(Self.frame)
    // In the coordinates of `framed`.
    let startX = inverse.xy * down + centreX + frame
    let startY = inverse.yy * down + centreY + frame
    // From here on there is background alone; and four neighbours.
    let low = Lanes(repeating: frame - 1)
    let highX = Lanes(repeating: Float(width) + frame)
    let highY = Lanes(repeating: Float(height) + frame)
    var lane = Lanes()
    for place in 0..<laneCount { lane[place] = Float(place) }
    let alpha = Lanes(repeating: chance.alpha)
    let pitch = lanePadded(width)
    var x = 0
    while x < pitch {
      let right = lane + (Float(x) - centreX)
      var sourceX = right * inverse.xx + startX
      var sourceY = right * inverse.yx + startY
      if let field, chance.alpha != 0 {
        sourceX += alpha * field.values.lanes(y &* pitch &+ x)
        sourceY += alpha * field.values.lanes((height &+ y) &* pitch &+ x)
      }
      sourceX = clamped(sourceX, low, highX)
      sourceY = clamped(sourceY, low, highY)
      // Rounded down, by rounding what is half less to the nearest. A little more than half less,
      // and whole numbers would come out one too low; so the distance is −0.0001 … 0.9999.
      let (wholeX, wholeY) = (nearest(sourceX - 0.4999), nearest(sourceY - 0.4999))
      let place = wholeY * Float(framedPitch) + wholeX
      let bits = unsafeBitCast(place + 0x1p23, to: SIMD16<UInt32>.self) & 0x7f_ffff
      UnsafeMutableRawPointer(places + x).storeBytes(of: bits, as: SIMD16<UInt32>.self)
      rightward.store(sourceX - wholeX, at: x)
      downward.store(sourceY - wholeY, at: x)
      x &+= laneCount
    }
  }

  /// Numbers of 0 … 2²², rounded: at 2²³ and above floats are whole.
  @inline(__always)
  private func nearest(_ value: Lanes) -> Lanes { (value + 0x1p23) - 0x1p23 }

  @inline(__always)
  private func clamped(_ value: Lanes, _ low: Lanes, _ high: Lanes) -> Lanes {
    let raised = value.replacing(with: low, where: value .< low)
    return raised.replacing(with: high, where: raised .> high)
  }

  /// Reads a row where ``locate(_:_:)`` said, between four neighbours each.
  private func read(into row: UnsafeMutablePointer<Float>) {
    let (framed, pitch) = (framed, framedPitch)
    var x = 0
    while x < width {
      let upper = framed + Int(places[x])
      let lower = upper + pitch
      let (right, down) = (rightward[x], downward[x])
      let above = upper[0] + right * (upper[1] - upper[0])
      let below = lower[0] + right * (lower[1] - lower[0])
      row[x] = above + down * (below - above)
      x &+= 1
    }
  }
}
