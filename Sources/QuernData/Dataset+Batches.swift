import QuernErrors

extension Dataset {
  /// Copies the pictures and labels of a batch, in the order of `indices`.
  /// - Parameters:
  ///   - indices: which pictures, each in 0 ..< ``count``; B of them.
  ///   - images: room for (B, H, W, C) values or more; what is beyond is left alone.
  ///   - labels: room for B labels or more.
  /// - Precondition: the indices are in range, and the buffers large enough.
  public func copyBatch(
    _ indices: ArraySlice<Int>, into images: UnsafeMutableBufferPointer<Float>,
    labels: UnsafeMutableBufferPointer<Int32>
  ) {
    let size = pictureSize
    precondition(
      images.count / size >= indices.count,
      "copyBatch: room for \(images.count) values, but \(indices.count) pictures of \(size)")
    precondition(
      labels.count >= indices.count,
      "copyBatch: room for \(labels.count) labels, but \(indices.count) pictures")
    guard !indices.isEmpty, let target = images.baseAddress else { return }

    for (place, index) in indices.enumerated() {
      precondition(
        index >= 0 && index < count, "copyBatch: picture \(index) of \(count) in \(name)")
      labels[place] = self.labels[index]
    }
    switch pixels {
    case .bytes(let bytes, let values):
      bytes.withUnsafeBufferPointer { bytes in
        values.withUnsafeBufferPointer { values in
          guard let bytes = bytes.baseAddress, let values = values.baseAddress else { return }
          for (place, index) in indices.enumerated() {
            let from = bytes + index * size
            let to = target + place * size
            var pixel = 0
            while pixel < size {
              to[pixel] = values[Int(from[pixel])]
              pixel &+= 1
            }
          }
        }
      }
    case .floats(let floats, _):
      floats.withUnsafeBufferPointer { floats in
        guard let floats = floats.baseAddress else { return }
        for (place, index) in indices.enumerated() {
          (target + place * size).update(from: floats + index * size, count: size)
        }
      }
    }
  }

  /// Copies the pictures and labels of a batch: see the same for an `ArraySlice`.
  public func copyBatch(
    _ indices: [Int], into images: UnsafeMutableBufferPointer<Float>,
    labels: UnsafeMutableBufferPointer<Int32>
  ) {
    copyBatch(indices[...], into: images, labels: labels)
  }

  /// The pictures and labels of a batch as arrays: (B, H, W, C) values and B labels.
  /// - Throws: `QuernError` if an index is not in 0 ..< ``count``.
  public func batch(_ indices: [Int]) throws -> (images: [Float], labels: [Int32]) {
    try check(indices: indices)
    var images = [Float](repeating: 0, count: indices.count * pictureSize)
    var labels = [Int32](repeating: 0, count: indices.count)
    images.withUnsafeMutableBufferPointer { images in
      labels.withUnsafeMutableBufferPointer { labels in
        copyBatch(indices, into: images, labels: labels)
      }
    }
    return (images, labels)
  }

  /// The values of one picture, (H, W, C).
  /// - Throws: `QuernError` if `index` is not in 0 ..< ``count``.
  public func picture(_ index: Int) throws -> [Float] { try batch([index]).images }

  func check(indices: [Int]) throws {
    if let index = indices.first(where: { $0 < 0 || $0 >= count }) {
      throw QuernError(
        .badArgument, in: name, found: "picture \(index)", expected: "pictures of 0 … \(count - 1)")
    }
  }
}
