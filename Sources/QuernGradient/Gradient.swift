import QuernErrors
import QuernGraph

/// The gradient of a scalar by each of some tensors, as new nodes of the same graph.
///
/// Reverse mode: every node between the tensors and the output gets one adjoint, the gradient of
/// the output by it, which all its operands' partials share. So the gradient costs a small multiple
/// of the output, however many tensors it is taken by. Being an ordinary graph, it can be
/// differentiated again.
///
/// - Parameters:
///   - output: a `float32` tensor of one element: a loss.
///   - tensors: `float32` inputs or computed tensors of the same builder.
/// - Returns: for each of `tensors`, a tensor of its shape; zero where the output does not depend
///   on it.
/// - Throws: `QuernError` where `output` has several elements, or a tensor holds integers or
///   belongs to another builder.
public func gradient(
  of output: Tensor, withRespectTo tensors: [Tensor]
) throws(QuernError) -> [Tensor] {
  guard output.shape.elementCount == 1 else {
    throw QuernError(
      "gradient", "the output has shape \(output.shape)",
      remedy: "sum it to one number, or use vectorJacobianProduct with a seed of its shape")
  }
  let seed = output.builder.constant(1, output.shape)
  return try vectorJacobianProduct(of: output, seed: seed, withRespectTo: tensors)
}

/// Σ seed · ∂output/∂tensor for each of some tensors: the gradient of a tensor's weighted sum.
///
/// - Parameters:
///   - output: a `float32` tensor.
///   - seed: the weights, a `float32` tensor of the output's shape.
///   - tensors: as for ``gradient(of:withRespectTo:)``.
/// - Throws: `QuernError` as ``gradient(of:withRespectTo:)``, or where the seed has another shape.
public func vectorJacobianProduct(
  of output: Tensor, seed: Tensor, withRespectTo tensors: [Tensor]
) throws(QuernError) -> [Tensor] {
  let builder = output.builder
  guard (tensors + [seed]).allSatisfy({ $0.builder === builder }) else {
    throw QuernError(
      "gradient", "the tensors belong to several builders", remedy: "build them with one builder")
  }
  guard (tensors + [output]).allSatisfy({ $0.element == .float32 }) else {
    throw QuernError(
      "gradient", "one of the tensors holds integers", remedy: "differentiate float32 tensors only")
  }
  guard seed.type == output.type else {
    throw QuernError(
      "gradient", "the seed is \(seed.type), the output \(output.type)",
      remedy: "give the seed the output's shape")
  }
  let graph = builder.graph
  let dependent = graph.dependents(of: tensors.map(\.id))
  var adjoints: [NodeID: Tensor] = [output.id: seed]
  for index in stride(from: output.id.index, through: 0, by: -1) where dependent[index] {
    let id = NodeID(index)
    let node = graph[id]
    guard let adjoint = adjoints[id] else { continue }
    // An operand in several places gets one sum first: x · x gives twice g · x.
    var partials: [(operand: NodeID, sum: Tensor)] = []
    try builder.labelled(node.gradientLayers) { () throws(QuernError) in
      for (number, operand) in node.operands.enumerated()
      where dependent[operand.index] && node.isDifferentiable(by: number) {
        let application = RuleApplication(
          node: node, output: builder.tensor(id), operands: node.operands.map(builder.tensor),
          adjoint: adjoint, number: number)
        let partial = try application.partial()
        if let place = partials.firstIndex(where: { $0.operand == operand }) {
          partials[place].sum = try partials[place].sum + partial
        } else {
          partials.append((operand, partial))
        }
      }
      for (operand, sum) in partials {
        adjoints[operand] = if let earlier = adjoints[operand] { try earlier + sum } else { sum }
      }
    }
  }
  return tensors.map { adjoints[$0.id] ?? builder.constant(0, $0.shape) }
}

extension Graph {
  /// For each node, whether its value changes smoothly with one of the given nodes.
  fileprivate func dependents(of tensors: [NodeID]) -> [Bool] {
    var dependent = [Bool](repeating: false, count: nodes.count)
    for tensor in tensors { dependent[tensor.index] = true }
    for (index, node) in nodes.enumerated() where !dependent[index] {
      dependent[index] = node.operands.enumerated().contains { number, operand in
        dependent[operand.index] && node.isDifferentiable(by: number)
      }
    }
    return dependent
  }
}

extension Node {
  /// The stages that the node's gradient is computed for.
  fileprivate var gradientLayers: [String] {
    let gradients = origins.layers.map { "gradient of \($0)" }
    return label.isEmpty ? ["gradient"] + gradients : gradients
  }
}
