import QuernErrors
import QuernGraph
import QuernRandom

/// How a parameter's first values are drawn.
public enum Initialiser: Sendable, Hashable, Codable {
  /// Every element has this value.
  case constant(Double)
  /// Uniform from low (inclusive) to high (exclusive).
  case uniform(Double, Double)
  /// Normal about 0 with this standard deviation.
  case normal(Double)
  /// Normal with variance 2 / fan-in (He et al. 2015): for layers that a ReLU follows.
  case heNormal
  /// Uniform with variance 2 / fan-in.
  case heUniform
  /// Normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010): for sigmoid and tanh.
  case glorotNormal
  /// Uniform with variance 2 / (fan-in + fan-out).
  case glorotUniform

  public static let zeros = Initialiser.constant(0)
  public static let ones = Initialiser.constant(1)

  /// Values for a tensor, row-major; the same arguments always give the same values.
  ///
  /// - Parameters:
  ///   - shape: the tensor's.
  ///   - fanIn: inputs that one output sums over.
  ///   - fanOut: outputs that one input enters.
  ///   - seed: the tensor's own; see ``seed(_:for:)``.
  public func values(shape: Shape, fanIn: Int, fanOut: Int, seed: UInt64) -> [Float] {
    let count = shape.elementCount
    let he = (2 / Double(max(fanIn, 1))).squareRoot()
    let glorot = (2 / Double(max(fanIn + fanOut, 1))).squareRoot()
    // A uniform distribution on ±b has the variance b²/3.
    let spread = 3.0.squareRoot()
    switch self {
    case .constant(let value): return [Float](repeating: Float(value), count: count)
    case .uniform(let low, let high): return uniform(low, high, count, seed)
    case .normal(let deviation): return normal(deviation, count, seed)
    case .heNormal: return normal(he, count, seed)
    case .heUniform: return uniform(-he * spread, he * spread, count, seed)
    case .glorotNormal: return normal(glorot, count, seed)
    case .glorotUniform: return uniform(-glorot * spread, glorot * spread, count, seed)
    }
  }

  /// The seed for the tensor of this name, so that its values depend neither on other tensors nor
  /// on their order.
  public static func seed(_ seed: UInt64, for name: String) -> UInt64 {
    var random = SeededGenerator(seed: seed)
    random = SeededGenerator(seed: random.next() ^ StableHash(name).value)
    return random.next()
  }

  func check() throws(QuernError) {
    let fine =
      switch self {
      case .constant(let value): value.isFinite
      case .uniform(let low, let high): low.isFinite && high.isFinite && low <= high
      case .normal(let deviation): deviation.isFinite && deviation >= 0
      default: true
      }
    guard fine else {
      throw QuernError(
        "initialiser", "it is \(self)",
        remedy: "give finite numbers, low before high, and a deviation of at least 0")
    }
  }

  private func uniform(_ low: Double, _ high: Double, _ count: Int, _ seed: UInt64) -> [Float] {
    let (low, range) = (Float(low), Float(high) - Float(low))
    var random = SeededGenerator(seed: seed)
    return [Float](unsafeUninitializedCapacity: count) { values, initialised in
      var index = 0
      while index < count {
        let bits = random.next()
        values.initializeElement(at: index, to: low + range * Float(bits >> 40) * 0x1p-24)
        if index + 1 < count {
          let second = Float((bits >> 8) & 0xff_ffff)
          values.initializeElement(at: index + 1, to: low + range * second * 0x1p-24)
        }
        index += 2
      }
      initialised = count
    }
  }

  private func normal(_ deviation: Double, _ count: Int, _ seed: UInt64) -> [Float] {
    var random = SeededGenerator(seed: seed)
    return [Float](unsafeUninitializedCapacity: count) { values, initialised in
      Ziggurat.standard.fill(values, deviation: deviation, from: &random)
      initialised = count
    }
  }
}
