import QuernRandom

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What chance decides for one picture in one epoch.
///
/// It follows from the run's seed, the epoch and the picture's number alone: any thread can deform
/// any picture, and a resumed run deforms as one that was never stopped.
package struct PictureChance: Sendable, Hashable {
  /// σ in pixels.
  package var sigma: Float = 0
  /// α; 0 where there is no elastic part.
  package var alpha: Float = 0
  /// Degrees, whether of a rotation or of a shear.
  package var angle = 0.0
  package var isShear = false
  /// By how much the picture becomes wider and higher.
  package var factorX = 1.0
  package var factorY = 1.0
  /// What the displacements' random numbers begin with.
  package var noiseKey: UInt32 = 0

  /// - Parameters:
  ///   - epoch: counted from 0.
  ///   - index: the picture's place in the data set.
  ///   - label: its class, for the angle's limit.
  package init(
    _ deformation: Deformation, seed: UInt64, epoch: Int, index: Int, label: Int
  ) {
    var random = SeededGenerator(seed: seed ^ 0xdef0_0000_0000_0001)
    random = SeededGenerator(seed: random.next() ^ UInt64(epoch))
    random = SeededGenerator(seed: random.next() ^ UInt64(index))
    // Each is drawn whether it is used or not: one part does not change what the others do.
    func uniform(_ range: ClosedRange<Double>) -> Double {
      let share = Double(random.next() >> 11) * 0x1p-53
      return range.lowerBound + share * (range.upperBound - range.lowerBound)
    }
    let elastic = deformation.elastic ?? .init(sigma: 1...1, alpha: 0...0)
    sigma = Float(uniform(elastic.sigma))
    alpha = Float(uniform(elastic.alpha))
    noiseKey = UInt32(truncatingIfNeeded: random.next() >> 32)
    let coin = random.next() >> 63 == 1
    isShear = deformation.shear != nil && (deformation.rotation == nil || coin)
    let angle = (isShear ? deformation.shear : deformation.rotation) ?? 0
    self.angle = uniform(-1...1) * deformation.bound(angle, label: label)
    let gamma = uniform(deformation.scaling ?? 0...0) / 100
    factorX = 1 + uniform(-1...1) * gamma
    factorY = 1 + uniform(-1...1) * gamma
  }

  /// S⁻¹ · R⁻¹, row by row: from a place in the deformed picture, relative to the centre, to that in
  /// the picture it is made from. y runs downwards.
  package var inverse: (xx: Float, xy: Float, yx: Float, yy: Float) {
    let radians = angle * .pi / 180
    if isShear {
      // R moves x by tan · y; its inverse moves it back.
      return (
        Float(1 / factorX), Float(-tan(radians) / factorX), 0, Float(1 / factorY)
      )
    }
    let (sine, cosine) = (sin(radians), cos(radians))
    return (
      Float(cosine / factorX), Float(sine / factorX),
      Float(-sine / factorY), Float(cosine / factorY)
    )
  }
}
