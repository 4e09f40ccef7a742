import Foundation
import QuernCodegen
import QuernGradient
import QuernGraph
import QuernInterpreter
import QuernMachine
import QuernPasses
import QuernRandom
import QuernRuntime
import QuernTestSupport
import QuernVectors
import Testing

/// Random graphs: compiled for every target = interpreter = finite differences.
///
/// The graph of a seed is always the same. Another range of seeds is tried with the environment
/// variable `QUERN_RANDOM_SEEDS`, as in `QUERN_RANDOM_SEEDS=1000..2000`.
@Suite struct RandomGraphTests {
  static let seeds: Range<Int> = {
    let text = ProcessInfo.processInfo.environment["QUERN_RANDOM_SEEDS"] ?? ""
    let bounds = text.split(separator: ".").compactMap { Int($0) }
    return bounds.count == 2 && bounds[0] < bounds[1] ? bounds[0]..<bounds[1] : 0..<520
  }()

  @Test("Compiled = interpreter = finite differences", arguments: seeds)
  func agreement(seed: Int) throws {
    let (random, trial) = try #require(try Self.sound(seed))
    let counts = [[1, 2], [1, 3], [2, 3], [1, 4]][seed % 4]
    let targets = Target.all.filter(\.isSupported)
    for (number, target) in targets.enumerated() {
      // On one target both thread counts, on the others one each.
      let threads = number == seed % targets.count ? counts : [counts[(seed + number) % 2]]
      let options = CompileOptions.varied(seed: seed, target: target)
      guard try trial.agrees(options, threads: threads) else { return }
    }
    try trial.compareWithDifferences(random.loss, random.gradients, random.inputs)
    if let curvature = random.curvature {
      try trial.compareWithDifferences(curvature.loss, curvature.gradients, random.inputs)
    }
  }

  /// A few graphs in a thousand hang on rounding whatever their inputs are; another is taken then.
  private static func sound(_ seed: Int) throws -> (RandomGraph, Trial)? {
    for variant in 0..<4 {
      let random = try RandomGraph(seed: seed + variant * 1_000_000)
      try random.graph.verify()
      if let trial = try Trial(random.graph, seed: seed) { return (random, trial) }
    }
    return nil
  }

  @Test("Random graphs hold all that they are meant to")
  func coverage() throws {
    var ops: Set<String> = []
    var elements: Set<ElementType> = []
    var updates = 0
    var divided = 0
    var blocked = 0
    var terms = 0
    var chunked = 0
    for seed in Self.seeds.prefix(200) {
      let graph = try RandomGraph(seed: seed).graph
      updates += graph.updates.count
      // Reckoned for a fourth of the graphs: it takes most of the time.
      if seed % 4 == 0 {
        // With small caches, sums are worked off in blocks.
        var options = CompileOptions(target: .avx2)
        options.machine = .smallCaches(.avx2)
        options.tuning.inlining.minElements = 0
        if seed % 8 == 0 { options.regionLimits = .always }
        let scheduled = try schedule(graph, options.passes)
        let program = scheduled.program
        if scheduled.hasBlocks { blocked += 1 }
        if program.kernels.contains(where: { $0.nests.contains { !$0.term.isEmpty } }) {
          terms += 1
        }
        chunked += program.regions.count
      }
      for node in graph.nodes {
        elements.insert(node.type.element)
        ops.insert(node.op.name)
        guard case .contraction(let contraction) = node.op else { continue }
        if contraction.factors.contains(where: { $0.match != nil }) { ops.insert("match") }
        if contraction.factors.contains(where: { $0.map.contains { $0.divisor > 1 } }) {
          divided += 1
        }
      }
    }
    let elementwise = Set(ElementwiseOp.allCases.map(\.rawValue))
    #expect(elementwise.subtracting(ops) == [])
    #expect(
      Set([
        "contraction", "movement", "maximum", "maximumPosition", "reshape", "concatenate", "iota",
        "constant", "match",
      ]).subtracting(ops) == [])
    #expect(elements.count == ElementType.allCases.count)
    #expect(updates > 50 && divided > 50)
    #expect(blocked > 10 && terms > 5 && chunked > 15, "\(blocked), \(terms), \(chunked)")
  }
}

/// A graph with inputs at which its values hardly depend on rounding, and what they are.
struct Trial {
  let graph: Graph
  let inputs: [(name: String, values: [Double])]
  let steps: Int
  /// Outputs and inputs after the steps, in double precision.
  let expected: [String: [Double]]
  /// How far single precision may be off: what rounding does to a straightforward evaluation, and
  /// more, for compiled sums run in another order and functions are approximated.
  let tolerance: [String: Double]

  /// Draws inputs until they are sound; nil where they never are.
  init?(_ graph: Graph, seed: Int) throws {
    for attempt in 0..<40 {
      var random = SeededGenerator(seed: UInt64(seed * 64 + attempt))
      let inputs = graph.inputs.map { _, input, type in
        let values = (0..<type.shape.elementCount).map { _ in Self.draw(type.element, &random) }
        return (name: input.name, values: values)
      }
      if let trial = try Self(graph, inputs: inputs, margin: 2e-5) {
        self = trial
        return
      }
    }
    return nil
  }

  /// A graph at inputs that are known; nil where its values hang on rounding.
  private init?(_ graph: Graph, inputs: [(name: String, values: [Double])], margin: Double) throws {
    self.graph = graph
    self.inputs = inputs.filter { graph.input(named: $0.name) != nil }
    steps = graph.updates.isEmpty ? 1 : 2
    let exact = try Interpreter<Double>(graph)
    let rounded = try Interpreter<Float>(graph)
    let names = graph.outputs.map(\.name) + self.inputs.map(\.name)
    var expected: [String: [Double]] = [:]
    var errors: [String: Double] = [:]
    // One rounding may be lucky: the same for inputs nearby.
    for nudge in [1 - 0x1p-20, 1 + 0x1p-19, 1] {
      for (name, values) in self.inputs {
        let isFloat = try exact.type(of: name).element == .float32
        let nudged = isFloat ? values.map { Double(Float($0 * nudge)) } : values
        try exact.setValues(name, nudged)
        try rounded.setValues(name, nudged.map(Float.init))
      }
      for _ in 0..<steps {
        try exact.run()
        try rounded.run()
        if isNearJump(exact, margin: margin) { return nil }
      }
      for name in names {
        let values = try exact.values(name)
        let size = values.reduce(0) { max($0, abs($1)) }
        let error = zip(values, try rounded.values(name)).reduce(0) {
          max($0, abs($1.0 - Double($1.1)))
        }
        guard size.isFinite, error <= 1e-4 * size + 1e-6 else { return nil }
        expected[name] = values
        errors[name] = max(errors[name] ?? 0, 8 * error + 1e-5 * size + 1e-7)
      }
    }
    self.expected = expected
    tolerance = errors
  }

  /// A number of single precision for each element type.
  private static func draw(_ element: ElementType, _ random: inout SeededGenerator) -> Double {
    switch element {
    case .float32: Double(Float.random(in: -1...1, using: &random))
    case .int32: Double(Int.random(in: 0..<10, using: &random))
    case .uint8: Double(Int.random(in: 0...255, using: &random))
    }
  }

  func write(to executable: some Executable) throws {
    for (name, values) in inputs {
      switch try executable.type(of: name).element {
      case .float32: try executable.write(name, values.map(Float.init))
      case .int32: try executable.write(name, values.map { Int32($0) })
      case .uint8:
        try values.map { UInt8($0) }.withUnsafeBytes { try executable.write(name, from: $0) }
      }
    }
  }

  // MARK: Compiled

  /// Outputs and inputs after the steps, as words.
  func run(_ options: CompileOptions, threads: Int) throws -> [String: [UInt32]] {
    var options = options
    options.threads = threads
    let instance = try GraphInstance(graph, options)
    try write(to: instance)
    for _ in 0..<steps { instance.run() }
    var result: [String: [UInt32]] = [:]
    for name in expected.keys {
      switch try instance.type(of: name).element {
      case .float32: result[name] = try instance.floats(name).map(\.bitPattern)
      case .int32: result[name] = try instance.integers(name).map { UInt32(bitPattern: $0) }
      case .uint8:
        var bytes = [UInt8](repeating: 0, count: try instance.type(of: name).byteCount)
        try bytes.withUnsafeMutableBytes { try instance.read(name, into: $0) }
        result[name] = bytes.map(UInt32.init)
      }
    }
    return result
  }

  /// What is wrong with the values of a tensor; nil where nothing is.
  func fault(_ name: String, _ words: [UInt32], _ element: ElementType) -> String? {
    guard let expected = expected[name], let tolerance = tolerance[name] else { return "unknown" }
    for (index, (word, wanted)) in zip(words, expected).enumerated() {
      let value =
        switch element {
        case .float32: Double(Float(bitPattern: word))
        case .int32: Double(Int32(bitPattern: word))
        case .uint8: Double(word)
        }
      // Not a number is no value within the tolerance.
      guard abs(value - wanted) <= (element == .float32 ? tolerance : 0) else {
        return "element \(index) is \(value), not \(wanted) ± \(tolerance)"
      }
    }
    return nil
  }

  /// Compares with the interpreter, and all thread counts bit by bit.
  ///
  /// - Returns: false at the first fault, which is recorded.
  func agrees(
    _ options: CompileOptions, threads: [Int], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Bool {
    var first: [String: [UInt32]] = [:]
    for count in threads {
      let found = try run(options, threads: count)
      for (name, words) in found.sorted(by: { $0.key < $1.key }) {
        let id = graph.input(named: name) ?? graph.output(named: name) ?? NodeID(0)
        if let fault = fault(name, words, graph[id].type.element) {
          Issue.record(
            """
            \(name), \(options.target), \(count) threads: \(fault)
            \(firstFault(options, count))
            """, sourceLocation: sourceLocation)
          return false
        }
        guard first[name].map({ $0 == words }) ?? true else {
          Issue.record(
            "\(name), \(options.target): \(threads) threads differ", sourceLocation: sourceLocation)
          return false
        }
      }
      first = found
    }
    return true
  }

  /// The smallest part of the graph, counted in nodes before it, that alone gives a wrong value.
  private func firstFault(_ options: CompileOptions, _ threads: Int) -> String {
    for id in graph.ids {
      if case .input = graph[id].op { continue }
      var part = graph
      part.outputs = [.init(name: "value", node: id)]
      part.updates = []
      part = simplifiedAway(part)
      guard let trial = try? Trial(part, inputs: inputs, margin: 0),
        let found = try? trial.run(options, threads: threads), let words = found["value"]
      else { return "\(id) does not compile alone" }
      if let fault = trial.fault("value", words, graph[id].type.element) {
        return "smallest: \(fault) of\n\(part)"
      }
    }
    return "no node alone is wrong"
  }

  /// Without nodes that no output needs.
  private func simplifiedAway(_ graph: Graph) -> Graph {
    var needed = Set(graph.roots)
    for id in graph.ids.reversed() where needed.contains(id) {
      needed.formUnion(graph[id].operands)
    }
    var numbers: [NodeID: NodeID] = [:]
    var result = Graph()
    for id in graph.ids where needed.contains(id) {
      var node = graph[id]
      node.operands = node.operands.compactMap { numbers[$0] }
      numbers[id] = NodeID(result.nodes.count)
      result.nodes.append(node)
    }
    result.outputs = graph.outputs.compactMap { output in
      numbers[output.node].map { .init(name: output.name, node: $0) }
    }
    return result
  }

  // MARK: Gradients

  /// Compares gradients of a scalar with central differences at some coordinates of each input.
  func compareWithDifferences(
    _ loss: Tensor, _ gradients: [Tensor], _ tensors: [Tensor],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var asked = graph
    asked.updates = []
    let whole = try Interpreter<Double>(asked)
    for (name, values) in inputs { try whole.setValues(name, values) }
    try whole.run()
    asked.outputs = [.init(name: "difference", node: loss.id)]
    let forward = try Interpreter<Double>(simplifiedAway(asked))
    for (name, values) in inputs where forward.graph.input(named: name) != nil {
      try forward.setValues(name, values)
    }
    let size = abs(whole.value(of: loss.id)[0])
    let step = 1e-5
    for (tensor, gradient) in zip(tensors, gradients) {
      let found = whole.value(of: gradient.id)
      guard case .input(let input) = graph[tensor.id].op,
        let values = inputs.first(where: { $0.name == input.name })?.values
      else { continue }
      guard forward.graph.input(named: input.name) != nil else {
        #expect(found.allSatisfy { $0 == 0 }, "\(input.name)", sourceLocation: sourceLocation)
        continue
      }
      let largest = found.reduce(0) { max($0, abs($1)) }
      // Three places, spread over the tensor.
      for element in Set([0, found.count * 5 / 11, found.count - 1]) {
        var losses: [Double] = []
        for moved in [step, -step] {
          var shifted = values
          shifted[element] += moved
          try forward.setValues(input.name, shifted)
          try forward.run()
          losses.append(try forward.values("difference")[0])
        }
        let difference = (losses[0] - losses[1]) / (2 * step)
        #expect(
          abs(found[element] - difference) <= 1e-5 * largest + 1e-8 * (size + 1e-3),
          "by \(input.name), element \(element): \(found[element]), differences \(difference)",
          sourceLocation: sourceLocation)
      }
      try forward.setValues(input.name, values)
    }
  }
}
