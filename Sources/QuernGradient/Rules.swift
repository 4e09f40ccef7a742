import QuernErrors
import QuernGraph

/// A node whose adjoint is known, and the operand by which it is to be differentiated.
struct RuleApplication {
  let node: Node
  let output: Tensor
  let operands: [Tensor]
  /// The gradient of the loss by the node's output, of its shape.
  let adjoint: Tensor
  /// Which operand.
  let number: Int

  var operand: Tensor { operands[number] }
  var builder: GraphBuilder { output.builder }

  /// What this use of the operand adds to the operand's adjoint; it has the operand's shape.
  func partial() throws(QuernError) -> Tensor {
    switch node.op {
    case .elementwise(let op):
      guard let partial = try elementwisePartial(op, number, adjoint, operands, output) else {
        throw missing()
      }
      return try sumOfRepeats(partial)
    case .contraction(let contraction):
      return try partial(of: contraction, operands)
    case .maximum(let window):
      return try partial(of: window)
    case .reshape:
      return try adjoint.reshaped(operand.shape)
    case .concatenate(let dimension):
      return try slice(dimension)
    case .input, .constant, .iota, .maximumPosition, .tileTransform:
      // Passes make tile transforms after the gradient has been derived.
      throw missing()
    }
  }

  private func missing() -> QuernError {
    QuernError(
      node.label.isEmpty ? node.op.name : node.label,
      "\(node.op.name) has no derivative by operand \(number)",
      remedy: "differentiate a loss that does not depend on it")
  }

  /// A maximum is the contraction that multiplies each window by the one-hot vector of its
  /// maximum's position, so its derivative is a contraction's.
  private func partial(of window: Window) throws(QuernError) -> Tensor {
    let position = builder.tensor(
      builder.add(.maximumPosition(window), [operand.id], TensorType(.int32, output.shape)))
    let plain = (0..<window.outputRank).map { AffineExpression.axis($0) }
    let selection = Contraction(
      axes: window.axes, outputRank: window.outputRank,
      factors: [.init(window.map), .init(plain, match: window.linearPosition)])
    return try partial(of: selection, [operand, position])
  }

  private func slice(_ dimension: Int) throws(QuernError) -> Tensor {
    var start = [Int](repeating: 0, count: operand.shape.rank)
    var end = operand.shape.extents
    start[dimension] = operands[..<number].reduce(0) { $0 + $1.shape[dimension] }
    end[dimension] += start[dimension]
    return try adjoint.sliced(from: start, to: end)
  }

  /// The sum over the dimensions along which the operand was repeated.
  private func sumOfRepeats(_ partial: Tensor) throws(QuernError) -> Tensor {
    let repeated = (0..<operand.shape.rank).filter {
      operand.shape[$0] == 1 && partial.shape[$0] > 1
    }
    return try partial.sum(over: repeated).reshaped(operand.shape)
  }
}

extension Node {
  /// Whether there is a derivative by this operand.
  func isDifferentiable(by number: Int) -> Bool {
    guard type.element == .float32 else { return false }
    return switch op {
    case .elementwise(let op): op.isDifferentiable(by: number)
    case .contraction(let contraction): contraction.factors[number].match == nil
    case .maximum, .reshape, .concatenate: true
    case .input, .constant, .iota, .maximumPosition, .tileTransform: false
    }
  }
}
