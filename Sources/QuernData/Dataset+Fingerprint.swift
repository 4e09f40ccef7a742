extension Dataset {
  /// Pictures that enter a fingerprint.
  private static let sampleCount = 64

  /// A number that tells data sets apart: by shape, all labels, and some of the pictures.
  ///
  /// Changed pixels in other pictures go unnoticed: reading them all would take longer than to begin a
  /// training run does.
  public var fingerprint: String {
    // FNV-1a, 64 bits.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ word: UInt32) { hash = (hash ^ UInt64(word)) &* 0x0000_0100_0000_01b3 }
    for extent in shape { add(UInt32(truncatingIfNeeded: extent)) }
    for label in labels { add(UInt32(bitPattern: label)) }
    for number in 0..<min(count, Self.sampleCount) {
      let place = number * count / min(count, Self.sampleCount)
      for value in (try? picture(place)) ?? [] { add(value.bitPattern) }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
