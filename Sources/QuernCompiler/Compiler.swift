import QuernCodegen
import QuernErrors
import QuernGraph
import QuernPasses

/// Runs passes: by default all of them, from a graph to C.
///
///     let (program, code) = try Compiler(CompilerOptions(target: .avx2)).compile(graph)
public struct Compiler: Sendable {
  public let options: CompilerOptions
  /// In the order in which they run.
  public let passes: [Pass]

  public init(_ options: CompilerOptions = CompilerOptions()) {
    self.init(options, passes: Pass.all)
  }

  /// - Parameter passes: each takes what the one before it makes.
  package init(_ options: CompilerOptions, passes: [Pass]) {
    self.options = options
    self.passes = passes
  }

  /// A program and its C.
  ///
  /// - Parameters:
  ///   - graph: with its updates, as it was built.
  ///   - take: gets the C part by part while it is being written, on any thread.
  /// - Throws: `QuernError` for graphs that only the interpreter runs; what ``CompilerForm/verify()``
  ///   throws, where the options ask for it.
  public func compile(
    _ graph: Graph, part take: (@Sendable (String) -> Void)? = nil
  ) throws -> (program: Program, code: GeneratedCode) {
    var program: Program?
    let last = try run(graph, part: take) {
      if let form = $0.output as? Program { program = form }
    }
    guard let program, let code = last as? GeneratedCode else {
      throw QuernError(
        "passes", "they end with \(type(of: last).name)", remedy: "end the list with the C")
    }
    return (program, code)
  }

  /// One run of a pass.
  public struct PassRun: Sendable {
    public var pass: Pass
    public var input: any CompilerForm
    public var output: any CompilerForm
    /// Whether the pass has asked for an earlier one to run again, with ``output``.
    public var isRestart: Bool
    public var duration: Duration
  }

  /// Runs the passes.
  ///
  /// - Parameters:
  ///   - form: what the first pass is given.
  ///   - take: gets the C part by part.
  ///   - observe: is called after each pass.
  /// - Returns: what the last pass made.
  @discardableResult public func run(
    _ form: any CompilerForm, part take: (@Sendable (String) -> Void)? = nil,
    observe: (PassRun) throws -> Void = { _ in }
  ) throws -> any CompilerForm {
    let context = CompilerContext(options: options, part: take)
    let clock = ContinuousClock()
    var form = form
    let given = options.verifies ? (form as? Graph).map { GivenNodes($0) } : nil
    if options.verifies { try verify(form, after: nil, given) }
    var position = 0
    while position < passes.count {
      let pass = passes[position]
      let start = clock.now
      let outcome = try pass.run(form, context)
      let duration = clock.now - start
      let (output, isRestart): (any CompilerForm, Bool) =
        switch outcome {
        case .form(let form): (form, false)
        case .restart(let form): (form, true)
        }
      if options.verifies { try verify(output, after: pass, given) }
      try observe(
        PassRun(
          pass: pass, input: form, output: output, isRestart: isRestart, duration: duration))
      form = output
      position = try isRestart ? self.position(restartedBy: pass) : position + 1
    }
    return form
  }

  private func position(restartedBy pass: Pass) throws -> Int {
    guard let position = passes.firstIndex(where: { $0.name == pass.restart }) else {
      throw QuernError(
        "pass \(pass.name)", "it restarts \(pass.restart ?? "no pass"), which is not in the list",
        remedy: "name a pass of the list")
    }
    return position
  }

  private func verify(
    _ form: any CompilerForm, after pass: Pass?, _ given: GivenNodes?
  ) throws {
    do {
      try form.verify()
      try given?.verify(form)
    } catch {
      throw VerificationError(pass: pass?.name, error: "\(error)")
    }
  }
}

/// What forms may come from.
private struct GivenNodes {
  /// The nodes of the graph that the first pass is given, under the numbers by which origins name them.
  private let nodes: Set<NodeID>

  init(_ graph: Graph) { nodes = Set(graph.nodes.flatMap(\.origins.nodes)) }

  /// Checks that a pass has made up no origins.
  func verify(_ form: any CompilerForm) throws(QuernError) {
    for origins in form.origins {
      guard let other = origins.nodes.first(where: { !nodes.contains($0) }) else { continue }
      let layers = origins.layers.isEmpty ? "origins" : "origins in \(origins)"
      throw QuernError(
        layers, "node \(other) is none of the given graph's \(nodes.count)",
        remedy: "keep the origins of the nodes that a node stands for")
    }
  }
}

/// A form that is not sound: a defect of the pass that made it, or of the graph that was given.
public struct VerificationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The pass that made the form; nil for the graph that was given.
  public var pass: String?
  public var error: String

  public var description: String {
    (pass.map { "after pass \($0): " } ?? "the graph: ") + error
  }
}
