import ArgumentParser
import Quern

extension Workload.Kind: ExpressibleByArgument {}

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a step of each model on each backend and target, side by side.",
    discussion: """
      The variants take turns, so that all see the same machine; the median counts. GFLOP/s are \
      two for each multiply-add of the network's definition; the limit is that of fused \
      multiply-adds, measured in the same run. Fast convolutions take fewer products than the \
      definition, so they may pass it. Where a step takes the interpreter too long, fewer examples are measured, and the time \
      is scaled up (≈).
      """)

  @Argument(help: "Built-in models. (default: all)")
  var models: [String] = []

  @Option(parsing: .unconditional, help: "Examples a step.")
  var batch = 128

  @Option(
    parsing: .unconditional, help: "Threads of the compiled variants. (default: one for each core)")
  var threads: Int?

  @Option(help: "train (the whole step, with SGD) or infer.")
  var step: Workload.Kind = .train

  @Option(parsing: .unconditional, help: "Roughly how long to measure each model.")
  var seconds = 4.0

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    /// Billions of floating-point operations a second, on all threads together.
    var limitGigaflops: Double
    var threads: Int
    var results: [Benchmark.Result]
  }

  func run() throws {
    guard batch > 0 else { throw Failure("--batch is \(batch); give at least 1") }
    guard seconds > 0, seconds <= 3600 else {
      throw Failure("--seconds is \(seconds); give more than 0, and at most 3600")
    }
    let chosen =
      models.isEmpty ? BuiltInModel.allCases : try models.map { try BuiltInModel(named: $0) }
    let threads = threads ?? Processor.threadCount
    let variants = Benchmark.allVariants(threads: threads)
    for variant in variants { try variant.validate() }
    let limits = try MachineLimits.measure(threads: threads)
    var results: [Benchmark.Result] = []
    for model in chosen {
      if Terminal.isInteractive, !json { Terminal.write("\r\(model.name) …\u{1b}[K") }
      let workload = Workload(network: model.network(), kind: step, batch: batch)
      results += try Benchmark(workload: workload, variants: variants, seconds: seconds)
        .run(limits: limits)
    }
    if Terminal.isInteractive, !json { Terminal.write("\r\u{1b}[K") }
    if json {
      return try JSONOutput.print(
        Report(
          limitGigaflops: limits.operationsPerSecond / 1e9, threads: threads,
          results: results))
    }
    print(
      "FMA limit: \(Numbers.significant(limits.operationsPerSecond / 1e9)) GFLOP/s on "
        + "\(threads) thread\(threads == 1 ? "" : "s")")
    Benchmark.table(results).print()
  }
}
