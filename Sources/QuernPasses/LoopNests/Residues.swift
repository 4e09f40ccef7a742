import QuernErrors
import QuernGraph

/// A nest before its reads are traced to memory: nodes at maps that may still divide.
struct SymbolicNest {
  struct Factor {
    var operand: NodeID
    var map: [AffineExpression]
    var match: AffineExpression?
  }

  var axes: [Axis]
  var outputRank: Int
  var reduction: NestReduction
  var factors: [Factor]
  var position: AffineExpression
  /// Where the nest's output positions lie among all positions of the kernel's domain.
  var domain: [AffineExpression]

  var extents: [Int] { axes.map(\.extent) }
}

extension SymbolicNest {
  /// Cuts the nest into residue classes, until no index divides any more.
  ///
  /// The input gradient of a convolution with stride s reads its output's gradient at
  /// (y + p − i)/s: for each residue of y modulo s only every s-th filter row takes part, and for
  /// those the index is affine again.
  func splitIntoResidues(of subject: String) throws(QuernError) -> [SymbolicNest] {
    let expressions = factors.flatMap { $0.map + ($0.match.map { [$0] } ?? []) }
    guard let divided = expressions.first(where: { $0.divisor > 1 }) else { return [self] }
    let loose = divided.terms.filter { $0.coefficient % divided.divisor != 0 }
    if let term = loose.first(where: { $0.axis < outputRank }) {
      var nests: [SymbolicNest] = []
      let classes = Self.classes(term.coefficient, divided.divisor)
      for residue in 0..<min(classes, axes[term.axis].extent) {
        let part = every(classes, of: term.axis, from: residue)
        nests += try part.splitIntoResidues(of: subject)
      }
      return nests
    }
    guard loose.count <= 1 else {
      throw QuernError(
        subject, "an index divides a sum of several reduction axes",
        remedy: "use strides and dilations that have a common divisor, or the interpreter")
    }
    guard let term = loose.first else { return [zero] }
    let classes = Self.classes(term.coefficient, divided.divisor)
    let start = (0..<classes).first {
      (term.coefficient * $0 + divided.offset) % divided.divisor == 0
    }
    guard let start, start < axes[term.axis].extent else { return [zero] }
    return try every(classes, of: term.axis, from: start).splitIntoResidues(of: subject)
  }

  /// How many residue classes an axis falls into.
  private static func classes(_ coefficient: Int, _ divisor: Int) -> Int {
    var (a, b) = (abs(coefficient), divisor)
    while b != 0 { (a, b) = (b, a % b) }
    return divisor / a
  }

  /// The same positions with nothing to add up.
  private var zero: SymbolicNest {
    var nest = self
    nest.axes = Array(axes[..<outputRank])
    nest.reduction = .none
    nest.factors = []
    return nest
  }

  /// Only every `step`-th position of an axis.
  private func every(_ step: Int, of axis: Int, from start: Int) -> SymbolicNest {
    positions((axes[axis].extent - start + step - 1) / step, of: axis, from: start, step: step)
  }

  /// Only so many positions of an axis, `step` apart.
  func positions(_ count: Int, of axis: Int, from start: Int, step: Int = 1) -> SymbolicNest {
    var nest = self
    nest.axes[axis].extent = count
    let replacement = [axis: AffineExpression.axis(axis, times: step, plus: start)]
    nest.position = position.substituting(replacement)
    nest.domain = domain.map { $0.substituting(replacement) }
    for index in nest.factors.indices {
      nest.factors[index].map = factors[index].map.map { $0.substituting(replacement) }
      nest.factors[index].match = factors[index].match?.substituting(replacement)
    }
    return nest
  }
}
