import QuernErrors

extension Dataset {
  /// The pictures at `indices`, in that order; an index may occur more than once.
  /// - Throws: `QuernError` if there is none, or one is not in 0 ..< ``count``.
  public func subset(_ indices: some Sequence<Int>) throws -> Dataset {
    let indices = Array(indices)
    guard !indices.isEmpty else {
      throw QuernError(
        .empty, in: name, found: "a subset of no pictures", expected: "at least one picture")
    }
    try check(indices: indices)
    let size = pictureSize
    let pixels: Pixels
    switch self.pixels {
    case .bytes(let bytes, let values):
      let gathered = bytes.withUnsafeBufferPointer { Self.gather($0, size: size, indices) }
      pixels = .bytes(ByteStore(gathered), values: values)
    case .floats(let floats, let background):
      let gathered = floats.withUnsafeBufferPointer { Self.gather($0, size: size, indices) }
      pixels = .floats(gathered, background: background)
    }
    return Dataset(
      name: name, extents: [indices.count, height, width, channels], pixels: pixels,
      labels: indices.map { labels[$0] }, classCount: classCount, classNames: classNames)
  }

  /// Sets `validationCount` pictures, drawn at random, apart; the rest is for training. Both keep
  /// the order of this data set, and equal seeds draw equally.
  /// - Throws: `QuernError` unless both get at least one picture.
  public func split(
    validationCount: Int, seed: UInt64
  ) throws -> (training: Dataset, validation: Dataset) {
    guard validationCount > 0, validationCount < count else {
      throw QuernError(
        .badArgument, in: name, found: "\(validationCount) of \(count) pictures for validation",
        expected: "at least one, and at least one left for training")
    }
    var shuffler = Shuffler(count: count, seed: seed)
    let order = shuffler.nextEpoch()
    return (
      try subset(order[validationCount...].sorted()), try subset(order[..<validationCount].sorted())
    )
  }

  /// Sets a share of the pictures, rounded to the nearest number, apart for validation.
  /// - Parameters:
  ///   - validationFraction: between 0 and 1.
  ///   - seed: decides which pictures are set apart.
  /// - Throws: `QuernError` unless both get at least one picture.
  public func split(
    validationFraction: Double, seed: UInt64
  ) throws -> (training: Dataset, validation: Dataset) {
    guard validationFraction > 0, validationFraction < 1 else {
      throw QuernError(
        .badArgument, in: name, found: "a validation fraction of \(validationFraction)",
        expected: "one between 0 and 1")
    }
    let validationCount = Int((Double(count) * validationFraction).rounded())
    return try split(validationCount: validationCount, seed: seed)
  }

  /// Pictures of `height` rows and `width` columns: this one's, framed with background.
  ///
  /// An even difference is shared equally; the odd row goes to the bottom, the odd column to the
  /// right. So 28×28 becomes 29×29 with an empty last row and an empty last column, and 32×32 with
  /// two empty rows and columns on every side. The background is byte 0, or the value 0 of `Float`
  /// pictures, mapped as all pixels are: after ``normalised(to:)`` it is the range's lower bound.
  /// - Throws: `QuernError` if the pictures are larger than that.
  public func padded(toHeight height: Int, width: Int) throws -> Dataset {
    guard height >= self.height, width >= self.width,
      let size = product([count, height, width, channels])
    else {
      throw QuernError(
        .badArgument, in: name,
        found: "pictures of \(self.height)×\(self.width) to be padded to \(height)×\(width)",
        expected: "a size that is not smaller, and that fits into memory")
    }
    let target = Frame(
      height: height, width: width, top: (height - self.height) / 2,
      left: (width - self.width) / 2, size: size)
    let pixels: Pixels
    switch self.pixels {
    case .bytes(let bytes, let values):
      let padded = bytes.withUnsafeBufferPointer { pad($0, with: 0, into: target) }
      pixels = .bytes(ByteStore(padded), values: values)
    case .floats(let floats, let background):
      let padded = floats.withUnsafeBufferPointer { pad($0, with: background, into: target) }
      pixels = .floats(padded, background: background)
    }
    return Dataset(
      name: name, extents: [count, height, width, channels], pixels: pixels, labels: labels,
      classCount: classCount, classNames: classNames)
  }

  /// Maps pixels from 0 … 1 to `range` linearly: 0 to its lower bound, 1 to its upper one.
  ///
  /// To be applied once, to pictures of 0 … 1: a second time maps the mapped values again.
  public func normalised(to range: ClosedRange<Float> = -1...1) -> Dataset {
    func map(_ value: Float) -> Float {
      range.lowerBound + value * (range.upperBound - range.lowerBound)
    }
    let pixels: Pixels
    switch self.pixels {
    case .bytes(let bytes, let values): pixels = .bytes(bytes, values: values.map(map))
    case .floats(let floats, let background):
      pixels = .floats(floats.map(map), background: map(background))
    }
    return Dataset(
      name: name, extents: shape, pixels: pixels, labels: labels, classCount: classCount,
      classNames: classNames)
  }

  /// Grey pictures as ones of several equal channels, for networks that take colour.
  /// - Throws: `QuernError` unless the pictures have one channel, or already so many.
  public func repeatingChannel(_ count: Int) throws -> Dataset {
    if channels == count { return self }
    guard channels == 1, count > 0, let size = product([self.count, height, width, count]) else {
      throw QuernError(
        .badArgument, in: name, found: "pictures of \(channels) channels to be given \(count)",
        expected: "pictures of one channel, and at least one wanted")
    }
    let pixels: Pixels
    switch self.pixels {
    case .bytes(let bytes, let values):
      let repeated = bytes.withUnsafeBufferPointer { Self.repeated($0, count, size) }
      pixels = .bytes(ByteStore(repeated), values: values)
    case .floats(let floats, let background):
      let repeated = floats.withUnsafeBufferPointer { Self.repeated($0, count, size) }
      pixels = .floats(repeated, background: background)
    }
    return Dataset(
      name: name, extents: [self.count, height, width, count], pixels: pixels, labels: labels,
      classCount: classCount, classNames: classNames)
  }

  private static func repeated<Pixel>(
    _ pixels: UnsafeBufferPointer<Pixel>, _ times: Int, _ size: Int
  ) -> [Pixel] {
    [Pixel](unsafeUninitializedCapacity: size) { result, filled in
      for pixel in pixels {
        for _ in 0..<times {
          result.initializeElement(at: filled, to: pixel)
          filled += 1
        }
      }
    }
  }

  private static func gather<Pixel>(
    _ pixels: UnsafeBufferPointer<Pixel>, size: Int, _ indices: [Int]
  ) -> [Pixel] {
    var result: [Pixel] = []
    result.reserveCapacity(indices.count * size)
    for index in indices { result.append(contentsOf: pixels[index * size..<(index + 1) * size]) }
    return result
  }

  /// Where the padded pictures take up this data set's; `size` is the number of all values.
  private struct Frame {
    let height, width, top, left, size: Int
  }

  private func pad<Pixel>(
    _ pixels: UnsafeBufferPointer<Pixel>, with value: Pixel, into frame: Frame
  ) -> [Pixel] {
    var result = [Pixel](repeating: value, count: frame.size)
    let rowSize = width * channels
    result.withUnsafeMutableBufferPointer { result in
      guard let to = result.baseAddress, let from = pixels.baseAddress else { return }
      for picture in 0..<count {
        for row in 0..<height {
          let targetRow = picture * frame.height + frame.top + row
          let offset = (targetRow * frame.width + frame.left) * channels
          (to + offset).update(from: from + (picture * height + row) * rowSize, count: rowSize)
        }
      }
    }
    return result
  }
}
