import Quern

/// A kernel's time beside what limits it.
struct KernelProfile: Encodable {
  var kernel: String
  /// That it computes for, the one that it is named by first.
  var layers: [String]
  var milliseconds: Double
  var limitMilliseconds: Double
  var lostMilliseconds: Double
  var gigaflops: Double
  var megabytes: Double

  /// - Parameter limits: of the machine, with as many threads as the kernel ran on.
  init(_ time: GraphInstance.KernelTime, _ limits: MachineLimits) {
    let limit = max(
      2 * Double(time.multiplyAdds) / limits.operationsPerSecond,
      Double(time.bytes) / limits.bytesPerSecond)
    kernel = time.name
    layers = time.layers
    milliseconds = time.seconds * 1e3
    limitMilliseconds = limit * 1e3
    lostMilliseconds = (time.seconds - limit) * 1e3
    gigaflops = 2 * Double(time.multiplyAdds) / time.seconds * 1e-9
    megabytes = Double(time.bytes) * 1e-6
  }

  /// The kernels of a trainer's step, timed on a copy of it for about a second; none where it is not
  /// compiled.
  static func measure(_ trainer: Trainer) throws -> [KernelProfile] {
    let execution = trainer.settings.execution
    // A copy, since a step that is timed changes the weights.
    guard execution.backend != .interpreter,
      let instance = try execution.makeExecutable(trainer.step.graph) as? GraphInstance
    else { return [] }
    let workload = Workload(
      network: trainer.network, kind: .train, batch: trainer.settings.batchSize)
    try workload.prepare(instance)
    let limits = try MachineLimits.measure(target: execution.target, threads: execution.threads)
    let first = try instance.timeKernels(runs: 1).reduce(0) { $0 + $1.seconds }
    let runs = min(max(Int(1 / max(first, 1e-3)), 3), 20)
    return try instance.timeKernels(runs: runs).map { KernelProfile($0, limits) }
  }
}
