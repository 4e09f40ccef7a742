extension Dataset {
  /// The value of an empty pixel.
  package var background: Float {
    switch pixels {
    case .bytes(_, let values): values.first ?? 0
    case .floats(_, let background): background
    }
  }

  /// Copies a picture of one channel, (H, W), into rows that lie `pitch` values apart.
  ///
  /// - Precondition: ``channels`` is 1, `index` in 0 ..< ``count``, and there is room.
  package func copyPicture(_ index: Int, into target: UnsafeMutablePointer<Float>, pitch: Int) {
    precondition(channels == 1 && index >= 0 && index < count && pitch >= width)
    let start = index * height * width
    switch pixels {
    case .bytes(let bytes, let values):
      bytes.withUnsafeBufferPointer { bytes in
        values.withUnsafeBufferPointer { values in
          guard let bytes = bytes.baseAddress, let values = values.baseAddress else { return }
          for y in 0..<height {
            let from = bytes + start + y * width
            let to = target + y * pitch
            var x = 0
            while x < width {
              to[x] = values[Int(from[x])]
              x &+= 1
            }
          }
        }
      }
    case .floats(let floats, _):
      floats.withUnsafeBufferPointer { floats in
        guard let floats = floats.baseAddress else { return }
        for y in 0..<height {
          (target + y * pitch).update(from: floats + start + y * width, count: width)
        }
      }
    }
  }
}
