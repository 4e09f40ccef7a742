import QuernGradient
import QuernGraph
import QuernRandom

/// A graph of random ops that a seed determines: values, a loss, its gradients, updates.
///
/// Every value comes with a bound on its magnitude, and ops are chosen so that bounds stay small;
/// so rounding errors stay near those of single ops.
package struct RandomGraph {
  struct Value {
    var tensor: Tensor
    /// No element is larger in magnitude.
    var bound: Double
  }

  let seed: Int
  let builder = GraphBuilder()
  var random: SeededGenerator
  var floats: [Value] = []
  var integers: [Tensor] = []
  /// The float inputs that gradients are taken by: data and parameters.
  package var inputs: [Tensor] = []
  /// Parameters made on the way, by shape.
  var parameters: [Value] = []

  /// The scalar the gradients are of, and for a part of the graphs Σ gradient · direction.
  package private(set) var loss: Tensor
  package private(set) var gradients: [Tensor] = []
  package private(set) var curvature: (loss: Tensor, gradients: [Tensor])?

  package var graph: Graph { builder.graph }

  package init(seed: Int) throws {
    self.seed = seed
    random = SeededGenerator(seed: UInt64(seed) &* 0x2545_f491_4f6c_dd1d &+ 77)
    loss = builder.constant(0)
    for _ in 0..<1 + below(3) {
      let shape = self.shape(rank: [1, 2, 2, 3, 4, 4, 4, 5][below(8)], limit: 300)
      floats.append(try input(shape, .data))
    }
    if chance(3) { try declareIntegers() }
    let count = 3 + below(8)
    var attempts = 0
    var made = 0
    while made < count, attempts < 60 {
      attempts += 1
      // Mostly on from what was made last, so that graphs get deep.
      let x = chance(2) ? floats[floats.count - 1] : pick(floats)
      if let next = try step(x) {
        floats.append(try tamed(next))
        made += 1
      }
    }
    try makeLoss()
    try askForOutputs()
    if chance(3) { try declareUpdates() }
  }

  // MARK: Choices

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
  /// True in one of `n` cases.
  mutating func chance(_ n: Int) -> Bool { below(n) == 0 }
  mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
  mutating func number(_ range: ClosedRange<Double>) -> Double {
    (Double.random(in: range, using: &random) * 64).rounded() / 64
  }

  mutating func shape(rank: Int, limit: Int) -> Shape {
    let sizes = [1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9, 11, 13, 16, 17, 19, 24, 31, 33, 40, 67]
    var extents: [Int] = []
    var room = limit
    for _ in 0..<rank {
      let extent = pick(sizes.filter { $0 <= room })
      extents.append(extent)
      room /= extent
    }
    return Shape(extents.shuffled(using: &random))
  }

  // MARK: Leaves

  mutating func input(_ shape: Shape, _ role: Input.Role) throws -> Value {
    let name = (role == .data ? "x" : "w") + "\(inputs.count)"
    let tensor = try builder.input(name, shape, role: role)
    inputs.append(tensor)
    return Value(tensor: tensor, bound: 1)
  }

  /// A parameter, at times one that is used already.
  mutating func parameter(_ shape: Shape) throws -> Value {
    let known = parameters.filter { $0.tensor.shape == shape }
    if !known.isEmpty, chance(3) { return pick(known) }
    if chance(8) {
      let value = number(-1...1)
      return Value(tensor: builder.constant(value, shape), bound: abs(value))
    }
    let value = try input(shape, .parameter)
    parameters.append(value)
    return value
  }

  private mutating func declareIntegers() throws {
    let shape = self.shape(rank: 1 + below(3), limit: 60)
    integers.append(try builder.input("i0", shape, .int32))
    if chance(2) {
      let bytes = try builder.input("bytes", self.shape(rank: 1 + below(4), limit: 300), .uint8)
      floats.append(Value(tensor: try bytes.toFloat() * (1.0 / 256), bound: 1))
      if chance(2) { integers.append(try bytes.toInt()) }
    }
  }

  // MARK: Bounds

  /// The value, made smaller where it may be large.
  mutating func tamed(_ value: Value) throws -> Value {
    guard value.bound > 4 else { return value }
    if chance(3) { return Value(tensor: try value.tensor.tanh(), bound: 1) }
    return Value(tensor: try value.tensor * (2 / value.bound), bound: 2)
  }

  // MARK: What is asked

  private mutating func makeLoss() throws {
    var terms = [floats[floats.count - 1]]
    for _ in 0..<below(3) { terms.append(pick(floats)) }
    // What was made and not used would be dead.
    let users = graph.users
    for value in floats where users[value.tensor.id.index].isEmpty { terms.append(value) }
    var sum: Tensor?
    for term in terms.prefix(5) {
      let x = term.tensor
      let scale = 1 / Double(x.shape.elementCount)
      let part: Tensor
      switch below(4) {
      case 0: part = try x.sum() * number(0.5...1)
      case 1: part = try (x * x).sum() * scale
      case 2: part = try x.tanh().mean(over: Array(0..<x.shape.rank))
      default:
        let target = try parameter(x.shape).tensor
        part = try ((x - target) * (x - target)).sum() * scale
      }
      sum = if let sum { try sum + part } else { part }
    }
    loss = try (sum ?? loss).reshaped([])
    gradients = try gradient(of: loss, withRespectTo: inputs)
    guard chance(4) else { return }
    var product = builder.constant(0)
    for (number, gradient) in gradients.enumerated() {
      let direction = try builder.input("direction\(number)", gradient.shape)
      product = try product + (gradient * direction).sum()
    }
    curvature = (product, try gradient(of: product, withRespectTo: inputs))
  }

  private mutating func askForOutputs() throws {
    try builder.output("loss", loss)
    for (input, gradient) in zip(inputs, gradients) where !chance(4) {
      try builder.output("gradient of \(name(input))", gradient)
    }
    if let curvature {
      for (input, gradient) in zip(inputs, curvature.gradients) {
        try builder.output("curvature of \(name(input))", gradient)
      }
    }
    for number in 0..<below(4) { try builder.output("value \(number)", pick(floats).tensor) }
    if !integers.isEmpty, chance(2) { try builder.output("integers", pick(integers)) }
    if chance(8), let last = floats.last?.tensor {
      try builder.output("flat", try last.reshaped([last.shape.elementCount]))
    }
  }

  func name(_ tensor: Tensor) -> String {
    if case .input(let input) = tensor.node.op { input.name } else { "\(tensor.id)" }
  }
}
