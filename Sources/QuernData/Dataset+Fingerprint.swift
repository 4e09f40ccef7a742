import QuernRandom

extension Dataset {
  /// Pictures that enter a fingerprint.
  private static let sampleCount = 64

  /// A number that tells data sets apart: by shape, all labels, and some of the pictures.
  ///
  /// Changed pixels in other pictures go unnoticed: reading them all would take longer than to begin a
  /// training run does.
  public var fingerprint: String {
    var hash = StableHash()
    for extent in shape { hash.add(UInt32(truncatingIfNeeded: extent)) }
    for label in labels { hash.add(UInt32(bitPattern: label)) }
    for number in 0..<min(count, Self.sampleCount) {
      let place = number * count / min(count, Self.sampleCount)
      for value in (try? picture(place)) ?? [] { hash.add(value.bitPattern) }
    }
    return hash.text
  }
}
