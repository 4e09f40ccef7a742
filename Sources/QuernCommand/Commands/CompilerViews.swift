import Quern

/// What the compiler can print of a graph.
struct CompilerViews {
  let graph: Graph
  let options: ExecutionOptions
  /// Whether each form is verified.
  var verifies = false

  /// Bytes of the arena of the compiled graph; nil where it is not compiled.
  static func arenaBytes(_ graph: Graph) throws -> Int? {
    try CompiledGraph.plan(graph, CompileOptions()).code.arenaBytes
  }

  private var compiler: Compiler {
    var passes = CompilerOptions(
      target: options.target, threads: options.threads, convolution: options.convolution)
    if verifies { passes.verifies = true }
    return Compiler(passes)
  }

  func text(_ stage: ShowCommand.Stage) throws -> String {
    switch stage {
    case .passes: return try passes()
    case .schedule: return try form(after: "schedule")
    default:
      let (program, code) = try compiler.compile(graph)
      switch stage {
      case .kernels: return program.description
      case .plan: return program.planDescription
      default: return code.source
      }
    }
  }

  /// A line a pass: what it took, what it made, how long it took.
  private func passes() throws -> String {
    var table = TextTable([
      ("pass", .left), ("makes", .left), ("before", .right), ("after", .right), ("ms", .right),
      ("what it does", .left),
    ])
    var total = Duration.zero
    try compiler.run(
      graph,
      observe: { run in
        total += run.duration
        table.add([
          run.pass.name, run.isRestart ? "again from \(run.pass.restart ?? "")" : run.pass.output,
          run.input.size, run.output.size, milliseconds(run.duration), run.pass.summary,
        ])
      })
    return (table.lines + ["\(milliseconds(total)) ms in all"]).joined(separator: "\n")
  }

  private func milliseconds(_ duration: Duration) -> String {
    Numbers.significant(duration / .milliseconds(1))
  }

  /// What there is after a pass.
  func form(after name: String) throws -> String {
    try last(name).output.description
  }

  /// What a pass changed.
  func changes(by name: String) throws -> String {
    let run = try last(name)
    return FormChanges(from: run.input, to: run.output).description
  }

  /// The last run of a pass.
  private func last(_ name: String) throws -> Compiler.PassRun {
    var found: Compiler.PassRun?
    try compiler.run(graph, observe: { if $0.pass.name == name { found = $0 } })
    guard let found else {
      throw Failure(
        "--after \(name): there is no such pass; the passes are "
          + Pass.all.map(\.name).joined(separator: ", "))
    }
    return found
  }
}
