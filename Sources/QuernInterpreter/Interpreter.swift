import QuernErrors
import QuernGraph

/// Runs a graph op by op: the oracle of the tests and the baseline of the benchmark.
///
/// Tensors of `float32` are held and summed as `Scalar`, so that the same graph also runs in double
/// precision, which gradients are checked in. Every node's value is kept until the next run.
///
/// A read outside a tensor, and one at an index that does not exist, contributes nothing to its
/// sum, whatever the other factor holds.
public final class Interpreter<Scalar: BinaryFloatingPoint & Sendable>: Executable {
  public let graph: Graph
  private let values: [Value<Scalar>]
  private let nests: [LoopPlan?]
  /// Outputs that are inputs with an update: what they were before it.
  private var previous: [NodeID: [Scalar]] = [:]

  /// - Throws: `QuernError` where the graph does not verify.
  public init(_ graph: Graph) throws {
    try graph.verify()
    self.graph = graph
    values = graph.nodes.map { Value($0.type) }
    nests = graph.nodes.map { node in
      switch node.op {
      case .contraction(let contraction):
        LoopPlan(
          axes: contraction.axes, outputRank: contraction.outputRank,
          reads: zip(contraction.factors, node.operands).map {
            ($0.map, $0.match, graph[$1].shape)
          })
      case .maximum(let window), .maximumPosition(let window):
        LoopPlan(
          axes: window.axes, outputRank: window.outputRank,
          reads: [(window.map, window.linearPosition, graph[node.operands[0]].shape)])
      default: nil
      }
    }
    // Leaves never change.
    for id in graph.ids { values[id.index].fill(graph[id]) }
  }

  // MARK: Executable

  public func run() throws {
    for (index, node) in graph.nodes.enumerated() {
      let operands = node.operands.map { values[$0.index] }
      let shapes = node.operands.map { graph[$0].shape }
      evaluate(node, operands, shapes, nests[index], into: values[index])
    }
    previous = [:]
    for output in graph.outputs where graph.updates.contains(where: { $0.input == output.node }) {
      previous[output.node] = values[output.node.index].scalars
    }
    // An update that is itself an input must be read before that input is updated in its turn.
    let staged = graph.updates.map { update -> Value<Scalar> in
      guard case .input = graph[update.value].op else { return values[update.value.index] }
      let copy = Value<Scalar>(graph[update.value].type)
      copy.copy(values[update.value.index])
      return copy
    }
    for (update, value) in zip(graph.updates, staged) { values[update.input.index].copy(value) }
  }

  public func write(_ name: String, from bytes: UnsafeRawBufferPointer) throws {
    let id = try input(name)
    try checkByteCount(name, id, bytes.count)
    let value = values[id.index]
    switch graph[id].type.element {
    case .float32:
      for i in 0..<value.count {
        value.floats[i] = Scalar(bytes.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
      }
    case .int32:
      for i in 0..<value.count {
        value.integers[i] = bytes.loadUnaligned(fromByteOffset: 4 * i, as: Int32.self)
      }
    case .uint8:
      for i in 0..<value.count { value.bytes[i] = bytes[i] }
    }
  }

  public func read(_ name: String, into bytes: UnsafeMutableRawBufferPointer) throws {
    let id = try tensor(name)
    try checkByteCount(name, id, bytes.count)
    let value = values[id.index]
    switch graph[id].type.element {
    case .float32:
      for (i, scalar) in try values(name).enumerated() {
        bytes.storeBytes(of: Float(scalar), toByteOffset: 4 * i, as: Float.self)
      }
    case .int32:
      for i in 0..<value.count {
        bytes.storeBytes(of: value.integers[i], toByteOffset: 4 * i, as: Int32.self)
      }
    case .uint8:
      for i in 0..<value.count { bytes[i] = value.bytes[i] }
    }
  }

  // MARK: In full precision

  /// An input's present value or an output of the last run; integers as they are.
  ///
  /// - Throws: `QuernError` where there is no such tensor.
  public func values(_ name: String) throws -> [Scalar] {
    let id = try tensor(name)
    if graph.input(named: name) == nil, let value = previous[id] { return value }
    return values[id.index].scalars
  }

  /// Sets an input, of any element type.
  ///
  /// - Throws: `QuernError` where there is no such input, the count differs, or a number is
  ///   not one of an integer input's.
  public func setValues(_ name: String, _ scalars: [Scalar]) throws {
    let id = try input(name)
    let value = values[id.index]
    guard scalars.count == value.count else {
      throw QuernError(
        name, "\(scalars.count) values for \(graph[id].type)", remedy: "give \(value.count) values")
    }
    let element = graph[id].type.element
    for (i, scalar) in scalars.enumerated() {
      switch element {
      case .float32: value.floats[i] = scalar
      case .int32:
        guard let integer = Int32(exactly: scalar) else { throw notExact(name, scalar, element) }
        value.integers[i] = integer
      case .uint8:
        guard let byte = UInt8(exactly: scalar) else { throw notExact(name, scalar, element) }
        value.bytes[i] = byte
      }
    }
  }

  /// What a node computed in the last run; for an input, its present value.
  public func value(of id: NodeID) -> [Scalar] { values[id.index].scalars }

  // MARK: Names

  private func input(_ name: String) throws -> NodeID {
    if let id = graph.input(named: name) { return id }
    let names = graph.inputs.map(\.input.name)
    throw QuernError(
      name, "there is no such input", remedy: "use one of \(names.joined(separator: ", "))")
  }

  private func tensor(_ name: String) throws -> NodeID {
    if let id = graph.input(named: name) ?? graph.output(named: name) { return id }
    let names = graph.inputs.map(\.input.name) + graph.outputs.map(\.name)
    throw QuernError(
      name, "there is no such input or output",
      remedy: "use one of \(names.joined(separator: ", "))")
  }

  private func checkByteCount(_ name: String, _ id: NodeID, _ count: Int) throws {
    let type = graph[id].type
    guard count == type.byteCount else {
      throw QuernError(
        name, "\(count) bytes for \(type)", remedy: "give room for \(type.byteCount) bytes")
    }
  }

  private func notExact(_ name: String, _ value: Scalar, _ element: ElementType) -> QuernError {
    QuernError(
      name, "\(value) is no \(element.rawValue)", remedy: "give whole numbers in range")
  }
}
