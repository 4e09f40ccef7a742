import Quern

/// Measures how long one workload's step takes on several backends, in turn, so that all see the
/// same machine.
struct Benchmark {
  struct Result: Encodable {
    var model: String
    var step: Workload.Kind
    var batch: Int
    var threads: Int
    /// `interpreter`, `tinycc avx512`, `cc avx512`…
    var variant: String
    /// A step's median.
    var milliseconds: Double
    /// Scaled up from a step of fewer examples, since a whole one takes too long.
    var isEstimate: Bool
    var multiplyAdds: Int
    var gigaflops: Double
    /// Of the measured limit of the processor's fused multiply-adds.
    var shareOfLimit: Double
    var compileMilliseconds: Double?
    /// How many times as fast as the interpreter.
    var speedUp: Double?
  }

  let workload: Workload
  let variants: [ExecutionOptions]
  /// Roughly how long to measure.
  let seconds: Double

  /// Every backend and target this build and processor offer.
  static func allVariants(threads: Int) -> [ExecutionOptions] {
    Backend.allCases.reversed().flatMap { backend -> [ExecutionOptions] in
      switch backend {
      case .interpreter: [ExecutionOptions(backend: backend, threads: 1)]
      case .compiled(.cc): [ExecutionOptions(backend: backend, threads: threads)]
      case .compiled(.tinycc):
        Target.all.reversed().filter(\.isSupported).map {
          ExecutionOptions(backend: backend, target: $0, threads: threads)
        }
      }
    }.sorted { Self.rank($0) < Self.rank($1) }
  }

  private static func rank(_ options: ExecutionOptions) -> Int {
    switch options.backend {
    case .interpreter: 0
    case .compiled(.tinycc): 1
    case .compiled(.cc): 2
    }
  }

  private final class Runner {
    let options: ExecutionOptions
    let executable: any Executable
    /// Steps that are timed together, so that the clock's grain does not matter.
    var repeats = 1
    /// What the times are multiplied by: above 1 where a smaller batch is measured.
    var scale = 1.0
    var times: [Double] = []

    init(_ options: ExecutionOptions, _ executable: any Executable) {
      self.options = options
      self.executable = executable
    }

    /// Runs and times; returns the seconds it took.
    func run() throws -> Double {
      let clock = ContinuousClock()
      let start = clock.now
      for _ in 0..<repeats { try executable.run() }
      let duration = start.duration(to: clock.now)
      let elapsed =
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
      times.append(elapsed / Double(repeats) * scale)
      return elapsed
    }
  }

  /// - Parameter limits: for the share of the limit.
  func run(limits: MachineLimits) throws -> [Result] {
    let graph = try workload.graph()
    var runners: [Runner] = []
    for options in variants {
      runners.append(
        options.backend == .interpreter
          ? try interpreter(graph) : try compiled(graph, options))
    }
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(Int(seconds * 1000))
    var spent = runners.map { $0.times.reduce(0, +) }
    var rounds = 0
    // At least three rounds, so that there is a median, except of steps that take very long; then
    // whoever has used its share rests.
    let share = seconds / Double(max(runners.count, 1))
    while rounds < 3 || (clock.now < end && spent.contains { $0 < share }) {
      for (place, runner) in runners.enumerated()
      where spent[place] < (rounds < 3 ? max(3 * share, 1) : share) {
        spent[place] += try runner.run()
      }
      rounds += 1
    }
    return results(runners, multiplyAdds: graph.multiplyAdds, limits)
  }

  private func compiled(_ graph: Graph, _ options: ExecutionOptions) throws -> Runner {
    let runner = Runner(options, try options.makeExecutable(graph))
    try workload.prepare(runner.executable)
    // The first run also brings memory in, which hardly matters to a step of many seconds; the second
    // tells how long a step takes.
    if try runner.run() > 5 { return runner }
    let once = try runner.run()
    runner.repeats = max(1, Int(0.01 / max(once, 1e-7)))
    runner.times = []
    return runner
  }

  /// The interpreter, on as many examples as its share of the time allows three steps of.
  private func interpreter(_ graph: Graph) throws -> Runner {
    let options = ExecutionOptions(backend: .interpreter)
    let share = seconds / Double(max(variants.count, 1))
    var batch = 1
    while true {
      let part = Workload(network: workload.network, kind: workload.kind, batch: batch)
      let runner = Runner(
        options,
        try options.makeExecutable(batch == workload.batch ? graph : part.graph()))
      try part.prepare(runner.executable)
      let once = try runner.run()
      let fitting = Int(Double(batch) * share / 3 / max(once, 1e-6))
      let next = min(workload.batch, max(fitting, batch))
      if next < 2 * batch || batch == workload.batch {
        runner.scale = Double(workload.batch) / Double(batch)
        runner.times = []
        return runner
      }
      batch = next
    }
  }

  private func results(
    _ runners: [Runner], multiplyAdds: Int, _ limits: MachineLimits
  ) -> [Result] {
    let baseline = runners.first { $0.options.backend == .interpreter }
      .map { Self.median($0.times) }
    return runners.map { runner in
      let median = Self.median(runner.times)
      let rate = 2 * Double(multiplyAdds) / median
      let isInterpreter = runner.options.backend == .interpreter
      return Result(
        model: workload.network.name, step: workload.kind, batch: workload.batch,
        threads: runner.options.threads,
        variant: isInterpreter
          ? "interpreter" : "\(runner.options.backend.rawValue) \(runner.options.target)",
        milliseconds: median * 1e3, isEstimate: runner.scale > 1, multiplyAdds: multiplyAdds,
        gigaflops: rate / 1e9, shareOfLimit: rate / limits.operationsPerSecond,
        compileMilliseconds: runner.executable.compileSeconds.map { $0 * 1e3 },
        speedUp: baseline.map { $0 / median })
    }
  }

  private static func median(_ times: [Double]) -> Double {
    let sorted = times.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

extension Benchmark {
  /// The results as a table.
  static func table(_ results: [Result]) -> TextTable {
    var table = TextTable([
      ("model", .left), ("step", .left), ("batch", .right), ("variant", .left),
      ("ms", .right), ("GFLOP/s", .right), ("of limit", .right), ("compile ms", .right),
      ("speed-up", .right),
    ])
    var last: String?
    for result in results {
      if let last, last != result.model { table.rule() }
      last = result.model
      table.add([
        result.model, result.step.rawValue, "\(result.batch)", result.variant,
        (result.isEstimate ? "≈ " : "") + Numbers.significant(result.milliseconds),
        Numbers.significant(result.gigaflops),
        Numbers.percent(result.shareOfLimit, result.shareOfLimit < 0.1 ? 1 : 0),
        result.compileMilliseconds.map { Numbers.significant($0) } ?? "–",
        result.speedUp.map { Numbers.significant($0) + "×" } ?? "–",
      ])
    }
    return table
  }
}
