import QuernGraph
import QuernInterpreter
import Testing

/// What a contraction means, written without any of the interpreter's shortcuts.
func reference(
  _ contraction: Contraction, _ operands: [(shape: Shape, values: [Double])]
) -> [Double] {
  let output = contraction.outputShape
  var result = [Double](repeating: 0, count: output.elementCount)
  let all = Shape(contraction.extents)
  for number in 0..<all.elementCount {
    let axes = zip(all.strides, all.extents).map { number / $0 % $1 }
    var term = 1.0
    for (factor, operand) in zip(contraction.factors, operands) {
      var place: Int? = 0
      for (dimension, expression) in factor.map.enumerated() {
        guard let index = expression(axes), (0..<operand.shape[dimension]).contains(index),
          let so = place
        else {
          place = nil
          break
        }
        place = so + index * operand.shape.strides[dimension]
      }
      let value = place.map { operand.values[$0] } ?? 0
      if let match = factor.match {
        if place == nil || match(axes).map(Double.init) != value { term = 0 }
      } else {
        term *= value
      }
    }
    var place = 0
    for (axis, stride) in zip(axes, output.strides) { place += axis * stride }
    result[place] += term
  }
  return result
}

/// A small deterministic value for an element: distinct signs and magnitudes, exact in `Float`.
func sample(_ index: Int, _ salt: Int) -> Double {
  let mixed: Int = index * 37 + salt * 11 + (index * index) % 7
  return Double(mixed % 19 - 9) / 4
}

/// Runs one contraction in both precisions and compares with the definition.
func check(
  _ contraction: Contraction, _ shapes: [Shape], integers: [[Int32]?] = [nil, nil],
  mayBeZero: Bool = false,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let builder = GraphBuilder()
  let operands = try shapes.enumerated().map { number, shape in
    try builder.input("x\(number)", shape, integers[number] == nil ? .float32 : .int32)
  }
  try builder.output("y", try builder.contraction(contraction, operands))
  let values = shapes.enumerated().map { number, shape -> [Double] in
    if let own = integers[number] { return own.map { Double($0) } }
    return (0..<shape.elementCount).map { sample($0, number) }
  }
  let expected = reference(contraction, Array(zip(shapes, values)))
  #expect(mayBeZero || expected.contains { $0 != 0 }, sourceLocation: sourceLocation)
  let double = try Interpreter<Double>(builder.graph)
  let float = try Interpreter<Float>(builder.graph)
  for (number, value) in values.enumerated() {
    try double.setValues("x\(number)", value)
    try float.setValues("x\(number)", value.map { Float($0) })
  }
  try double.run()
  try float.run()
  #expect(try double.values("y") == expected, sourceLocation: sourceLocation)
  #expect(try float.values("y") == expected.map { Float($0) }, sourceLocation: sourceLocation)
}

@Suite struct ContractionTests {
  @Test("The lecture's worked convolutions give 2, 1, 0, 6, 10")
  func lecture() throws {
    let builder = GraphBuilder()
    let pictures = try builder.input("pictures", [5, 2, 2, 1])
    let filter = try builder.input("filter", [2, 2, 1, 1])
    try builder.output("y", pictures.convolution(filter, WindowGeometry(kernel: [2, 2])))
    let interpreter = try Interpreter<Float>(builder.graph)
    try interpreter.setValues(
      "pictures", [1, 1, 1, 1] + [1, 2, 3, 0] + [0, 2, 3, 0] + [3, 0, 0, 3] + [5, 0, 0, 5])
    try interpreter.setValues("filter", [1, 0, 0, 1])
    try interpreter.run()
    #expect(try interpreter.floats("y") == [2, 1, 0, 6, 10])
  }

  @Test func matrixProduct() throws {
    let builder = GraphBuilder()
    let a = try builder.input("a", [2, 3])
    let b = try builder.input("b", [3, 2])
    try builder.output("y", a.matrixProduct(b))
    let interpreter = try Interpreter<Double>(builder.graph)
    try interpreter.setValues("a", [1, 2, 3, 4, 5, 6])
    try interpreter.setValues("b", [7, 8, 9, 10, 11, 12])
    try interpreter.run()
    #expect(try interpreter.values("y") == [58, 64, 139, 154])
  }

  @Test("Padding, stride and dilation", arguments: 1...3, 1...2)
  func convolution(stride: Int, dilation: Int) throws {
    for padding in 0...3 {
      let reach = dilation * 2 + 1
      let outputs = (7 + 2 * padding - reach) / stride + 1
      let axes = [
        Axis("n", 2), Axis("y", outputs), Axis("x", 4), Axis("t", 3), Axis("i", 3), Axis("c", 2),
      ]
      let row = AffineExpression([(1, stride), (4, dilation)], offset: -padding)
      try check(
        Contraction(
          axes: axes, outputRank: 4,
          factors: [
            .init([.axis(0), row, .axis(2), .axis(5)]), .init([.axis(4), .axis(5), .axis(3)]),
          ]), [[2, 7, 4, 2], [3, 2, 3]])
    }
  }

  @Test("Reads at quotients skip what does not divide", arguments: 1...4, 0...2)
  func divisor(stride: Int, padding: Int) throws {
    // The gradient of a strided convolution by its input: g[(a + p − i) / s] · w[i].
    let index = AffineExpression([(0, 1), (2, -1)], offset: padding, divisor: stride)
    let filter = Contraction.Factor([.axis(2), .axis(1)])
    try check(
      Contraction(
        axes: [Axis("a", 9), Axis("c", 2), Axis("i", 3)], outputRank: 2,
        factors: [.init([index, .axis(1)]), filter]), [[5, 2], [3, 2]])
    // The quotient's innermost axis is an output axis, and two quotients meet on one axis.
    let other = AffineExpression([(0, 2)], offset: 1, divisor: 3)
    try check(
      Contraction(
        axes: [Axis("a", 13), Axis("c", 2)], outputRank: 1,
        factors: [
          .init([AffineExpression([(0, 1)], offset: padding, divisor: stride), .axis(1)]),
          .init([other]),
        ]), [[5, 2], [9]], mayBeZero: stride == 3 && padding < 2)
    // A constant that does, or does not, divide.
    try check(
      Contraction(
        axes: [Axis("a", 3)], outputRank: 0,
        factors: [.init([.axis(0), AffineExpression([], offset: 4, divisor: 2)])]), [[3, 3]])
  }

  @Test func readsOutsideAndReversed() throws {
    try check(
      Contraction(axes: [Axis("a", 9)], outputRank: 1, factors: [.init([.axis(0, plus: -2)])]),
      [[5]])
    try check(
      Contraction(
        axes: [Axis("a", 6)], outputRank: 1,
        factors: [.init([AffineExpression([(0, -2)], offset: 7)])]), [[5]])
    try check(
      Contraction(
        axes: [Axis("a", 3), Axis("b", 4), Axis("k", 5)], outputRank: 2,
        factors: [
          .init([AffineExpression([(0, 1), (1, -1), (2, 2)], offset: -1)]), .init([.axis(2)]),
        ]), [[6], [5]])
  }

  @Test func reductionAxisThatNoFactorReads() throws {
    try check(
      Contraction(
        axes: [Axis("a", 3), Axis("k", 4)], outputRank: 1, factors: [.init([.axis(0)])]), [[3]])
  }

  @Test func matches() throws {
    let labels: [Int32] = [2, 0, 3]
    let match = Contraction.Factor([.axis(0)], match: .axis(1))
    // One-hot rows, a value picked from each row, and rows scattered: in every order of factors.
    try check(
      Contraction(axes: [Axis("n", 3), Axis("t", 4)], outputRank: 2, factors: [match]), [[3]],
      integers: [labels])
    try check(
      Contraction(
        axes: [Axis("n", 3), Axis("t", 4)], outputRank: 1,
        factors: [match, .init([.axis(0), .axis(1)])]), [[3], [3, 4]], integers: [labels, nil])
    try check(
      Contraction(
        axes: [Axis("n", 3), Axis("t", 4)], outputRank: 1,
        factors: [.init([.axis(0), .axis(1)]), match]), [[3, 4], [3]], integers: [nil, labels])
    try check(
      Contraction(
        axes: [Axis("n", 3), Axis("t", 4)], outputRank: 0,
        factors: [match, .init([.axis(0)], match: .axis(1, plus: 1))]), [[3], [3]],
      integers: [labels, [3, 1, 2]])
    // A matched quotient that does not exist matches nothing.
    try check(
      Contraction(
        axes: [Axis("n", 3), Axis("t", 9)], outputRank: 2,
        factors: [.init([.axis(0)], match: AffineExpression([(1, 1)], offset: -1, divisor: 2))]),
      [[3]], integers: [labels])
  }

  @Test func groups() throws {
    let builder = GraphBuilder()
    let pictures = try builder.input("pictures", [1, 1, 2, 4])
    let filters = try builder.input("filters", [1, 1, 2, 2])
    try builder.output(
      "y", pictures.convolution(filters, WindowGeometry(kernel: [1, 1]), groups: 2))
    let interpreter = try Interpreter<Float>(builder.graph)
    try interpreter.setValues("pictures", [1, 2, 3, 4, 5, 6, 7, 8])
    try interpreter.setValues("filters", [10, 1, 100, 2])
    try interpreter.run()
    // Group 0 sees channels 0 and 1 through (10, 100), group 1 channels 2 and 3 through (1, 2).
    #expect(try interpreter.floats("y") == [210, 11, 650, 23])
  }

  @Test func movementOfIntegersAndBytes() throws {
    let builder = GraphBuilder()
    let integers = try builder.input("i", [2, 2], .int32)
    let bytes = try builder.input("b", [2], .uint8)
    try builder.output("transposed", integers.transposed([1, 0]))
    try builder.output("padded", bytes.padded(before: [1], after: [2]))
    let interpreter = try Interpreter<Float>(builder.graph)
    try interpreter.write("i", [1, 2, 3, 4] as [Int32])
    try interpreter.setValues("b", [7, 255])
    try interpreter.run()
    #expect(try interpreter.integers("transposed") == [1, 3, 2, 4])
    #expect(try interpreter.values("padded") == [0, 7, 255, 0, 0])
  }
}
