import QuernGradient
import QuernGraph
import QuernInterpreter
import QuernPasses
import QuernRandom
import Testing

/// A graph of random ops over a few inputs, with the gradient of its sum by each of them.
struct RandomGraph {
  private var state: UInt32
  let builder = GraphBuilder()
  private var pool: [Tensor] = []

  init(seed: UInt32, ops: Int = 14) throws {
    state = seed &* 7919
    let extents = (0..<3).map { _ in 1 + number(below: 4) }
    var inputs: [Tensor] = []
    for index in 0..<3 {
      let shape = Shape((0..<2).map { _ in extents[number(below: 3)] })
      inputs.append(try builder.input("x\(index)", shape))
    }
    pool = inputs + [builder.constant(Double(number(below: 3)), [extents[0], extents[1]])]
    for _ in 0..<ops { if let next = try step() { pool.append(next) } }
    var loss = try pool[pool.count - 1].sum()
    for tensor in pool.suffix(3) { loss = try loss + (tensor * tensor).mean(over: [0, 1]) }
    try builder.output("loss", loss)
    for (index, gradient) in try gradient(of: loss, withRespectTo: inputs).enumerated() {
      try builder.output("gradient\(index)", gradient)
    }
  }

  private mutating func number(below limit: Int) -> Int {
    state &+= 1
    return Int(CounterRandom.hash(state) % UInt32(limit))
  }

  private mutating func pick() -> Tensor { pool[number(below: pool.count)] }

  /// One more matrix, or nil where shapes do not go together.
  private mutating func step() throws -> Tensor? {
    let x = pick()
    let (rows, columns) = (x.shape[0], x.shape[1])
    switch number(below: 13) {
    case 0: return try x.transposed([1, 0])
    case 1: return try x.padded(before: [1, 0], after: [0, 2])
    case 2: return rows > 1 ? try x.sliced(from: [1, 0], to: [rows, columns]) : nil
    case 3: return try x.sum(over: [0]).broadcast(to: [2, columns])
    case 4: return try -x
    case 5: return try x * (Double(number(below: 5)) - 2)
    case 6: return try x.tanh()
    case 7: return try x.reshaped([rows * columns]).reshaped([columns, rows])
    case 8: return try x.where(x.scalar(0).apply(.less, x), otherwise: x.scalar(0))
    case 9: return try x.maximum(over: [1]).reshaped([rows, 1]).broadcast(to: [rows, 3])
    case 10:
      let y = pick()
      return x.shape[1] == y.shape[0] ? try x.matrixProduct(y) * 0.5 : nil
    case 11:
      let y = pick()
      return x.shape[0] == y.shape[0] ? try builder.concatenate([x, y], along: 1) : nil
    default:
      let y = pick()
      let op: ElementwiseOp = [.add, .subtract, .multiply, .maximum][number(below: 4)]
      return try? x.apply(op, y)
    }
  }
}

@Suite struct RandomGraphTests {
  @Test("Simplified graphs compute the same", arguments: 0..<150)
  func equivalence(seed: Int) throws {
    let graph = try RandomGraph(seed: UInt32(seed)).builder.graph
    try graph.verify()
    let simple = simplify(graph)
    try simple.verify()
    #expect(simple.nodes.count <= graph.nodes.count)
    let original = try Interpreter<Double>(graph)
    let rewritten = try Interpreter<Double>(simple)
    for input in graph.inputs {
      let values = (0..<input.type.shape.elementCount).map {
        Double(CounterRandom.uniform(position: Int32($0), counter: Int32(seed))) * 4 - 2
      }
      try original.setValues(input.input.name, values)
      try rewritten.setValues(input.input.name, values)
    }
    try original.run()
    try rewritten.run()
    for output in graph.outputs {
      let expected = try original.values(output.name)
      let found = try rewritten.values(output.name)
      #expect(expected.count == found.count)
      let size = expected.reduce(1) { max($0, abs($1)) }
      for (a, b) in zip(expected, found) {
        #expect(abs(a - b) <= 1e-10 * size, "\(output.name): \(a) became \(b)")
      }
    }
  }

  @Test("What is simple stays as it is", arguments: 0..<30)
  func idempotence(seed: Int) throws {
    let once = simplify(try RandomGraph(seed: UInt32(seed)).builder.graph)
    #expect(simplify(once).nodes.map(Computation.init) == once.nodes.map(Computation.init))
  }

  /// A node but for where it comes from: a second run may merge what the first one made.
  private struct Computation: Equatable {
    var op: Op
    var operands: [NodeID]
    var type: TensorType

    init(_ node: Node) {
      (op, operands, type) = (node.op, node.operands, node.type)
    }
  }
}
