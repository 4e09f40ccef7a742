import QuernErrors
import QuernGraph

/// A function Q of two parameters, written as a graph: something to descend on, and to draw.
public protocol DescentObjective: Sendable {
  /// What the command calls it.
  var name: String { get }
  /// What it is, with its numbers: `Q(w) = …`.
  var formula: String { get }
  /// Of the two parameters: `w₁`.
  var parameterNames: [String] { get }
  /// Where descent begins unless told otherwise.
  var start: [Double] { get }
  /// An η with which descent comes to the minimum.
  var learningRate: Double { get }
  /// Where the minimum is; nil where there is no formula for it.
  var minimum: [Double]? { get }
  /// The examples Q is a mean over, by the names of the inputs ``value(_:_:of:in:)`` declares.
  var data: [DescentData] { get }
  /// Whether there are examples for validation.
  var hasValidation: Bool { get }

  /// Q at N points.
  ///
  /// - Parameters:
  ///   - first: the first parameter of each point, (N, 1).
  ///   - second: the second, (N, 1).
  ///   - sample: over which examples, where Q is a mean over some.
  ///   - builder: where ``data`` are declared as inputs.
  /// - Returns: (N, 1).
  func value(
    _ first: Tensor, _ second: Tensor, of sample: DescentSample, in builder: GraphBuilder
  ) throws(QuernError) -> Tensor
}

extension DescentObjective {
  public var parameterNames: [String] { ["w₁", "w₂"] }
  public var data: [DescentData] { [] }
  public var hasValidation: Bool { false }
}

/// Which examples a mean is taken over.
public enum DescentSample: String, Hashable, Sendable, CaseIterable {
  /// Those that decide the gradient.
  case training
  /// Those that tell when to stop.
  case validation
}

/// Examples as a graph's input: one number of each of ℓ examples, (1, ℓ).
public struct DescentData: Hashable, Sendable {
  public var name: String
  public var values: [Float]
}

/// ½(λ₁(w₁ − m₁)² + λ₂(w₂ − m₂)²) with λ₁ = 1 and λ₂ the condition number: a valley along w₁, the
/// narrower the worse its condition.
///
/// Descent converges for η < 2/λ₂, fastest for η = 2/(λ₁ + λ₂); then each step takes away all but
/// (κ − 1)/(κ + 1) of the distance.
public struct QuadraticBowl: DescentObjective {
  /// κ = λ₂/λ₁, at least 1.
  public let condition: Double
  /// m.
  public let center: [Double]

  /// - Throws: `QuernError` where the condition is below 1 or not finite.
  public init(condition: Double = 10, center: (Double, Double) = (1, -0.5)) throws(QuernError) {
    guard condition >= 1, condition <= 1e6 else {
      throw QuernError(
        "condition", "\(condition) found", remedy: "give a number from 1, a round bowl, to 1e6")
    }
    self.condition = condition
    self.center = [center.0, center.1]
  }

  public var name: String { "bowl" }
  public var formula: String {
    "Q(w) = ½((w₁ − \(Self.text(center[0])))² + \(Self.text(condition))·(w₂ + "
      + "\(Self.text(-center[1])))²)"
  }
  public var start: [Double] { [-2, 1] }
  /// 1.6/(1 + κ), a little below the fastest, to two significant digits.
  public var learningRate: Double {
    let rate = 1.6 / (1 + condition)
    var scale = 10.0
    while rate * scale < 10 { scale *= 10 }
    return (rate * scale).rounded() / scale
  }
  public var minimum: [Double]? { center }

  public func value(
    _ first: Tensor, _ second: Tensor, of sample: DescentSample, in builder: GraphBuilder
  ) throws(QuernError) -> Tensor {
    let (x, y) = (try first - center[0], try second - center[1])
    return try (x * x + y * y * condition) * 0.5
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
  }
}

/// (1 − w₁)² + 100(w₂ − w₁²)²: a curved valley with an almost level floor (H. H. Rosenbrock, "An
/// Automatic Method for Finding the Greatest or Least Value of a Function", 1960).
public struct Rosenbrock: DescentObjective {
  public init() {}

  public var name: String { "rosenbrock" }
  public var formula: String { "Q(w) = (1 − w₁)² + 100(w₂ − w₁²)²" }
  public var start: [Double] { [-1.2, 1] }
  public var learningRate: Double { 0.001 }
  public var minimum: [Double]? { [1, 1] }

  public func value(
    _ first: Tensor, _ second: Tensor, of sample: DescentSample, in builder: GraphBuilder
  ) throws(QuernError) -> Tensor {
    let across = try 1 - first
    let above = try second - first * first
    return try across * across + above * above * 100
  }
}
