import Quern

/// Quern's worker of the speed comparison; `speed/worker.py` describes the conversation.
@main
struct QuernPeer {
  static let learningRate: Float = 0.001
  /// Training steps whose losses are compared.
  static let comparedSteps = 4

  static func main() {
    do {
      let arguments = CommandLine.arguments.dropFirst()
      if arguments.first == "--limits" {
        try limits(arguments.dropFirst())
      } else {
        try work(arguments)
      }
    } catch {
      complain("QuernPeer: \(error)")
    }
  }

  /// What so many threads can do at best.
  private static func limits(_ arguments: some Collection<String>) throws {
    guard let text = arguments.first, let threads = Int(text) else {
      throw Failure("--limits: give a number of threads")
    }
    let limits = try MachineLimits.measure(threads: threads)
    emit(#"{"event": "limits", "operationsPerSecond": \#(limits.operationsPerSecond)}"#)
  }

  private static func work(_ arguments: some Collection<String>) throws {
    let job = try Job(arguments)
    let network = try NetworkNotation.parse(job.network)
    let weights = try Checkpoint(contentsOf: job.weights).weights
    let batch = try Safetensors(contentsOf: job.batch)
    let input = try batch.tensor(Network.inputName)
    let batchSize = input.shape[0]
    let options = ExecutionOptions(backend: job.backend, target: job.target, threads: job.threads)

    let executable: any Executable
    let output: String
    switch job.step {
    case .train:
      let step = try TrainingStep(network, optimizer: SGD(), batchSize: batchSize)
      executable = try options.makeExecutable(step.graph)
      output = StepOutput.loss
      try executable.write(step.targetName, batch.tensor("labels").values(of: Int32.self))
      try executable.write("learningRate", learningRate)
      try executable.write(
        Network.exampleWeightName, [Float](repeating: 1, count: batchSize))
    case .infer:
      let step = try InferenceStep(network, batchSize: batchSize)
      executable = try options.makeExecutable(step.graph)
      output = StepOutput.logits
    }
    try weights.copy(to: executable)
    try executable.write(Network.inputName, input.values(of: Float.self))

    try executable.run()
    emit(#"{"event": "first"}"#)
    var values = try executable.floats(output)
    if job.step == .train {
      for _ in 1..<comparedSteps {
        try executable.run()
        values += try executable.floats(output)
      }
    }
    let compile = executable.compileSeconds.map { "\($0 * 1e3)" } ?? "null"
    emit(
      #"{"event": "ready", "values": \#(json(values)), "version": "Quern (\#(options.summary))", "#
        + #""compileMilliseconds": \#(compile)}"#)

    while let line = readLine() {
      guard let seconds = Double(line) else { throw Failure("\(line): not a number of seconds") }
      try round(executable, .milliseconds(Int(seconds * 1e3)))
    }
  }

  /// Steps until the time is over, and reports the median and the least.
  private static func round(_ executable: any Executable, _ duration: Duration) throws {
    let clock = ContinuousClock()
    let end = clock.now + duration
    var times: [Double] = []
    // The first step of a round finds cold caches and sleeping threads.
    try executable.run()
    while times.count < 2 || clock.now < end {
      let start = clock.now
      try executable.run()
      let components = (clock.now - start).components
      times.append(Double(components.seconds) * 1e3 + Double(components.attoseconds) * 1e-15)
    }
    times.sort()
    let middle = times.count / 2
    let median = times.count % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2
    emit(
      #"{"event": "round", "steps": \#(times.count), "milliseconds": \#(median), "#
        + #""least": \#(times[0])}"#)
  }

  /// JSON has no word for what is not finite.
  private static func json(_ values: [Float]) -> String {
    "[" + values.map { $0.isFinite ? "\($0)" : "null" }.joined(separator: ", ") + "]"
  }

  private static func emit(_ line: String) {
    print(line)
    // Standard output is a pipe here, and kept back.
    flushOutput()
  }
}
