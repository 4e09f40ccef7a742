import QuernPasses
import Testing

/// Products with constant matrices as few additions: right, and as few as they are known to be.
@Suite struct StraightLineProgramTests {
  @Test(
    "Sums and differences of fast convolutions are shared",
    arguments: [
      (2, 3, [4, 5, 4, 6, 2]), (4, 3, [13, 9, 10, 11, 8]), (6, 3, [24, 13, 20, 16, 18]),
      (2, 5, [13, 13, 8, 15, 4]), (4, 5, [24, 19, 16, 22, 12]),
    ])
  func cookToom(_ outputs: Int, _ taps: Int, _ operations: [Int]) throws {
    let algorithm = try #require(CookToom(outputs: outputs, taps: taps))
    let matrices = [
      algorithm.inputTransform, algorithm.filterTransform, algorithm.outputTransform,
      algorithm.filterTransform.transposed, algorithm.outputTransform.transposed,
    ]
    for (matrix, count) in zip(matrices, operations) {
      try expectRight(matrix)
      #expect(operationCount(StraightLineProgram(matrix)) == count)
    }
  }

  /// n·log₂ n is what fast transforms of real numbers take, or a little less.
  @Test(
    "Fourier transforms become fast ones",
    arguments: [
      (8, [21, 19, 20]), (12, [39, 28, 39]), (16, [61, 37, 59]), (20, [89, 49, 88]),
      (24, [108, 55, 106]),
    ])
  func fourier(_ side: Int, _ operations: [Int]) throws {
    let tile = try #require(FourierTile(side: side, outputs: side, taps: 5))
    let matrices = [tile.inputTransform, tile.filterTransform, tile.outputTransform]
    for (matrix, count) in zip(matrices, operations) {
      try expectRight(matrix)
      #expect(operationCount(StraightLineProgram(matrix)) == count)
    }
    // Fewer outputs are not more work.
    let part = try #require(FourierTile(side: side, outputs: side - 4, taps: 5))
    try expectRight(part.outputTransform)
    #expect(operationCount(StraightLineProgram(part.outputTransform)) <= operations[2])
  }

  @Test(
    "Any matrix",
    arguments: [
      [[0, 0], [0, 0]], [[1]], [[-1, 0, 2]], [[3, 3, -1], [3, -3, -1], [0, 0, 0]],
      [[2, 4], [2, -4]],
      [[1, 2, 3], [1, -2, 3], [1, 2, -3], [5, 2, 3]],
    ] as [[[Double]]])
  func anyMatrix(_ matrix: [[Double]]) throws { try expectRight(matrix) }

  private func expectRight(_ matrix: [[Double]]) throws {
    let program = StraightLineProgram(matrix)
    for column in matrix[0].indices {
      var known = matrix[0].indices.map { $0 == column ? 1.0 : 0.0 }
      for step in program.steps {
        #expect(step.allSatisfy { $0.source < known.count })
        known.append(step.reduce(0) { $0 + $1.coefficient * known[$1.source] })
      }
      let results = program.results.map { $0.map { $0.coefficient * known[$0.source] } ?? 0 }
      for (result, row) in zip(results, matrix) { #expect(abs(result - row[column]) < 1e-13) }
    }
  }

  /// Additions, with a multiplication each if need be, and multiplications beside these.
  private func operationCount(_ program: StraightLineProgram) -> Int {
    program.steps.reduce(0) {
      $0 + $1.count - 1 + ($1.count == 1 || $1[0].coefficient != 1 ? 1 : 0)
    } + program.results.count { $0.map { $0.coefficient != 1 } ?? false }
  }
}
