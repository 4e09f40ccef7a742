import QuernErrors
import QuernGraph
import QuernMachine
import QuernPasses
import QuernRuntime
import QuernVectors
import Testing

/// Graphs that layers do not make, but that people may.
@Suite struct CornerTests {
  /// Compiled for every target there is, run once on one and two threads, handed to `check`.
  private func run(
    _ b: GraphBuilder, _ write: (GraphInstance) throws -> Void,
    _ check: (GraphInstance, Target) throws -> Void
  ) throws {
    for target in Target.all where target.isSupported {
      for threads in [1, 2] {
        let instance = try GraphInstance(b.graph, CompileOptions(target: target, threads: threads))
        try write(instance)
        instance.run()
        try check(instance, target)
      }
    }
  }

  @Test("A tensor may be called as a loop's pointer would be", arguments: [33, 64, 100])
  func tensorsCalledLikePointers(_ rows: Int) throws {
    let b = GraphBuilder()
    let x = try b.input("x", [rows, 37])
    let w = try b.input("x_c", [37, 50])
    try b.output("y", x.matrixProduct(w))
    let v = try b.input("x_c_c", [50, 20])
    try b.output("z", x.matrixProduct(w).matrixProduct(v))
    try expectAgreement(b.graph)
  }

  @Test(
    "Axes may have any names",
    arguments: [
      ["share", "t", "c"], ["p_x", "p_w", "tile"], ["int", "for", "long"], ["1", "x y", ""],
      ["ü", "v1", "t2"], ["m", "l", "end"], ["a", "a", "a"], ["x_tile", "x", "x_row"],
      ["index0", "lanes0", "position"],
    ])
  func axesOfAnyName(_ names: [String]) throws {
    let b = GraphBuilder()
    let x = try b.input("x", [33, 37])
    let w = try b.input("w", [37, 50])
    let y = try b.contraction(
      Contraction(
        axes: [Axis(names[0], 33), Axis(names[1], 50), Axis(names[2], 37)], outputRank: 2,
        factors: [.init([.axis(0), .axis(2)]), .init([.axis(2), .axis(1)])]), [x, w])
    try b.output("y", y.maximum(b.constant(0)))
    try expectAgreement(b.graph, threads: [1, 2])
  }

  @Test("An update by a reshape copies the tensor where it lies")
  func updatesByReshapes() throws {
    let b = GraphBuilder()
    let a = try b.input("a", [2, 129], role: .state)
    let flat = try b.input("flat", [258], role: .state)
    try b.update(flat, to: (a + 1).reshaped([258]))
    // With zeros around it, for a convolution.
    let v = try b.input("picture", [2, 5, 5, 3]) + 1
    let list = try b.input("list", [150], role: .state)
    try b.update(list, to: v.reshaped([150]))
    let filter = try b.input("filter", [3, 3, 3, 4])
    try b.output(
      "convolved",
      v.convolution(
        filter, WindowGeometry(kernel: [3, 3], paddingBefore: [1, 1], paddingAfter: [1, 1])))
    try expectAgreement(b.graph, threads: [1, 2], steps: 2)
  }

  @Test("Labels are compared as they are, not as what a factor would be taken out of")
  func scaledLabels() throws {
    let b = GraphBuilder()
    let x = try b.input("x", [4, 8])
    let labels = try b.input("labels", [4], .int32)
    try b.output(
      "y",
      b.contraction(
        Contraction(
          axes: [Axis("n", 4), Axis("k", 8)], outputRank: 1,
          factors: [.init([.axis(0), .axis(1)]), .init([.axis(0)], match: .axis(1))]),
        [x, labels * 2]))
    try run(b) {
      try $0.write("x", (0..<32).map(Float.init))
      try $0.write("labels", [Int32](0..<4))
    } _: { instance, _ in
      let y = try instance.floats("y")
      #expect(y == [0, 10, 20, 30])
    }
  }

  @Test("Lanes that do not exist are of no class", arguments: [5, 7, 11, 13, 19, 31])
  func labelsBesideThoseThatExist(_ count: Int) throws {
    let b = GraphBuilder()
    let labels = try b.input("labels", [3, count], .int32)
    let weights = try b.input("weights", [3, count])
    let axes = [Axis("r", 3), Axis("n", count)]
    let match = Contraction.Factor([.axis(0), .axis(1)], match: .constant(0))
    try b.output(
      "count",
      b.contraction(Contraction(axes: axes, outputRank: 1, factors: [match]), [labels]))
    try b.output(
      "sum",
      b.contraction(
        Contraction(axes: axes, outputRank: 1, factors: [.init([.axis(0), .axis(1)]), match]),
        [weights, labels]))
    try expectAgreement(b.graph, threads: [1, 2])
    try run(b) {
      try $0.write("labels", [Int32](repeating: 1, count: 3 * count))
      try $0.write("weights", [Float](repeating: 1, count: 3 * count))
    } _: { instance, _ in
      let (found, sum) = (try instance.floats("count"), try instance.floats("sum"))
      #expect(found == [0, 0, 0] && sum == [0, 0, 0])
    }
  }

  @Test("NaN is the maximum wherever it stands", arguments: [8, 9, 16, 20, 40])
  func notANumberIsKept(_ count: Int) throws {
    let b = GraphBuilder()
    let x = try b.input("x", [4, count])
    try b.output("largest", x.maximum(over: [1]))
    let window = Window(
      axes: [Axis("r", 4), Axis("c", count)], outputRank: 1, map: [.axis(0), .axis(1)])
    let place = b.add(.maximumPosition(window), [x.id], TensorType(.int32, [4]))
    try b.output("place", b.tensor(place))
    for position in [0, count / 2, count - 1] {
      var values = (0..<4 * count).map { Float($0 * 7 % 5) }
      values[count + position] = .nan
      values[2 * count + position] = .nan
      values[3 * count - 1] = .nan
      for column in 0..<count { values[3 * count + column] = .nan }
      try run(b) {
        try $0.write("x", values)
      } _: { instance, target in
        let odd = try instance.floats("largest").map(\.isNaN)
        let place = try instance.integers("place")
        let due = [2, Int32(position), Int32(position), 0]
        #expect(
          odd == [false, true, true, true] && place == due, "\(position) of \(count), \(target)")
      }
    }
  }

  @Test("The place of a maximum is exact where a float would not be")
  func farPlaces() throws {
    let count = 1 << 24 + 117
    let b = GraphBuilder()
    let x = try b.input("x", [count])
    let window = Window(axes: [Axis("c", count)], outputRank: 0, map: [.axis(0)])
    try b.output("place", b.tensor(b.add(.maximumPosition(window), [x.id], TensorType(.int32, []))))
    var values = [Float](repeating: 0, count: count)
    for place in [3, 1 << 16 + 5, 1 << 24 + 3, count - 1] {
      values[place] = 1
      // A later one is not the first.
      values[count - 1] = 1
      try run(b) {
        try $0.write("x", values)
      } _: { instance, target in
        let found = try instance.integers("place")
        #expect(found == [Int32(place)], "\(target)")
      }
      values[place] = 0
    }
  }

  @Test("What only the interpreter runs is said to be so")
  func whatIsNotCompiled() throws {
    func expectRefusal(
      _ word: String, _ build: (GraphBuilder) throws -> Tensor
    ) throws {
      let b = GraphBuilder()
      try b.output("y", build(b))
      do {
        _ = try CompiledGraph(b.graph)
        Issue.record("\(word) is compiled")
      } catch let error as QuernError {
        #expect("\(error)".contains(word), "\(error)")
      }
    }
    try expectRefusal("int32") { try $0.input("x", [4, 9], .int32).maximum(over: [0]) }
    try expectRefusal("divided") { b in
      let half = AffineExpression([(axis: 0, coefficient: 1)], divisor: 2)
      let window = Window(axes: [Axis("i", 9)], outputRank: 0, map: [half])
      return b.tensor(
        b.add(.maximum(window), [try b.input("x", [5]).id], TensorType(.float32, [])))
    }
    try expectRefusal("outside") { b in
      try b.contraction(
        Contraction(
          axes: [Axis("n", 4), Axis("k", 8)], outputRank: 1,
          factors: [
            .init([.axis(0), .axis(1)]), .init([.axis(0, plus: 1)], match: .axis(1)),
          ]), [b.input("x", [4, 8]), b.input("labels", [4], .int32)])
    }
  }
}
