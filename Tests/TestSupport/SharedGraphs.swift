import QuernGraph

// Graphs that several suites ask different things about: how they are cut, what they compute.

/// x (rows, inner) times w (inner, columns).
package func product(
  _ rows: Int, _ inner: Int, _ columns: Int, role: Input.Role = .data
) throws -> Graph {
  let b = GraphBuilder()
  let x = try b.input("x", [rows, inner])
  let w = try b.input("w", [inner, columns], role: role)
  try b.output("y", try x.matrixProduct(w))
  return b.graph
}

/// x (rows, inner) times the transposed of w (columns, inner).
package func transposedProduct(_ rows: Int, _ inner: Int, _ columns: Int) throws -> Graph {
  let b = GraphBuilder()
  let x = try b.input("x", [rows, inner])
  let w = try b.input("w", [columns, inner])
  try b.output("y", try x.matrixProduct(w.transposed([1, 0])))
  return b.graph
}

/// A product of channels that lie apart in both operands: the sum's neighbours do not lie side by side
/// anywhere.
package func productOfLanesApart() throws -> Graph {
  let b = GraphBuilder()
  let x = try b.input("x", [40, 3])
  let w = try b.input("w", [20, 40, 2])
  let column = try w.sliced(from: [0, 0, 1], to: [20, 40, 2]).reshaped([20, 40])
  try b.output("y", try x.transposed([1, 0]).matrixProduct(column.transposed([1, 0])))
  return b.graph
}

/// A row of w for each label, as a sum that is worked off in blocks: each must know which block it is.
package func matchInBlocks() throws -> Graph {
  let b = GraphBuilder()
  let labels = try b.input("labels", [16], .int32)
  let w = try b.input("w", [320, 9, 64], role: .parameter)
  let axes = [Axis("n", 16), Axis("t", 64), Axis("a", 320), Axis("k", 8)]
  let position = AffineExpression([(2, 8), (3, 1)])
  let pick = Contraction(
    axes: axes, outputRank: 2,
    factors: [
      .init([.axis(2), .axis(3, plus: 1), .axis(1)]), .init([.axis(0)], match: position),
    ])
  try b.output("y", b.contraction(pick, [w, labels]))
  return b.graph
}
