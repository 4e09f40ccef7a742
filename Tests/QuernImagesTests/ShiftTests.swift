import QuernErrors
import QuernGraph
import QuernImages
import QuernRandom
import QuernRuntime
import Testing

/// The lecture's "a convolution is invariant to shifts", through compiled kernels.
@Suite struct ShiftTests {
  private let height = 23
  private let width = 29

  private func random(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
  }

  /// conv(shift(x)) = shift(conv(x)), bit by bit, wherever the window saw no border in either.
  @Test(arguments: [(0, 1), (0, -5), (3, 0), (-2, 4), (6, 6)])
  func convolutionIsEquivariant(_ rows: Int, _ columns: Int) throws {
    let picture = random(height * width, seed: 1)
    let moved = Shift.moved(picture, height: height, width: width, rows: rows, columns: columns)
    let step = try ShiftStep(count: 2, picture: (height, width), filter: (5, 3))
    for options in [CompileOptions(), CompileOptions(target: .portable, threads: 2)] {
      let executable = try GraphInstance(step.graph, options)
      try executable.write(ShiftStep.picturesName, picture + moved)
      try executable.write(ShiftStep.neuronName, random(height * width, seed: 2))
      try executable.write(ShiftStep.filterName, random(15, seed: 3))
      executable.run()
      let response = try executable.floats(ShiftStep.responseName)
      let (y, x) = step.places
      #expect([y, x] == [19, 27] && response.count == 2 * y * x)
      var compared = 0
      for row in max(rows, 0)..<min(y, y + rows) {
        for column in max(columns, 0)..<min(x, x + columns) {
          let after = response[y * x + row * x + column]
          #expect(after == response[(row - rows) * x + column - columns])
          compared += 1
        }
      }
      #expect(compared == (y - abs(rows)) * (x - abs(columns)))
      // The fully connected neuron has no such property.
      let activation = try executable.floats(ShiftStep.activationName)
      #expect(activation[0] != activation[1])
    }
  }

  /// A cross in a frame that it never leaves.
  @Test func aPatternIsFoundWhereItIs() throws {
    var picture = [Float](repeating: 0, count: 15 * 15)
    for step in -1...1 {
      picture[(7 + step) * 15 + 7] = 1
      picture[7 * 15 + 7 + step] = 1
    }
    let pattern = try ShiftPattern(in: picture, height: 15, width: 15)
    #expect([pattern.row, pattern.column, pattern.height, pattern.width] == [6, 6, 3, 3])
    #expect(abs(pattern.weights.reduce(0, +)) < 1e-6)
    let shifts = Array(-5...5)
    let step = try ShiftStep(count: shifts.count, picture: (15, 15), filter: (3, 3))
    let executable = try GraphInstance(step.graph)
    try executable.write(
      ShiftStep.picturesName,
      shifts.flatMap {
        Shift.moved(picture, height: 15, width: 15, rows: $0, columns: -$0)
      })
    try executable.write(ShiftStep.neuronName, pattern.neuron(height: 15, width: 15))
    try executable.write(ShiftStep.filterName, pattern.weights)
    executable.run()
    let maximum = try executable.floats(ShiftStep.maximumName)
    #expect(maximum.allSatisfy { abs($0 - 1) < 1e-6 })
    #expect(Set(maximum).count == 1)
    let positions = try executable.integers(ShiftStep.positionName).map { Int($0) }
    #expect(positions == shifts.map { (6 + $0) * step.places.width + 6 - $0 })
    let activation = try executable.floats(ShiftStep.activationName)
    #expect(abs(activation[5] - 1) < 1e-6)
    for (shift, value) in zip(shifts, activation) where abs(shift) > 2 { #expect(value == 0) }
    #expect(activation[4] < 0.5 && activation[6] < 0.5)
  }

  @Test func movingPictures() {
    let picture: [Float] = [1, 2, 3, 4, 5, 6]
    #expect(
      Shift.moved(picture, height: 2, width: 3, rows: 1, columns: -1, background: 9)
        == [9, 9, 9, 2, 3, 9])
    #expect(
      Shift.moved(picture, height: 1, width: 3, channels: 2, rows: 0, columns: 1)
        == [0, 0, 1, 2, 3, 4])
    #expect(Shift.moved(picture, height: 2, width: 3, rows: 5, columns: 0).allSatisfy { $0 == 0 })
  }

  @Test func nothingToLookFor() {
    #expect(throws: QuernError.self) {
      try ShiftPattern(in: [0, 0, 0, 0], height: 2, width: 2)
    }
    #expect(throws: QuernError.self) { try ShiftPattern(in: [0, 1, 0, 0], height: 2, width: 2) }
    #expect(throws: QuernError.self) { try ShiftPattern(in: [1], height: 2, width: 2) }
    #expect(throws: QuernError.self) {
      try ShiftStep(count: 1, picture: (3, 3), filter: (4, 1))
    }
    #expect(throws: QuernError.self) {
      try ShiftStep(count: 0, picture: (3, 3), filter: (1, 1))
    }
  }
}
