import QuernErrors
import QuernGraph
import QuernRandom

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// (1/ℓ) Σ L(yᵢ, a(xᵢ)) → min: the lecture's mean loss, over a small sample that a seed decides.
///
/// Each kind has training examples, few, and validation examples, many, drawn alike: how well the
/// parameters do on the latter first falls with the training loss, and later need not.
public struct MeanLoss: DescentObjective {
  public enum Kind: String, Hashable, Sendable, CaseIterable, Codable {
    /// Least squares: a(x) = w₁x + w₂ and L = (a − y)². The examples are x even in −1 … 1 and
    /// y = 2x − 1 with normal noise of deviation 0.7.
    case squares
    /// Logistic regression: a(x) = w₁x₁ + w₂x₂ and L = log(1 + exp(−ya)), y = ±1. Each class is
    /// normal about (y, y/2) with deviation 1.
    case logistic
  }

  public let kind: Kind
  public let seed: UInt64
  /// ℓ.
  public let count: Int
  public let validationCount: Int
  public let data: [DescentData]

  /// - Throws: `QuernError` where there are fewer than 2 examples or very many.
  public init(
    _ kind: Kind = .squares, seed: UInt64 = 1, count: Int = 20, validationCount: Int = 200
  ) throws(QuernError) {
    for (what, count) in [("examples", count), ("validation examples", validationCount)] {
      guard 2...100_000 ~= count else {
        throw QuernError(what, "\(count) found", remedy: "give a number from 2 to 100000")
      }
    }
    self.kind = kind
    self.seed = seed
    self.count = count
    self.validationCount = validationCount
    var draw = Draw(generator: SeededGenerator(seed: seed))
    data = [(DescentSample.training, count), (.validation, validationCount)].flatMap {
      sample, count in
      Self.examples(kind, count, &draw).map {
        DescentData(name: "\(sample.rawValue)/\($0)", values: $1)
      }
    }
  }

  public var name: String { "mean-loss" }
  public var formula: String {
    switch kind {
    case .squares: "Q(w) = (1/\(count)) Σ (w₁xᵢ + w₂ − yᵢ)²"
    case .logistic: "Q(w) = (1/\(count)) Σ log(1 + exp(−yᵢ(w₁xᵢ₁ + w₂xᵢ₂)))"
    }
  }
  public var start: [Double] { kind == .squares ? [-1, 1.5] : [-1, 2] }
  public var learningRate: Double { kind == .squares ? 0.2 : 0.5 }
  public var hasValidation: Bool { true }

  /// The solution of the normal equations; there is none in closed form for logistic regression.
  public var minimum: [Double]? {
    guard kind == .squares else { return nil }
    let x = data[0].values.map(Double.init)
    let y = data[1].values.map(Double.init)
    let (meanX, meanY) = (x.reduce(0, +) / Double(count), y.reduce(0, +) / Double(count))
    let covariance = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
    let variance = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    guard variance > 0 else { return nil }
    return [covariance / variance, meanY - covariance / variance * meanX]
  }

  public func value(
    _ first: Tensor, _ second: Tensor, of sample: DescentSample, in builder: GraphBuilder
  ) throws(QuernError) -> Tensor {
    var inputs: [Tensor] = []
    for entry in data where entry.name.hasPrefix(sample.rawValue + "/") {
      inputs.append(try builder.input(entry.name, [1, entry.values.count]))
    }
    let losses: Tensor
    switch kind {
    case .squares:
      let error = try first * inputs[0] + second - inputs[1]
      losses = try error * error
    case .logistic:
      let margin = try (first * inputs[0] + second * inputs[1]) * inputs[2]
      // log(1 + e⁻ᵐ) without overflow: max(−m, 0) + log(1 + e^−|m|).
      losses = try (-margin).maximum(margin.scalar(0)) + ((-margin.absolute()).exp() + 1).log()
    }
    return try losses.mean(over: [1]).reshaped([first.shape[0], 1])
  }

  /// Columns of the examples, with names.
  private static func examples(
    _ kind: Kind, _ count: Int, _ draw: inout Draw
  ) -> [(String, [Float])] {
    switch kind {
    case .squares:
      let x = (0..<count).map { _ in Float(2 * draw.uniform() - 1) }
      let y = x.map { 2 * $0 - 1 + 0.7 * Float(draw.normal()) }
      return [("x", x), ("y", y)]
    case .logistic:
      let y = (0..<count).map { Float($0 % 2 == 0 ? 1 : -1) }
      let x1 = y.map { $0 + Float(draw.normal()) }
      let x2 = y.map { $0 / 2 + Float(draw.normal()) }
      return [("x1", x1), ("x2", x2), ("y", y)]
    }
  }
}

/// Numbers from a generator.
private struct Draw {
  var generator: SeededGenerator

  /// Even in [0, 1).
  mutating func uniform() -> Double { Double(generator.next() >> 11) * 0x1p-53 }

  /// Of mean 0 and deviation 1, after G. E. P. Box and M. E. Muller (1958).
  mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }
}
