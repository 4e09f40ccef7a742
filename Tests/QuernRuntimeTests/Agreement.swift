import QuernCodegen
import QuernGraph
import QuernInterpreter
import QuernMachine
import QuernRandom
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// Inputs for a graph: floats in −1...1, integers below 10.
func fill(_ executables: [any Executable], _ graph: Graph, seed: UInt64) throws {
  var random = SeededGenerator(seed: seed)
  for (_, input, type) in graph.inputs {
    switch type.element {
    case .float32:
      let values = (0..<type.shape.elementCount).map { _ in Float.random(in: -1...1, using: &random)
      }
      for executable in executables { try executable.write(input.name, values) }
    case .int32:
      let values = (0..<type.shape.elementCount).map { _ in Int32.random(in: 0..<10, using: &random)
      }
      for executable in executables { try executable.write(input.name, values) }
    case .uint8:
      let values = (0..<type.shape.elementCount).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      for executable in executables {
        try values.withUnsafeBytes { try executable.write(input.name, from: $0) }
      }
    }
  }
}

/// Compiles the graph for every target this processor has, and several thread counts, and compares
/// outputs and updated inputs with the interpreter's in double precision.
func expectAgreement(
  _ graph: Graph, seed: UInt64 = 1, tolerance: Double = 2e-5, threads: [Int] = [1, 2, 3],
  steps: Int = 1, targets: [Target] = Target.all,
  adjust: (inout CompileOptions) -> Void = { _ in },
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let names =
    graph.outputs.map(\.name)
    + graph.updates.compactMap { update in
      if case .input(let input) = graph[update.input].op { return input.name }
      return nil
    }
  let oracle = try Interpreter<Double>(graph)
  try fill([oracle], graph, seed: seed)
  for _ in 0..<steps { try oracle.run() }
  for target in targets where target.isSupported {
    var reference: [String: [UInt32]] = [:]
    for count in threads {
      var options = CompileOptions(target: target, threads: count)
      adjust(&options)
      let instance = try GraphInstance(graph, options)
      try fill([instance], graph, seed: seed)
      for _ in 0..<steps { instance.run() }
      for name in names {
        guard try instance.type(of: name).element == .float32 else {
          #expect(
            try instance.integers(name) == oracle.integers(name), "\(name) on \(target)",
            sourceLocation: sourceLocation)
          continue
        }
        let values = try instance.floats(name)
        let expected = try oracle.values(name)
        let scale = max(expected.map(abs).max() ?? 0, 1e-3)
        let error = zip(values, expected).map { abs(Double($0) - $1) / scale }.max() ?? 0
        #expect(
          error <= tolerance, "\(name) on \(target), \(count) threads: error \(error)",
          sourceLocation: sourceLocation)
        let bits = values.map(\.bitPattern)
        if let known = reference[name] {
          #expect(
            bits == known, "\(name) on \(target): \(count) threads differ",
            sourceLocation: sourceLocation)
        }
        reference[name] = bits
      }
    }
  }
}
