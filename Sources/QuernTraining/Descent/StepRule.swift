import QuernErrors
import QuernGraph

/// How a step of gradient descent gets from wᵗ⁻¹ to wᵗ.
///
/// One is right. The others are the quiz of the lecture (E. Sokolov, "Deep Learning", HSE 2020,
/// lecture 2: "which of these is the formula of a step?"), as they are printed, and two more mistakes
/// of sign or place, so that what each of them does can be seen.
public enum StepRule: String, Hashable, Sendable, CaseIterable, Codable {
  /// wᵗ = wᵗ⁻¹ − η∇Q(wᵗ⁻¹): the lecture's step.
  case descent
  /// wᵗ = wᵗ⁻¹ + η∇Q(wᵗ⁻¹): the sign is wrong.
  case ascent
  /// wᵗ = wᵗ⁻¹ − η∇Q(wᵗ): a step that needs its own result; sound, but not gradient descent.
  case implicit
  /// wᵗ = wᵗ⁻¹ + η∇Q(wᵗ).
  case quiz1 = "quiz-1"
  /// wᵗ = wᵗ⁻¹ η∇Q(wᵗ⁻¹): without the minus it is a product, taken element by element.
  case quiz2 = "quiz-2"
  /// wᵗ = wᵗ⁻¹ η∇Q(wᵗ).
  case quiz3 = "quiz-3"
  /// wᵗ = wᵗ⁻¹ + η∇Q(w⁰): always in the first direction.
  case quiz4 = "quiz-4"

  /// Where the gradient is taken.
  enum Place { case before, after, start }

  var place: Place {
    switch self {
    case .descent, .ascent, .quiz2: .before
    case .implicit, .quiz1, .quiz3: .after
    case .quiz4: .start
    }
  }

  /// The formula.
  public var formula: String {
    switch self {
    case .descent: "wᵗ = wᵗ⁻¹ − η∇Q(wᵗ⁻¹)"
    case .ascent: "wᵗ = wᵗ⁻¹ + η∇Q(wᵗ⁻¹)"
    case .implicit: "wᵗ = wᵗ⁻¹ − η∇Q(wᵗ)"
    case .quiz1: "wᵗ = wᵗ⁻¹ + η∇Q(wᵗ)"
    case .quiz2: "wᵗ = wᵗ⁻¹ η∇Q(wᵗ⁻¹)"
    case .quiz3: "wᵗ = wᵗ⁻¹ η∇Q(wᵗ)"
    case .quiz4: "wᵗ = wᵗ⁻¹ + η∇Q(w⁰)"
    }
  }

  /// wᵗ as part of a graph.
  ///
  /// - Parameters:
  ///   - base: wᵗ⁻¹.
  ///   - gradient: ∇Q at the rule's ``place``, of the same shape.
  ///   - rate: η, a scalar.
  func next(base: Tensor, gradient: Tensor, rate: Tensor) throws(QuernError) -> Tensor {
    let step = try gradient * rate
    return switch self {
    case .descent, .implicit: try base - step
    case .ascent, .quiz1, .quiz4: try base + step
    case .quiz2, .quiz3: try base * step
    }
  }
}
