import Foundation
import QuernGraph
import QuernInterpreter
import QuernRandom
import Testing

/// The value of one expression of inputs `a`, `b`, `c`, in double precision.
func evaluate(
  _ inputs: [(shape: Shape, element: ElementType, values: [Double])],
  _ expression: ([Tensor]) throws -> Tensor
) throws -> [Double] {
  let builder = GraphBuilder()
  let tensors = try inputs.enumerated().map { number, input in
    try builder.input("input\(number)", input.shape, input.element)
  }
  try builder.output("result", expression(tensors))
  let interpreter = try Interpreter<Double>(builder.graph)
  for (number, input) in inputs.enumerated() {
    try interpreter.setValues("input\(number)", input.values)
  }
  try interpreter.run()
  return try interpreter.values("result")
}

private func unary(_ op: ElementwiseOp, _ values: [Double]) throws -> [Double] {
  try evaluate([([values.count], .float32, values)]) { try $0[0].apply(op) }
}

private func binary(_ op: ElementwiseOp, _ a: [Double], _ b: [Double]) throws -> [Double] {
  try evaluate([([a.count], .float32, a), ([b.count], .float32, b)]) {
    try $0[0].apply(op, $0[1])
  }
}

@Suite struct OpTests {
  @Test func functions() throws {
    #expect(try unary(.negate, [1, -2]) == [-1, 2])
    #expect(try unary(.absolute, [1, -2]) == [1, 2])
    #expect(try unary(.squareRoot, [9, 0.25]) == [3, 0.5])
    #expect(try unary(.floor, [1.5, -1.5, 2]) == [1, -2, 2])
    let known: [(ElementwiseOp, Double, Double)] = [
      (.exp, 1, 2.718281828459045), (.log, 2, 0.6931471805599453),
      (.sin, 0.5, 0.479425538604203), (.cos, 0.5, 0.8775825618903728),
      (.sin, 1e6, -0.3499935021712930), (.cos, 1e6, 0.9367521275331447),
      (.tanh, 0.5, 0.46211715726000975), (.sigmoid, 2, 0.8807970779778823),
      (.erf, 0.5, 0.5204998778130465),
    ]
    for (op, x, y) in known {
      let found = try unary(op, [x])
      #expect(abs(found[0] - y) < 1e-15, "\(op) of \(x) is \(found), not \(y)")
    }
  }

  @Test func arithmetic() throws {
    #expect(try binary(.add, [1, 2], [3, 5]) == [4, 7])
    #expect(try binary(.subtract, [1, 2], [3, 5]) == [-2, -3])
    #expect(try binary(.multiply, [1, 2], [3, 5]) == [3, 10])
    #expect(try binary(.divide, [1, 2], [4, 5]) == [0.25, 0.4])
    #expect(try binary(.less, [1, 2, 3], [2, 2, 2]) == [1, 0, 0])
    #expect(try binary(.lessOrEqual, [1, 2, 3], [2, 2, 2]) == [1, 1, 0])
    #expect(try binary(.equal, [1, 2, 3], [2, 2, 2]) == [0, 1, 0])
  }

  @Test("Not a number wins over every number")
  func extremes() throws {
    let highest = try binary(.maximum, [1, 5, .nan, 2], [3, 4, 1, .nan])
    #expect(Array(highest[..<2]) == [3, 5] && highest[2].isNaN && highest[3].isNaN)
    let lowest = try binary(.minimum, [1, 5, .nan, 2], [3, 4, 1, .nan])
    #expect(Array(lowest[..<2]) == [1, 4] && lowest[2].isNaN && lowest[3].isNaN)
  }

  @Test func broadcasting() throws {
    let matrix: [Double] = [1, 2, 3, 4, 5, 6]
    #expect(
      try evaluate([([2, 3], .float32, matrix), ([3], .float32, [10, 20, 30])]) {
        try $0[0] + $0[1]
      } == [11, 22, 33, 14, 25, 36])
    #expect(
      try evaluate([([2, 3], .float32, matrix), ([2, 1], .float32, [10, 20])]) {
        try $0[0] - $0[1]
      } == [-9, -8, -7, -16, -15, -14])
    #expect(
      try evaluate([([2, 1, 2], .float32, [1, 2, 3, 4]), ([3, 1], .float32, [10, 20, 30])]) {
        try $0[0] + $0[1]
      } == [11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34])
    #expect(
      try evaluate([([2], .float32, [0, 1]), ([2, 1], .float32, [5, 6]), ([], .float32, [9])]) {
        try $0[1].where($0[0], otherwise: $0[2])
      } == [9, 5, 9, 6])
  }

  @Test func integers() throws {
    let a: (Shape, ElementType, [Double]) = ([3], .int32, [1, -5, 2_147_483_647])
    let b: (Shape, ElementType, [Double]) = ([3], .int32, [4, -6, 1])
    #expect(try evaluate([a, b]) { try $0[0] + $0[1] } == [5, -11, -2_147_483_648])
    #expect(try evaluate([a, b]) { try $0[0] * $0[1] } == [4, 30, 2_147_483_647])
    #expect(try evaluate([a, b]) { try $0[0].maximum($0[1]) } == [4, -5, 2_147_483_647])
    #expect(try evaluate([a, b]) { try $0[0].apply(.less, $0[1]) } == [1, 0, 0])
    #expect(
      try evaluate([([4], .float32, [1.9, -1.9, .nan, 3e9])]) { try $0[0].toInt() }
        == [1, -1, -2_147_483_648, -2_147_483_648])
    #expect(
      try evaluate([([2], .uint8, [3, 255])]) { try $0[0].toFloat() * 2 } == [6, 510])
    #expect(try evaluate([([2], .uint8, [3, 255])]) { try $0[0].toInt() } == [3, 255])
  }

  @Test func counterRandom() throws {
    let drawn = try evaluate([([], .int32, [7])]) {
      try $0[0].builder.iota([1000]).apply(.uniform, $0[0])
    }
    let expected = (0..<1000).map {
      Double(CounterRandom.uniform(position: Int32($0), counter: 7))
    }
    #expect(drawn == expected)
    #expect(abs(drawn.reduce(0, +) / 1000 - 0.5) < 0.03)
  }

  @Test func movementIotaConcatenation() throws {
    let x: (Shape, ElementType, [Double]) = ([2, 3], .float32, [1, 2, 3, 4, 5, 6])
    #expect(try evaluate([x]) { try $0[0].transposed([1, 0]) } == [1, 4, 2, 5, 3, 6])
    #expect(try evaluate([x]) { try $0[0].reshaped([6]) } == [1, 2, 3, 4, 5, 6])
    #expect(
      try evaluate([x]) { try $0[0].padded(before: [0, 1], after: [1, 0]) }
        == [0, 1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0])
    #expect(try evaluate([x]) { try $0[0].sliced(from: [1, 1], to: [2, 3]) } == [5, 6])
    #expect(
      try evaluate([([2, 1], .float32, [1, 2])]) { try $0[0].broadcast(to: [2, 2]) }
        == [1, 1, 2, 2])
    #expect(
      try evaluate([x, ([2, 1], .float32, [8, 9])]) {
        try $0[0].builder.concatenate([$0[0], $0[1]], along: 1)
      } == [1, 2, 3, 8, 4, 5, 6, 9])
    #expect(try evaluate([x]) { $0[0].builder.iota([2, 2]) } == [0, 1, 2, 3])
    #expect(try evaluate([x]) { $0[0].builder.iota([2, 3], dimension: 0) } == [0, 0, 0, 1, 1, 1])
    #expect(try evaluate([x]) { $0[0].builder.iota([2, 3], dimension: 1) } == [0, 1, 2, 0, 1, 2])
  }

  @Test("Windows: ties to the first, not a number wins, padding takes no part")
  func windows() throws {
    let x: (Shape, ElementType, [Double]) = (
      [1, 4, 4, 1], .float32, [-1, -2, 3, 3, -3, -1, 3, 0, 1, 2, 5, .nan, 2, 1, 6, 4]
    )
    let two = WindowGeometry(kernel: [2, 2], strides: [2, 2])
    let highest = try evaluate([x]) { try $0[0].maximumPooling(two) }
    #expect(Array(highest[..<3]) == [-1, 3, 2] && highest[3].isNaN)
    let padded = WindowGeometry(
      kernel: [3, 3], strides: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])
    #expect(
      Array(try evaluate([x]) { try $0[0].maximumPooling(padded) }[..<3]) == [-1, 3, 2])
    let window = Window(
      axes: [Axis("y", 2), Axis("x", 2), Axis("i", 2), Axis("j", 2)], outputRank: 2,
      map: [
        .constant(0), AffineExpression([(0, 2), (2, 1)]), AffineExpression([(1, 2), (3, 1)]),
        .constant(0),
      ])
    #expect(
      try evaluate([x]) { x in
        let b = x[0].builder
        return b.tensor(b.add(.maximumPosition(window), [x[0].id], TensorType(.int32, [2, 2])))
      } == [0, 0, 1, 1])
    #expect(
      try evaluate([([2, 3], .float32, [1, 7, 7, 4, 3, 2])]) {
        try $0[0].maximumPosition(over: [1])
      } == [1, 0])
    #expect(
      try evaluate([([2, 3], .int32, [1, 7, 7, -4, -3, -2])]) { try $0[0].maximum(over: [1]) }
        == [7, -2])
  }

  @Test func averagePooling() throws {
    let x: (Shape, ElementType, [Double]) = ([1, 2, 2, 1], .float32, [4, 8, 12, 16])
    let padded = WindowGeometry(
      kernel: [2, 2], strides: [2, 2], paddingBefore: [1, 1], paddingAfter: [1, 1])
    #expect(try evaluate([x]) { try $0[0].averagePooling(padded) } == [1, 2, 3, 4])
  }
}
