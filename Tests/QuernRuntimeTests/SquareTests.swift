import QuernCodegen
import QuernGraph
import QuernMachine
import QuernRuntime
import QuernVectors
import Testing

/// Elementwise work on transposed operands: squares of lanes × lanes elements are transposed in registers.
@Suite struct SquareTests {
  private func code(_ graph: Graph, _ target: Target = .avx2) throws -> String {
    try CompiledGraph.plan(graph, CompileOptions(target: target, threads: 1)).code.source
  }

  private func transposed(_ rows: Int, _ columns: Int) throws -> Graph {
    let b = GraphBuilder()
    try b.output("y", try b.input("x", [rows, columns]).transposed([1, 0]))
    return b.graph
  }

  @Test("What lanes read apart and rows side by side is read by rows")
  func readsRows() throws {
    // Three squares of seven rows.
    let code = try code(transposed(24, 21))
    #expect(!code.contains("union quern_lanes lanes"), "\(code.suffix(3000))")
    #expect(code.components(separatedBy: "_mm256_unpacklo_ps").count > 4)
  }

  @Test(
    "Squares, and what is left of rows and lanes, are transposed",
    arguments: [4, 7, 8, 9, 16, 17, 31, 40], [4, 5, 8, 15, 16, 33])
  func agrees(rows: Int, columns: Int) throws {
    try expectAgreement(transposed(rows, columns))
  }

  @Test("Several operands, other axes and values on the way")
  func fused() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [3, 19, 21])
    let y = try b.input("y", [3, 19, 21])
    let bias = try b.input("bias", [19])
    let w = try b.input("w", [3, 21, 19], role: .parameter)
    let sum =
      try x.transposed([0, 2, 1]) * y.transposed([0, 2, 1]) + bias.broadcast(to: [3, 21, 19])
    try b.output("z", sum.maximum(b.constant(0, [3, 21, 19])))
    try b.update(w, to: w - sum)
    try expectAgreement(b.graph, steps: 2)
  }

  @Test("A filter turned for the gradient by its picture, and axes back to front")
  func filters() throws {
    let b = GraphBuilder()
    let w = try b.input("w", [3, 3, 20, 37])
    try b.output("turned", try w.transposed([0, 1, 3, 2]))
    try b.output("flat", try w.reshaped([9, 20 * 37]).transposed([1, 0]))
    try b.output("outside in", try w.transposed([3, 2, 1, 0]))
    try expectAgreement(b.graph)
  }
}
