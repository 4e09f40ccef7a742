import ArgumentParser
import Quern

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Rank a model's kernels by the time they lose against what limits them.",
    discussion: """
      Each kernel is timed on its own, many times. Its limit is the larger of the time its \
      multiply-adds take at the measured FMA limit and the time its tensors take to be read or \
      written at the measured memory bandwidth.
      """)

  @OptionGroup var model: ModelArguments

  @Option(parsing: .unconditional, help: "Examples a step.")
  var batch = 128

  @Option(help: "train or infer.")
  var step: Workload.Kind = .train

  @Option(parsing: .unconditional, help: "Steps to run.")
  var runs = 20

  @OptionGroup var execution: ExecutionArguments

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func run() throws {
    guard batch > 0 else { throw Failure("--batch is \(batch); give at least 1") }
    guard runs > 0 else { throw Failure("--runs is \(runs); give at least 1") }
    let options = try execution.options()
    let workload = Workload(network: try model.network(), kind: step, batch: batch)
    guard let instance = try options.makeExecutable(workload.graph()) as? GraphInstance else {
      throw Failure("profile: the interpreter has no kernels; use --backend tinycc or cc")
    }
    try workload.prepare(instance)
    let limits = try MachineLimits.measure(
      target: options.target, threads: options.threads)
    _ = try instance.timeKernels(runs: 2)
    let rows = try instance.timeKernels(runs: runs).map { KernelProfile($0, limits) }
      .sorted { $0.lostMilliseconds > $1.lostMilliseconds }
    if json {
      try JSONOutput.print(rows)
      return
    }
    var table = TextTable([
      ("kernel", .left), ("ms", .right), ("limit ms", .right), ("lost ms", .right),
      ("GFLOP/s", .right), ("MB", .right), ("layers, where it has several", .left),
    ])
    for row in rows {
      table.add([
        row.kernel, Numbers.significant(row.milliseconds),
        Numbers.significant(row.limitMilliseconds), Numbers.significant(row.lostMilliseconds),
        row.gigaflops == 0 ? "" : Numbers.significant(row.gigaflops),
        Numbers.significant(row.megabytes),
        row.layers.count > 1 ? "\(Origins(layers: row.layers))" : "",
      ])
    }
    table.print()
    let total = rows.reduce(0) { $0 + $1.milliseconds }
    let compiled = instance.compiled
    let work = 2 * Double(compiled.program.kernels.reduce(0) { $0 + $1.multiplyAdds })
    print(
      "\(Numbers.significant(total)) ms in all, "
        + "\(Numbers.significant(work / total * 1e-6)) GFLOP/s; limits "
        + "\(Numbers.significant(limits.operationsPerSecond * 1e-9)) GFLOP/s and "
        + "\(Numbers.significant(limits.bytesPerSecond * 1e-9)) GB/s on \(options.threads) "
        + "thread\(options.threads == 1 ? "" : "s"); compiled in "
        + "\(Numbers.significant(compiled.compileSeconds * 1e3)) ms "
        + "(C compiler \(Numbers.significant(compiled.cCompilerSeconds * 1e3)) ms)")
  }
}
