import QuernAugmentation
import QuernData
import QuernRandom

/// Pictures whose pixels tell where they were read: value = slope · x or slope · y.
enum Ramp {
  static let side = 29

  /// `byRow`: values grow downwards, else to the right, by one a pixel.
  static func dataset(byRow: Bool, count: Int = 1, labels: [Int]? = nil) throws -> Dataset {
    var values: [Float] = []
    for _ in 0..<count {
      for y in 0..<side { for x in 0..<side { values.append(Float(byRow ? y : x)) } }
    }
    return try Dataset(
      name: "ramp", images: values, shape: [count, side, side, 1],
      labels: labels ?? [Int](repeating: 0, count: count), classCount: 10)
  }
}

/// Random pictures of bytes.
func noise(count: Int, height: Int = 29, width: Int = 29, seed: UInt64 = 3) throws -> Dataset {
  var generator = SeededGenerator(seed: seed)
  let bytes = (0..<count * height * width).map { _ in UInt8(generator.nextIndex(below: 256)) }
  let labels = (0..<count).map { _ in generator.nextIndex(below: 10) }
  return try Dataset(
    name: "noise", bytes: bytes, shape: [count, height, width, 1], labels: labels, classCount: 10)
}

/// Mean and standard deviation.
func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
  let mean = values.reduce(0, +) / Double(values.count)
  let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
  return (mean, square.squareRoot())
}
