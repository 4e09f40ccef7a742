import QuernGradient
import QuernGraph
import QuernInterpreter
import QuernRandom
import Testing

/// Numbers in (−1, 1) that are the same in every run, no two near each other.
struct Samples {
  private var state: UInt32

  init(seed: UInt32) { state = seed }

  mutating func next() -> Double {
    state &+= 1
    return Double(CounterRandom.hash(state)) * 0x1p-31 - 1
  }

  mutating func values(_ count: Int) -> [Double] { (0..<count).map { _ in next() } }
}

/// One function of some tensors, and how its gradient is to be checked.
struct GradientCheck {
  /// `float32` inputs the gradient is taken by.
  var shapes: [Shape]
  /// `int32` inputs.
  var integers: [(shape: Shape, values: [Double])] = []
  /// Where the inputs lie: sample · scale + shift.
  var scale = 1.0
  var shift = 0.0
  var seed: UInt32 = 1

  typealias Function = (_ floats: [Tensor], _ integers: [Tensor]) throws -> Tensor

  /// Compares the gradient of a weighted sum of the function's elements with central differences.
  func callAsFunction(
    sourceLocation: SourceLocation = #_sourceLocation, _ function: Function
  ) throws {
    try run(orders: 1, function, sourceLocation)
  }

  /// The same, and then again for a weighted sum of the gradients: second derivatives.
  func twice(
    sourceLocation: SourceLocation = #_sourceLocation, _ function: Function
  ) throws {
    try run(orders: 1, function, sourceLocation)
    try run(orders: 2, function, sourceLocation)
  }

  private func run(orders: Int, _ function: Function, _ sourceLocation: SourceLocation) throws {
    var samples = Samples(seed: seed)
    let builder = GraphBuilder()
    let floats = try shapes.enumerated().map { try builder.input("x\($0)", $1) }
    let ints = try integers.enumerated().map { try builder.input("i\($0)", $1.shape, .int32) }
    var feeds: [(String, [Double])] = shapes.enumerated().map { number, shape in
      ("x\(number)", samples.values(shape.elementCount).map { $0 * scale + shift })
    }
    for (number, integer) in integers.enumerated() { feeds.append(("i\(number)", integer.values)) }

    func weighted(_ tensor: Tensor, _ name: String) throws -> Tensor {
      let weights = try builder.input(name, tensor.shape)
      feeds.append((name, samples.values(tensor.shape.elementCount)))
      return try (tensor * weights).sum()
    }
    var loss = try weighted(function(floats, ints), "weights")
    var gradients = try gradient(of: loss, withRespectTo: floats)
    if orders == 2 {
      loss = try weighted(gradients[0], "direction0")
      for (number, gradient) in gradients.enumerated().dropFirst() {
        loss = try loss + weighted(gradient, "direction\(number)")
      }
      gradients = try gradient(of: loss, withRespectTo: floats)
    }
    try builder.output("loss", loss)
    for (number, gradient) in gradients.enumerated() {
      try builder.output("gradient\(number)", gradient)
    }
    let interpreter = try Interpreter<Double>(builder.graph)
    for (name, values) in feeds { try interpreter.setValues(name, values) }
    try interpreter.run()
    let found = try gradients.indices.map { try interpreter.values("gradient\($0)") }

    let plain = GraphBuilder(builder.graph)
    let forward = try Interpreter<Double>(plain.graph.computing("loss"))
    for (name, values) in feeds where forward.graph.input(named: name) != nil {
      try forward.setValues(name, values)
    }
    for number in shapes.indices {
      try compare(
        found[number], forward, "x\(number)", feeds[number].1,
        "gradient of order \(orders) by input \(number)", sourceLocation)
    }
  }

  private func compare(
    _ found: [Double], _ forward: Interpreter<Double>, _ name: String, _ values: [Double],
    _ what: String, _ sourceLocation: SourceLocation
  ) throws {
    guard forward.graph.input(named: name) != nil else {
      #expect(found.allSatisfy { $0 == 0 }, "\(what)", sourceLocation: sourceLocation)
      return
    }
    let size = found.reduce(1) { max($0, abs($1)) }
    let step = 1e-5
    let stride = max(found.count / 40, 1)
    for element in Swift.stride(from: 0, to: found.count, by: stride) {
      var losses: [Double] = []
      for sign in [1.0, -1.0] {
        var moved = values
        moved[element] += sign * step
        try forward.setValues(name, moved)
        try forward.run()
        losses.append(try forward.values("loss")[0])
      }
      let expected = (losses[0] - losses[1]) / (2 * step)
      #expect(
        abs(found[element] - expected) <= 1e-6 * size,
        "\(what), element \(element): \(found[element]), by differences \(expected)",
        sourceLocation: sourceLocation)
    }
    try forward.setValues(name, values)
  }
}

extension Graph {
  /// Only what one output needs.
  func computing(_ name: String) -> Graph {
    guard let root = output(named: name) else { return self }
    var needed = [Bool](repeating: false, count: nodes.count)
    needed[root.index] = true
    for id in ids.reversed() where needed[id.index] {
      for operand in self[id].operands { needed[operand.index] = true }
    }
    var numbers: [NodeID: NodeID] = [:]
    var graph = Graph()
    for id in ids where needed[id.index] {
      var node = self[id]
      node.operands = node.operands.compactMap { numbers[$0] }
      numbers[id] = NodeID(graph.nodes.count)
      graph.nodes.append(node)
    }
    if let node = numbers[root] { graph.outputs = [.init(name: name, node: node)] }
    return graph
  }
}
