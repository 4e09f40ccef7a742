import QuernGraph
import Testing

/// Products with a matrix that is read along its rows, as the gradient by a dense layer's input reads its
/// weights: lanes run along the sums, or panels are packed.
@Suite struct SumLanesTests {
  /// x (rows, inner) times the transposed of w (columns, inner).
  private func product(_ rows: Int, _ inner: Int, _ columns: Int) throws -> Graph {
    let b = GraphBuilder()
    let x = try b.input("x", [rows, inner])
    let w = try b.input("w", [columns, inner])
    try b.output("y", try x.matrixProduct(w.transposed([1, 0])))
    return b.graph
  }

  @Test(
    "Whichever way, sums are right",
    arguments: [1, 2, 3, 4, 5, 6, 7, 8, 11, 13], [3, 31, 64, 101, 200])
  func agrees(rows: Int, inner: Int) throws {
    try expectAgreement(product(rows, inner, 37))
  }

  @Test("Lanes that lie apart in both ways")
  func apart() throws {
    // Channels lie apart in both operands: the sum's neighbours do not lie side by side anywhere.
    let b = GraphBuilder()
    let x = try b.input("x", [40, 3])
    let w = try b.input("w", [20, 40, 2])
    let column = try w.sliced(from: [0, 0, 1], to: [20, 40, 2]).reshaped([20, 40])
    try b.output("y", try x.transposed([1, 0]).matrixProduct(column.transposed([1, 0])))
    try expectAgreement(b.graph)
  }
}
